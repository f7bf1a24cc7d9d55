package export_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// planted returns requests by the place of a secret, which is at %s.
func planted() map[string]string {
	header := func(line string) string { return "GET /in HTTP/1.1\r\nHost: h\r\n" + line + "\r\nX-End: 1\r\n\r\n" }
	target := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n" }
	body := func(kind, body string) string {
		return "POST /in HTTP/1.1\r\nHost: h\r\nContent-Type: " + kind + "\r\n\r\n" + body
	}
	const (
		form  = "application/x-www-form-urlencoded"
		json  = "application/json"
		parts = "multipart/form-data; boundary=b"
	)
	part := func(head, content string) string {
		return body(parts, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\n"+head+"\r\n\r\n"+content+"\r\n--b--\r\n")
	}
	chunked := func(rest string) string {
		return "POST /in HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + rest
	}
	return map[string]string{
		"authorization": header("Authorization: Bearer %s"), "authorization without scheme": header("Authorization: %s"), "basic": header("Authorization: Basic %s"),
		"authorization of two words": header("Authorization: %s x"), "proxy": header("Proxy-Authorization: %s"), "cookie": header("Cookie: a=b; s=%s"), "lower": header("x-api-key: %s"), "auth": header("X-Auth: %s"),
		"auth key": header("X-Auth-Key: %s"), "jwt": header("X-JWT: %s"), "session": header("X-Session-Id: %s"), "credential": header("X-Credential: %s"),
		"private": header("X-Private-Key: %s"), "vault": header("X-Vault-Namespace: %s"), "password": header("X-Password: %s"), "gitlab": header("X-Gitlab-Token: %s"),
		"subscription": header("Ocp-Apim-Subscription-Key: %s"), "no space behind the colon": header("Authorization:%s"), "spaces": header("Authorization:  \t %s \t"),
		"space before the colon": header("Authorization : Bearer %s"), "tab before the colon": header("Cookie\t: %s"), "folded": header("Authorization: Bearer\r\n %s"),
		"folded below a secret": header("Cookie: a=b;\r\n\t%s"), "no colon": header("Authorization %s"), "equals": header("X-Auth-Token=%s"), "broken in two": header("Authorization: Bearer a\r\n%s"),
		"bare CR": header("X-A: 1\rAuthorization: Bearer %s"), "NUL": header("Authorization: a\x00%s"), "head without a request line": "Authorization: Bearer %s\r\nHost: h\r\n\r\n",
		"quoted name": header(`"Authorization": "%s"`), "bearer elsewhere": header("X-Note: Bearer %s"),
		"referer": header("Referer: https://app.example/x?token=%s"), "origin": header("Origin: http://u:%s@h"), "location": header("Location: /cb#access_token=%s"),
		"link": header(`Link: <https://h/a?api_key=%s>; rel="next"`), "host": "GET /in HTTP/1.1\r\nHost: u:%s@h\r\n\r\n", "rewritten": header("X-Original-URL: /a?code=%s"),
		"user of the target": target("http://u:%s@h/in"), "user without a password": target("http://%s@h/in"), "key of the target": target("/in?key=%s"), "second": target("/in?a=1&session=%s&b=2"),
		"query jwt": target("/in?jwt=%s"), "pwd": target("/in?pwd=%s"), "code": target("/in?code=%s&state=1"), "query password": target("/in?password=%s"),
		"sig": target("/in?sig=%s"), "query signature": target("/in?X-Amz-Signature=%s"), "escaped name": target("/in?acc%%65ss_token=%s"), "brackets": target("/in?user[password]=%s"),
		"matrix": target("/in/a;token=%s/x"), "jsessionid": target("/in/a;jsessionid=%s?x=1"), "semicolon": target("/in?a=1;token=%s"), "fragment": target("/in#id_token=%s"),
		"URL in a path": target("/in/http://u:%s@h/"), "escaped URL": target("/in?next=https%%3A%%2F%%2Fu%%3A%s%%40h%%2F"), "escaped query": target("/in?next=%%2Fcb%%3Ftoken%%3D%s"),
		"target with a space": target("/in?token=%s x"), "no bin": target("/?token=%s"), "version": "GET /in?token=%s HTTP/9.9\r\nHost: h\r\n\r\n", "no version": "GET /in?token=%s\r\nHost: h\r\n\r\n",
		"trailer": chunked("2\r\n{}\r\n0\r\nAuthorization: Bearer %s\r\n\r\n"), "odd trailer": chunked("2\r\n{}\r\n0\r\nX-Auth : %s\r\n\r\n"), "extension": chunked("2;token=%s\r\n{}\r\n0\r\n\r\n"),
		"chunks": chunked("D\r\n{\"password\":\"\r\nC\r\n%s\r\n2\r\n\"}\r\n0\r\n\r\n"), "wrong chunk": chunked("6\r\n{\"pwd\":\"%s\r\n0\r\n\r\n"),
		"form password": body(form, "user=u&password=%s"), "form secret": body(form, "client_secret=%s&a=1"), "form code": body(form, "code=%s"), "form with JSON": body(form, `payload=%%7B%%22token%%22%%3A%%22%s%%22%%7D`),
		"form unnamed": body("text/plain", "a=1&access_token=%s"), "JSON password": body(json, `{"password": "%s"}`), "JSON camel": body(json, `{"a":{"clientSecret":"%s"}}`),
		"JSON refresh": body(json, `[{"refresh_token":"%s"}]`), "JSON private key": body(json, `{"private_key":"%s"}`), "JSON api key": body(json, `{"apiKey":"%s"}`),
		"JSON object": body(json, `{"credentials":{"user":"u","x":["%s"]}}`), "JSON name and value": body(json, `{"headers":[{"name":"Authorization","value":"%s"}]}`),
		"JSON escaped": body(json, `{"p\u0061ssword":"%s"}`), "JSON in JSON": body(json, `{"Message":"{\"password\":\"%s\"}"}`), "URL in JSON": body(json, `{"callback":"https:\/\/h\/?token=%s"}`),
		"user in JSON": body(json, `{"dsn":"postgres://u:%s@db/x"}`), "JSON lines": body("application/x-ndjson", "{\"a\":1}\n{\"passwd\":\"%s\"}\n"), "JSON cut off": body(json, `{"password":"%s`),
		"JSON without a type": "POST /in HTTP/1.1\r\nHost: h\r\n\r\n{\"access_token\":\"%s\"}", "PEM": body(json, `{"x":"-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----"}`),
		"part": part(`Content-Disposition: form-data; name="password"`, "%s"), "part unquoted": part("content-disposition: form-data; name=api_key", "%s"),
		"file": part(`Content-Disposition: form-data; name="private_key"; filename="k.pem"`, "%s\r\nx"), "part with JSON": part("Content-Disposition: form-data; name=\"d\"\r\nContent-Type: application/json", `{"token":"%s"}`),
		"part's header": part("Content-Disposition: form-data; name=\"d\"\r\nX-Auth-Token: %s", "1"), "XML": body("text/xml", "<a><ns:password type='x'>%s</ns:password></a>"), "XML attribute": body("text/xml", `<a password="%s"/>`),
		"YAML": body("application/yaml", "a: 1\nclient_secret: %s\n"), "text": body("text/plain", "log: password=%s ok"),
	}
}

// TestPlanted checks that a planted secret appears nowhere: not in the response, not in a problem,
// not in a file of any format.
func TestPlanted(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	table := planted()
	if len(table) < 90 {
		t.Errorf("%d places, want 90 or more", len(table))
	}
	secrets := map[string]string{}
	n := 0
	for place, request := range table {
		n++
		secret := fmt.Sprintf("hush%02xQ7vK", n) // at most 12 characters, as "chunks" needs
		secret += strings.Repeat("w", 12-len(secret))
		secrets[place] = secret
		raw := fmt.Sprintf(request, secret)
		if head, body, ok := strings.Cut(raw, "\r\n\r\n"); ok && body != "" && !strings.Contains(head, "chunked") {
			raw = fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
		}
		response := exchange(t, server.CaptureURL(), raw)
		if shows(response, secret) {
			t.Errorf("%s: the response quotes the secret:\n%s", place, response)
		}
	}
	var all []journal.Capture
	bins, err := server.Client().Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bins {
		captures, err := server.Bin(b.Name).Captures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, captures...)
	}
	for _, c := range all {
		for place, secret := range secrets {
			if problems := strings.Join(c.Problems, "\n"); shows(problems, secret) {
				t.Errorf("%s: a problem quotes the secret: %s", place, problems)
			}
		}
	}
	all = append(all, responded(secrets)...)
	all = append(all, event(t, secrets))
	if len(all) < len(table)*9/10 {
		t.Errorf("%d captures of %d requests", len(all), len(table))
	}
	kept := write(t, "jsonl", export.Options{KeepSecrets: true}, all...)
	for place, secret := range secrets {
		unseen := place == "no bin" || place == "head without a request line" || place == "compressed"
		if !unseen && !shows(kept, secret) {
			t.Errorf("%s: the secret is not in what is redacted, so that this test shows nothing", place)
		}
	}
	for i, r := range read(t, "jsonl", write(t, "jsonl", export.Options{}, all...)) {
		if wire.Whole(&all[i].Message) && !wire.Whole(&r.Capture.Message) {
			t.Errorf("it does not say where its body ends:\n%s", r.Capture.Bytes())
		}
		if m, err := wire.ParseRequest(r.Capture.Bytes()); len(all[i].Problems) == 0 && (err != nil || !bytes.Equal(m.Body, r.Capture.Body)) {
			t.Errorf("%v: it cannot be sent again:\n%s", err, r.Capture.Bytes())
		}
	}
	for _, f := range export.Formats() {
		var files []string
		if f.Many {
			files = append(files, write(t, f.Name, export.Options{}, all...))
		} else {
			for _, c := range all {
				files = append(files, write(t, f.Name, export.Options{}, c))
			}
		}
		file := strings.Join(files, "\n")
		for place, secret := range secrets {
			if shows(file, secret) {
				t.Errorf("%s: %s shows the secret: %s", f.Name, place, around(file, secret))
			}
		}
		if !strings.Contains(file, export.Redacted) {
			t.Errorf("%s does not say that something was redacted", f.Name)
		}
	}
}

// TestInnocent checks that what only resembles a secret stays, byte for byte, and every event of
// every provider.
func TestInnocent(t *testing.T) {
	t.Parallel()
	body := func(kind, body string) string {
		return fmt.Sprintf("POST /in HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
	}
	for name, raw := range map[string]string{
		"headers": "GET /in HTTP/1.1\r\nHost: h:80\r\nX-Monkey: a\r\nX-Keyboard: b\r\nAuthor: c\r\nX-Tokenize-Count: 3\r\nIdempotency-Key: k\r\nX-Event-Key: repo:push\r\n" +
			"Stripe-Signature: t=1,v1=5257a869e7\r\nX-Hub-Signature-256: sha256=1f\r\nSignature: keyId=\"k\",algorithm=\"hs2019\",signature=\"c2ln\"\r\n" +
			"WWW-Authenticate: Bearer realm=\"x\"\r\nFrom: a@b.example\r\nX-Pass: gold\r\nX-Forwarded-For: ::1\r\nDate: Thu, 01 Jan 2026 10:00:00 GMT\r\n\r\n",
		"target":   "GET /in/a@b:1/x;v=2?monkey=1&keyboard=2&author=3&to=a@b&page=2&next=%2Fa%3Fb%3D1#top HTTP/1.1\r\nHost: h\r\n\r\n",
		"absolute": "GET http://h:8080/in?to=u@h HTTP/1.1\r\nHost: h\r\n\r\n",
		"JSON": body("application/json", `{"monkey":"a","keyboard":"b","author":{"name":"c"},"tokenize_count":1,"key":"d","code":"SAVE10","country_code":"FR","pass":{"id":"e"},`+
			`"token_type":"Bearer","max_tokens":5,"usage":{"total_tokens":7},"n":12345678901234567890,"s":"a\/b","mail":"u@h.example","url":"https:\/\/h\/a?b=1","password_changed_at":"x",`+
			`"password":null,"secret":"","authenticated":true,"note":"Basic information, the bearer of bad news"}`),
		"form":      body("application/x-www-form-urlencoded", "monkey=1&author=b+c&discount_code=X&status_code=200&empty"),
		"multipart": body("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"keyboard\"\r\n\r\nqwerty\r\n--b--\r\n"),
		"text":      body("text/plain", "The author: a monkey = a keyboard; signature=abc. Basic things.\nkeyboard: qwerty\n"),
		"XML":       body("text/xml", `<a><author x="1">b</author><key>c</key></a>`),
		"bytes":     body("application/octet-stream", "\x00\xff=\xfe\"a\":{[}"),
		"chunks":    "POST /in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	} {
		c := capture(t, raw)
		c.Raw = []byte(raw)
		if got := write(t, "raw", export.Options{}, c); got != raw {
			t.Errorf("%s: got  %q\nwant %q", name, got, raw)
		}
	}
	for _, p := range fixtures.Builtin().Providers() {
		for _, e := range p.Events {
			made, err := p.Render(fixtures.Draw{Seed: 7}, e.Name, fixtures.RenderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			m, err := p.Message("http://h/in", made, time.Unix(1e9, 0))
			if err != nil {
				t.Fatal(err)
			}
			raw := string(wire.Append(nil, m))
			if got := write(t, "raw", export.Options{}, capture(t, raw)); got != raw {
				t.Errorf("%s %s: got  %q\nwant %q", p.Name, e.Name, got, raw)
			}
		}
	}
}

// responded returns captures with secrets in the response of a consumer, and in a compressed body.
func responded(secrets map[string]string) []journal.Capture {
	secret := func(place string) string {
		secrets[place] = fmt.Sprintf("hush%03dreplyZ", len(secrets))
		return secrets[place]
	}
	with := func(r journal.Response) journal.Capture {
		return journal.Capture{
			Message: wire.Message{Method: "GET", Target: "/in", Version: "HTTP/1.1", Headers: signature.Headers{{Name: "Host", Value: "h"}}}, ID: "c1", Response: &r,
		}
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprintf(z, `{"password":%q}`, secret("compressed"))
	z.Close()
	compressed := with(journal.Response{})
	compressed.Method, compressed.Body = "POST", zipped.Bytes()
	compressed.Headers.Add("Content-Encoding", "gzip")
	compressed.Headers.Add("Content-Length", fmt.Sprint(zipped.Len()))
	old := with(journal.Response{})
	old.Problems = []string{fmt.Sprintf("malformed: line 2: %q: want", "X-JWT : "+secret("an old problem")), fmt.Sprintf("trailer line: %q", "Cookie: "+secret("an old trailer"))}
	old.Verification = &journal.Verification{Provider: "ethpass", Explanation: fmt.Sprintf("Authorization is %q", "Bearer "+secret("an explanation"))}
	return []journal.Capture{
		compressed, old,
		with(journal.Response{Headers: map[string]string{"Set-Cookie": "s=" + secret("response's cookie")}}),
		with(journal.Response{Lines: signature.Headers{{Name: "Location", Value: "https://h/cb?code=" + secret("response's location")}}}),
		with(journal.Response{Lines: signature.Headers{{Name: "Content-Type", Value: "application/json"}}, Body: `{"access_token":"` + secret("response's body") + `"}`}),
		with(journal.Response{Binary: []byte("\xff{\"access_token\":\"" + secret("response's bytes") + "\"}")}),
	}
}

// event returns a capture of an event with a secret member that scenarios know.
func event(t *testing.T, secrets map[string]string) journal.Capture {
	t.Helper()
	known, err := fixtures.Builtin().Provider("ethpass")
	if err != nil {
		t.Fatal(err)
	}
	e, err := known.Render(fixtures.Draw{Seed: 1}, known.Events[0].Name, fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	secrets["event"] = "hushEVENTsecret"
	body := bytes.Replace(e.Body, []byte("{"), []byte(`{"client_secret":"hushEVENTsecret",`), 1)
	c := capture(t, fmt.Sprintf("POST /in HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	c.Verification = &journal.Verification{Provider: "ethpass"}
	return c
}

func exchange(t *testing.T, address, raw string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	response, _ := io.ReadAll(conn)
	return string(response)
}

// shows reports whether a text contains a secret: unchanged, percent-encoded or in base64.
func shows(text, secret string) bool {
	if strings.Contains(text, secret) {
		return true
	}
	if plain, err := url.QueryUnescape(text); err == nil && strings.Contains(plain, secret) {
		return true
	}
	for shift := range 3 { // base64 differs by the offset of the text
		padded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
		if strings.Contains(text, strings.TrimRight(padded, "=")[4*min(shift, 1):len(strings.TrimRight(padded, "="))-4]) {
			return true
		}
	}
	return false
}

func around(text, secret string) string {
	at := max(strings.Index(text, secret), 0)
	return text[max(0, at-200):min(len(text), at+100)]
}

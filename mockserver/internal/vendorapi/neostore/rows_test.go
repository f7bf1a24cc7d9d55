package neostore_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// delivered starts a server with a webhook, has an event emitted and returns what arrived.
func delivered(t *testing.T, event string, options ...string) (*server, hook, request) {
	t.Helper()
	r, to := start(t, setup{options: options}), receive(t)
	h := r.create(to.url+"/hook", "*")
	r.emit(event)
	r.waitIdle()
	return r, h, to.last(t)
}

// installed has a pass installed on a device and updated, and returns the bodies that arrived.
func installed(t *testing.T, device string, options ...string) []string {
	t.Helper()
	r, to := start(t, setup{options: options}), receive(t)
	r.create(to.url, "Pass:*")
	var p struct{ ID string }
	r.want(200, "POST", "/api/acme/passes", `{"passType":"user"}`).into(t, &p)
	r.want(200, "POST", "/api/acme/passes/"+p.ID+"/devices", `{"device":"`+device+`"}`)
	r.want(200, "PATCH", "/api/acme/passes/"+p.ID, `{"metadata":{"a":"b"}}`)
	r.waitIdle()
	var bodies []string
	for _, req := range to.requests() {
		bodies = append(bodies, req.body)
	}
	if len(bodies) != 4 {
		t.Fatalf("%d deliveries, want 4: %q", len(bodies), bodies)
	}
	return bodies
}

func match(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("%s does not match %s", text, pattern)
	}
}

func sum(secret, body string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return mac.Sum(nil)
}

// The decisions N-1 to N-29 that the provider's file lists, one by one, with their options.
func TestRows(t *testing.T) {
	t.Parallel()
	const plain = `{"events":["*"],"endpoint":"http://127.0.0.1:1/"}`
	for name, row := range map[string]func(t *testing.T){
		"N-1 encoding of the signature": func(t *testing.T) {
			for option, want := range map[string]func([]byte) string{
				"hex": hex.EncodeToString, "HEX": func(b []byte) string { return fmt.Sprintf("%X", b) }, "base64": base64.StdEncoding.EncodeToString,
			} {
				_, h, got := delivered(t, "Pass:Created", "neostore.encoding="+option)
				if got.header("x-neostore-signature") != want(sum(h.SignatureSecret, got.body)) {
					t.Errorf("%s: %s", option, got.header("x-neostore-signature"))
				}
			}
		},
		"N-2 the key is the secret's text": func(t *testing.T) {
			_, h, got := delivered(t, "Pass:Created")
			if decoded, err := base64.RawURLEncoding.DecodeString(h.SignatureSecret); err == nil &&
				got.header("x-neostore-signature") == hex.EncodeToString(sum(string(decoded), got.body)) {
				t.Error("the secret was decoded")
			}
			match(t, got.header("x-neostore-signature"), "^"+hex.EncodeToString(sum(h.SignatureSecret, got.body))+"$")
		},
		"N-3 PUT replaces, PATCH merges": func(t *testing.T) {
			r := start(t, setup{})
			h := r.create("http://127.0.0.1:1/", "Pass:*")
			path := "/api/acme/webhooks/" + h.ID
			r.want(400, "PUT", path, `{"description":"x"}`)
			match(t, r.want(200, "PATCH", path, `{"description":"x"}`).body, `"description":"x","events":\["Pass:\*"\]`)
			r.want(200, "PUT", path, plain)
			match(t, r.want(200, "GET", path, "").body, `^{"id":"`+h.ID+`","signatureSecret":"`+h.SignatureSecret+`","description":null,"events":\["\*"\]`)
		},
		"N-4 answers to PUT, PATCH and DELETE": func(t *testing.T) {
			for option, want := range map[string]string{"nothing": `^$`, "object": `^{"id":"\w{5}","signatureSecret"`} {
				r := start(t, setup{options: []string{"neostore.put_returns=" + option}})
				path := "/api/acme/webhooks/" + r.create("http://127.0.0.1:1/", "*").ID
				match(t, r.want(200, "PUT", path, plain).body, want)
				match(t, r.want(200, "PATCH", path, "{}").body, `^{"id":"\w{5}","signatureSecret"`)
				match(t, r.want(200, "DELETE", path, "").body, `^$`)
			}
		},
		"N-5 id and signatureSecret of a client": func(t *testing.T) {
			const brought = `{"id":"mine0","signatureSecret":"mine","events":["*"],"endpoint":"http://127.0.0.1:1/"}`
			r := start(t, setup{})
			h := r.create("http://127.0.0.1:1/", "*")
			for method, path := range map[string]string{"POST": "", "PUT": "/" + h.ID, "PATCH": "/" + h.ID} {
				r.want(200, method, "/api/acme/webhooks"+path, brought)
			}
			if list := r.want(200, "GET", "/api/acme/webhooks", "").body; strings.Contains(list, "mine") || !strings.Contains(list, h.SignatureSecret) {
				t.Errorf("%s", list)
			}
			r = start(t, setup{options: []string{"neostore.immutable=refuse"}})
			h = r.create("http://127.0.0.1:1/", "*")
			for method, path := range map[string]string{"POST": "", "PUT": "/" + h.ID, "PATCH": "/" + h.ID} {
				match(t, r.want(400, method, "/api/acme/webhooks"+path, brought).body, `"errors":{"id":\[".*"\],"signatureSecret":\[`)
			}
		},
		"N-6 key and token": func(t *testing.T) {
			r := start(t, setup{})
			r.allow("reader", "Webhook.Read")
			token := r.token("Webhook.Read")
			for header, status := range map[string]int{
				"X-API-KEY: reader": 200, "X-API-KEY:": 401, "X-API-KEY: unknown": 401, "Authorization: Bearer " + token: 200, "Authorization: Bearer unknown": 401, "Authorization: Basic eA==": 401,
			} {
				keyless := "X-API-KEY:"
				if strings.HasPrefix(header, keyless) {
					keyless = "X-None:"
				}
				a := r.want(status, "GET", "/api/acme/webhooks", "", keyless, header)
				if (status == 401) != (a.header.Get("WWW-Authenticate") != "") {
					t.Errorf("%s: %v", header, a.header)
				}
			}
			r.want(403, "POST", "/api/acme/webhooks", plain, "X-API-KEY: reader")
			r.want(403, "POST", "/api/acme/webhooks", plain, "X-API-KEY:", "Authorization: Bearer "+token)
		},
		"N-7 Write does not imply Read": func(t *testing.T) {
			r := start(t, setup{})
			r.allow("writer", "Webhook.Write")
			r.want(200, "POST", "/api/acme/webhooks", plain, "X-API-KEY: writer")
			r.want(403, "GET", "/api/acme/webhooks", "", "X-API-KEY: writer")
		},
		"N-8 names of the scopes": func(t *testing.T) {
			r := start(t, setup{})
			r.allow("colon", "Webhook:Read", "webhook.read")
			match(t, r.want(403, "GET", "/api/acme/webhooks", "", "X-API-KEY: colon").header.Get("WWW-Authenticate"), `scope="Webhook.Read"`)
		},
		"N-9 secrets are shown": func(t *testing.T) {
			for option, want := range map[string]string{"off": `"signatureSecret":"[A-Za-z0-9_-]{64}"`, "on": `"signatureSecret":"\*{8}"`} {
				r := start(t, setup{options: []string{"neostore.redact_secret=" + option, "neostore.put_returns=object"}})
				h := r.create("http://127.0.0.1:1/", "*")
				match(t, h.SignatureSecret, `^[A-Za-z0-9_-]{64}$`)
				path := "/api/acme/webhooks/" + h.ID
				match(t, r.want(200, "GET", path, "").body, want)
				match(t, r.want(200, "GET", "/api/acme/webhooks", "").body, want)
				match(t, r.want(200, "PATCH", path, "{}").body, want)
				match(t, r.want(200, "PUT", path, plain).body, want)
			}
		},
		"N-10 errors": func(t *testing.T) {
			a := start(t, setup{}).want(400, "POST", "/api/acme/webhooks", `{"events":[]}`)
			match(t, a.body, `^{"type":"[^"]+","title":"[^"]+","status":400,"errors":{"endpoint":\["[^"]+"\],"events":\["[^"]+"\]},"traceId":"[^"]+"}$`)
			match(t, a.header.Get("Content-Type"), `^application/problem\+json$`)
		},
		"N-11 other statuses": func(t *testing.T) {
			clock := time.Now()
			r := start(t, setup{now: func() time.Time { return clock }})
			r.want(404, "GET", "/api/acme/webhooks/nope0", "")
			r.want(404, "GET", "/api/nobody/webhooks", "")
			match(t, r.want(405, "PATCH", "/api/acme/webhooks", "{}").header.Get("Allow"), `^GET, POST$`)
			r.want(415, "POST", "/api/acme/webhooks", plain, "Content-Type: text/xml")
			for range 100 { // no 409, no 429
				r.want(200, "POST", "/api/acme/webhooks", plain)
			}
			r = start(t, setup{options: []string{"neostore.rate_limit=on"}, now: func() time.Time { return clock }})
			for range 60 {
				r.want(200, "GET", "/api/acme/webhooks", "")
			}
			match(t, r.want(429, "GET", "/api/acme/webhooks", "").header.Get("Retry-After"), `^1$`)
			r.want(401, "GET", "/api/acme/webhooks", "", "X-API-KEY:")
			r.want(200, "GET", "/api/other/webhooks", "", "X-API-KEY: other-key")
			clock = clock.Add(2 * time.Second)
			r.want(200, "GET", "/api/acme/webhooks", "")
			r.want(200, "GET", "/api/acme/webhooks", "")
			r.want(429, "GET", "/api/acme/webhooks", "")
		},
		"N-12 enabled left out": func(t *testing.T) {
			r := start(t, setup{})
			match(t, r.want(200, "POST", "/api/acme/webhooks", plain).body, `"enabled":true}$`)
		},
		"N-13 no events": func(t *testing.T) {
			match(t, start(t, setup{}).want(400, "POST", "/api/acme/webhooks", `{"events":[],"endpoint":"http://h/"}`).body, `"errors":{"events":\["The list is empty`)
		},
		"N-14 http endpoints": func(t *testing.T) {
			store := journal.NewMemory(journal.MemoryOptions{})
			defer store.Close()
			to := receive(t)
			r := start(t, setup{store: store})
			r.create(to.url+"/before", "*")
			r.emit("Pass:Created")
			r.waitIdle()
			if n := len(to.requests()); n != 1 {
				t.Errorf("%d deliveries over http in development", n)
			}
			if err := r.server.Close(); err != nil {
				t.Fatal(err)
			}
			r = start(t, setup{store: store, options: []string{"neostore.production=on"}})
			body := `{"events":["*"],"endpoint":"` + to.url + `"}`
			for method, path := range map[string]string{"POST": "", "PUT": "/" + r.create("https://127.0.0.1:1/", "*").ID, "PATCH": "/" + r.create("https://127.0.0.1:1/", "*").ID} {
				match(t, r.want(400, method, "/api/acme/webhooks"+path, body).body, `"errors":{"endpoint":\[".*is not https`)
			}
			if _, err := r.Dispatcher.Register(r.context(), journal.Endpoint{Provider: "neostore", Tenant: "acme", URL: to.url + "/generic"}); err != nil {
				t.Fatal(err)
			}
			made, err := r.Dispatcher.Emit(r.context(), "neostore", delivery.Emission{Event: "Pass:Created", Tenant: "acme"})
			if err != nil {
				t.Fatal(err)
			}
			r.waitIdle()
			refused := 0
			for _, d := range made {
				d, err := store.Delivery(r.context(), d.ID)
				if err != nil || len(d.Attempts) != 1 {
					t.Fatalf("%+v, %v", d, err)
				}
				if a := d.Attempts[0]; strings.HasPrefix(d.URL, "http:") && a.Outcome == wire.NotSent && strings.Contains(a.Error, "https only") {
					refused++
				}
			}
			if n := len(to.requests()); n != 1 || refused != 2 {
				t.Errorf("%d deliveries over http, %d refused", n-1, refused)
			}
		},
		"N-15 ids and secrets": func(t *testing.T) {
			r := start(t, setup{})
			seen := map[string]bool{}
			for range 50 {
				h := r.create("http://127.0.0.1:1/", "*")
				match(t, h.ID, `^[A-Za-z0-9]{5}$`)
				match(t, h.SignatureSecret, `^[A-Za-z0-9_-]{64}$`)
				if seen[h.ID] || seen[h.SignatureSecret] {
					t.Errorf("%+v comes twice", h)
				}
				seen[h.ID], seen[h.SignatureSecret] = true, true
			}
		},
		"N-16 retries": func(t *testing.T) {
			r, to := start(t, setup{}), receive(t)
			to.status = func(int) int { return 500 }
			h := r.create(to.url, "*")
			r.emit("Pass:Created")
			if _, err := r.Dispatcher.Advance(r.context(), 100*time.Hour); err != nil || len(to.requests()) != 1 {
				t.Errorf("%d requests, %v", len(to.requests()), err)
			}
			if _, err := r.Dispatcher.Change(r.context(), h.ID, func(e *journal.Endpoint) error { e.Retry = "at-least-once"; return nil }); err != nil {
				t.Fatal(err)
			}
			// keeps the profile
			r.want(200, "PUT", "/api/acme/webhooks/"+h.ID, `{"events":["*"],"endpoint":"`+to.url+`"}`)
			r.emit("Pass:Created")
			if _, err := r.Dispatcher.Advance(r.context(), 100*time.Hour); err != nil {
				t.Fatal(err)
			}
			got := to.requests()[1:]
			for _, again := range got {
				if again.body != got[0].body || again.header("x-neostore-signature") != got[0].header("x-neostore-signature") {
					t.Errorf("%+v, want %+v", again, got[0])
				}
			}
			if len(got) != 8 {
				t.Errorf("%d attempts", len(got))
			}
			match(t, r.want(200, "GET", "/api/acme/webhooks/"+h.ID, "").body, `"enabled":true`)
		},
		"N-17 redirects": func(t *testing.T) {
			r, to := start(t, setup{}), receive(t)
			to.status = func(int) int { return 307 }
			r.create(to.url+"/hook", "*")
			made, err := r.Dispatcher.Emit(r.context(), "neostore", delivery.Emission{Event: "Pass:Created", Tenant: "acme"})
			if err != nil {
				t.Fatal(err)
			}
			r.waitIdle()
			if d, err := r.Store.Delivery(r.context(), made[0].ID); err != nil || d.State != journal.Exhausted || len(to.requests()) != 1 {
				t.Errorf("%s after %d requests, %v", d.State, len(to.requests()), err)
			}
		},
		"N-18 header lines": func(t *testing.T) {
			_, _, got := delivered(t, "Pass:Created")
			var names []string
			for _, line := range got.headers {
				name, _, _ := strings.Cut(line, ":")
				names = append(names, name)
			}
			if want := []string{"Host", "User-Agent", "Content-Type", "Content-Length", "x-neostore-eventname", "x-neostore-tenantid", "x-neostore-signature"}; !slices.Equal(names, want) {
				t.Errorf("%v, want %v", names, want)
			}
			match(t, got.header("Content-Type"), `^application/json; charset=utf-8$`)
			match(t, got.header("User-Agent"), `hookrig`)
		},
		"N-19 device": func(t *testing.T) {
			match(t, installed(t, "apple")[1], `"device":"apple"`)
			match(t, installed(t, "Apple", "neostore.device=title")[1], `"device":"Apple"`)
			match(t, installed(t, "google", "neostore.device=title")[3], `"device":"Google"`)
		},
		"N-20 metadata and identifiers": func(t *testing.T) {
			match(t, installed(t, "apple")[0], `"identifiers":{},"metadata":null`)
			start(t, setup{}).want(400, "POST", "/api/acme/passes", `{"passType":"u","identifiers":{"a":1}}`)
		},
		"N-21 deviceIdentifier": func(t *testing.T) {
			apple, google := installed(t, "apple"), installed(t, "google")
			match(t, apple[1], `"deviceIdentifier":"[0-9a-f]{32}"`)
			match(t, apple[3], `"deviceIdentifier":"[0-9a-f]{32}"`)
			match(t, google[1], `"deviceIdentifier":"[A-Za-z0-9_-]{22}"`)
			match(t, google[3], `"deviceIdentifier":null`)
		},
		"N-22 creation date": func(t *testing.T) {
			for _, body := range installed(t, "apple") {
				match(t, body, `"__creationDate":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z"`)
			}
		},
		"N-23 event ids": func(t *testing.T) {
			_, _, got := delivered(t, "Pass:Created")
			match(t, got.body, `"__id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)
		},
		"N-24 patterns": func(t *testing.T) {
			for mode, want := range map[string]string{
				"lenient": "Customer:* customer.* * Pass:Update*", "strict-colon": "Customer:* * Pass:Update*", "strict-dot": "customer.* *",
			} {
				r, to := start(t, setup{options: []string{"neostore.patterns=" + mode}}), receive(t)
				for _, pattern := range []string{"Customer:*", "customer.*", "*", "Pass:Update*"} {
					r.create(to.url+"/"+pattern, pattern)
				}
				r.emit("Customer:Upserted")
				r.emit("Pass:Updated")
				r.waitIdle()
				for _, pattern := range []string{"Customer:*", "customer.*", "*", "Pass:Update*"} {
					got := slices.ContainsFunc(to.requests(), func(req request) bool { return req.line == "POST /"+pattern+" HTTP/1.1" })
					if got != slices.Contains(strings.Fields(want), pattern) {
						t.Errorf("%s: %s: %v", mode, pattern, got)
					}
				}
			}
			r := start(t, setup{})
			for _, pattern := range []string{"", "Pass:", "Pa*ss:Created", "Pass: Created"} {
				text, _ := json.Marshal(pattern)
				r.want(400, "POST", "/api/acme/webhooks", `{"events":[`+string(text)+`],"endpoint":"http://h/"}`)
			}
		},
		"N-25 name of the event": func(t *testing.T) {
			r, to := start(t, setup{}), receive(t)
			r.create(to.url, "pass.created PASS.* Pass:Created")
			r.emit("Pass:Created")
			r.waitIdle()
			if got := to.requests(); len(got) != 1 || got[0].header("x-neostore-eventname") != "Pass:Created" || !strings.HasSuffix(got[0].body, `"__eventName":"Pass:Created"}`) {
				t.Errorf("%+v", got)
			}
		},
		"N-26 one event a request, in order": func(t *testing.T) {
			r, to := start(t, setup{}), receive(t)
			r.create(to.url, "Pass:Created")
			var want []string
			for n := range 50 {
				r.want(200, "POST", "/api/acme/passes", fmt.Sprintf(`{"passType":"user","identifiers":{"n":"%d"}}`, n))
				want = append(want, fmt.Sprintf(`"n":"%d"`, n))
			}
			r.waitIdle()
			for i, got := range to.requests() {
				if !strings.Contains(got.body, want[i]) {
					t.Fatalf("%d: %s", i, got.body)
				}
			}
		},
		"N-27 a secret each": func(t *testing.T) {
			r, to := start(t, setup{}), receive(t)
			one, two := r.create(to.url, "*"), r.create(to.url, "*")
			r.emit("Pass:Created")
			r.waitIdle()
			got := to.requests()
			if len(got) != 2 || got[0].body != got[1].body {
				t.Fatalf("%+v", got)
			}
			have := []string{got[0].header("x-neostore-signature"), got[1].header("x-neostore-signature")}
			want := []string{hex.EncodeToString(sum(one.SignatureSecret, got[0].body)), hex.EncodeToString(sum(two.SignatureSecret, got[0].body))}
			slices.Sort(have)
			slices.Sort(want)
			if !slices.Equal(have, want) || have[0] == have[1] {
				t.Errorf("%v, want %v", have, want)
			}
		},
		"N-28 disabled webhooks": func(t *testing.T) {
			r, to := start(t, setup{}), receive(t)
			path := "/api/acme/webhooks/" + r.create(to.url, "*").ID
			r.want(200, "PATCH", path, `{"enabled":false}`)
			r.emit("Pass:Created")
			r.want(200, "PATCH", path, `{"enabled":true}`)
			r.emit("Customer:Upserted")
			r.waitIdle()
			if got := to.events(); !slices.Equal(got, []string{"Customer:Upserted"}) {
				t.Errorf("%v", got)
			}
		},
		"N-29 always signed": func(t *testing.T) {
			r, h, got := delivered(t, "Pass:Created")
			match(t, got.header("x-neostore-signature"), `^[0-9a-f]{64}$`)
			fault, err := fault.Parse("signature:missing")
			if err != nil {
				t.Fatal(err)
			}
			to := receive(t)
			r.want(200, "PATCH", "/api/acme/webhooks/"+h.ID, `{"endpoint":"`+to.url+`"}`)
			if _, err := r.Dispatcher.Emit(r.context(), "neostore", delivery.Emission{Event: "Pass:Created", Tenant: "acme", Faults: []delivery.Fault{fault}}); err != nil {
				t.Fatal(err)
			}
			r.waitIdle()
			match(t, to.last(t).header("x-neostore-signature"), `^$`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/internal/redact"
)

// places are functions that put a secret with a name into a text and redact that.
func places() map[string]func(p *redact.Pass, name, secret string) string {
	quoted := func(s string) string {
		text, _ := json.Marshal(s)
		return string(text)
	}
	body := func(kind, format string) func(*redact.Pass, string, string) string {
		return func(p *redact.Pass, name, secret string) string {
			return string(p.Body(kind, fmt.Appendf(nil, format, name, secret)))
		}
	}
	return map[string]func(p *redact.Pass, name, secret string) string{
		"header": func(p *redact.Pass, name, secret string) string { return p.Header(name, secret) },
		"line":   func(p *redact.Pass, name, secret string) string { return p.Line(name + " :  " + secret) },
		"problem": func(p *redact.Pass, name, secret string) string {
			return p.Quoted(fmt.Sprintf("line 3: %q: want", name+":"+secret))
		},
		"query": func(p *redact.Pass, name, secret string) string {
			return p.URL("/a?x=1&" + url.QueryEscape(name) + "=" + url.QueryEscape(secret))
		},
		"fragment": func(p *redact.Pass, name, secret string) string {
			return p.URL("/a#" + name + "=" + url.QueryEscape(secret))
		},
		"parameter": func(p *redact.Pass, name, secret string) string {
			return p.URL("/a;" + name + "=" + url.PathEscape(secret) + "/b")
		},
		"user": func(p *redact.Pass, _, secret string) string {
			return p.Text("see http://u:" + url.QueryEscape(secret) + "@h/ there")
		},
		"form": func(p *redact.Pass, name, secret string) string {
			return string(p.Body("application/x-www-form-urlencoded", []byte(url.Values{"a": {"b"}, name: {secret}}.Encode())))
		},
		"part": body("multipart/form-data; boundary=qqq", "--qqq\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n--qqq--\r\n"),
		"JSON": func(p *redact.Pass, name, secret string) string {
			return string(p.Body("application/json", []byte(`{"a":[1,{`+quoted(name)+` : `+quoted(secret)+`}]}`)))
		},
		"cut JSON": func(p *redact.Pass, name, secret string) string {
			return string(p.Body("", []byte(`{"a":[1,{`+quoted(name)+`:`+strings.TrimSuffix(quoted(secret), `"`))))
		},
		"JSON in a form": func(p *redact.Pass, name, secret string) string {
			return string(p.Body("application/x-www-form-urlencoded", []byte("payload="+url.QueryEscape(`{`+quoted(name)+`:`+quoted(secret)+`}`))))
		},
		"URL in JSON": func(p *redact.Pass, name, secret string) string {
			return string(p.Body("application/json", []byte(`{"u":`+quoted("https://h/?"+name+"="+url.QueryEscape(secret))+`}`)))
		},
	}
}

// TestNoSecretComesOut checks that a secret of any bytes is redacted in every place, and that the
// message stays valid.
func TestNoSecretComesOut(t *testing.T) {
	t.Parallel()
	names := rapid.SampledFrom([]string{"password", "X-Auth-Token", "clientSecret", "API_KEY", "set-cookie", "access_token", "PassWord", "x-jwt", "session_id", "private-key"})
	secrets := rapid.Map(rapid.OneOf(rapid.StringMatching(`[ -~]{6,40}`), rapid.StringN(6, 20, 60), rapid.StringMatching(`[a-z]{3}[\\/"'&;=?#@%+<> ]{3}[a-z]{3}`)), func(s string) string {
		return "k7" + strings.Map(func(r rune) rune {
			if r < ' ' {
				return '.'
			}
			return r
		}, s) + "7k"
	})
	all := places()
	rapid.Check(t, func(t *rapid.T) {
		name, secret := names.Draw(t, "name"), secrets.Draw(t, "secret")
		for place, redacted := range all {
			p := &redact.Pass{}
			got := redacted(p, name, secret)
			if strings.Contains(got, secret) || strings.Contains(got, url.QueryEscape(secret)) || strings.Contains(got, url.PathEscape(secret)) ||
				strings.Contains(got, secret[len(secret)-4:]) || strings.Contains(got, base64.StdEncoding.EncodeToString([]byte(secret))) {
				t.Fatalf("%s: %s=%q is shown: %q", place, name, secret, got)
			}
			if !strings.Contains(got, redact.Word) || len(p.Found()) == 0 {
				t.Fatalf("%s: %q does not say that something was redacted: found %q", place, got, p.Found())
			}
			if place == "JSON" && !json.Valid([]byte(got)) {
				t.Fatalf("no JSON any more: %s", got)
			}
		}
	})
}

// FuzzBody checks that redaction never panics and that JSON stays JSON.
func FuzzBody(f *testing.F) {
	f.Add("application/json", []byte(`{"password":"x","a":[{"name":"token","value":"y"}]}`))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=password\r\n\r\nx\r\n--b--"))
	f.Add("", []byte("a=1&token=x\nCookie: y\nhttp://u:p@h/?key=1"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		got := (&redact.Pass{}).Body(kind, body)
		if json.Valid(body) && !strings.HasPrefix(kind, "multipart") && !json.Valid(got) {
			t.Errorf("%q became %q", body, got)
		}
		text := string(body)
		redact.Line(text)
		redact.URL(text)
		redact.Quoted(text)
	})
}

// TestManual checks that the manual contains the list.
func TestManual(t *testing.T) {
	t.Parallel()
	manual := redact.Manual()
	for _, name := range []string{"authorization", "api key", "session", "x vault", "sig", "code"} {
		if !strings.Contains(manual, " "+name) {
			t.Errorf("the manual does not list %q:\n%s", name, manual)
		}
	}
}

// TestLongInput would not end if redaction took quadratic time.
func TestLongInput(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{`"`, `\"`, ":", "a=", "http://", "[", "<a", "://u@", "-----BEGIN PRIVATE KEY-----", "?;a=", "&a=%3d", `{"token":`, "--b\r\n"} {
		body := strings.Repeat(unit, 1<<20/len(unit))
		(&redact.Pass{}).Body("", []byte(body))
		(&redact.Pass{}).Body("multipart/form-data; boundary=b", []byte(body))
		redact.URL(body)
		redact.Line(body)
		redact.Quoted(body)
	}
}

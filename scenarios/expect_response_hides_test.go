package scenarios

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// TestHides checks which texts are found in a response, and that the report does not quote them.
func TestHides(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-of-the-endpoint"
	// The consumer answers with what a path asks for: the secret, the right signature of the
	// request, or the body.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := signature.Message{Body: body}
		p, err := fixtures.Builtin().Provider(r.URL.Query().Get("provider"))
		if err != nil || p.Signing.Sign(&m, signature.Context{Time: time.Now()}, secret) != nil {
			http.Error(w, "unknown provider", http.StatusBadRequest)
			return
		}
		switch r.URL.Path {
		case "/secret":
			w.Header().Set("X-Debug", "key="+secret)
		case "/signature":
			_, _ = io.WriteString(w, `{"want": "`+strings.ReplaceAll(m.Headers[0].Value, "=", " ")+`"}`)
		case "/body":
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write(body)
		}
	}))
	t.Cleanup(server.Close)
	for _, c := range []struct{ path, provider, event, hides, says string }{
		{"/", "neostore", "Pass:Created", "secret, signature, personal", ""},
		{"/secret", "neostore", "Pass:Created", "signature, personal", ""},
		{"/secret", "neostore", "Pass:Created", "secret", "must not contain the secret, and does"},
		{"/signature", "neostore", "Pass:Created", "secret, personal", ""},
		{"/signature", "neostore", "Pass:Created", "signature", "must not contain the right signature of the request, and does"},
		{"/signature", "github", "push", "signature", "must not contain the right signature of the request, and does"},
		{"/body", "subscribfy", "wallet_pass/created", "secret, signature", ""},
		{"/body", "subscribfy", "wallet_pass/created", "personal", "must not contain an e-mail address of the event, and does"},
	} {
		for _, fault := range []string{"", "signature:tampered"} {
			s, err := Parse("test.yaml", []byte(`hookrig: 1
name: test
provider: `+c.provider+`
target: {url: 'http://127.0.0.1:1', secret: `+secret+`}
steps:
  - id: a
    subscribe: {}
  - id: b
    deliver: {event: '`+c.event+`', faults: [`+fault+`]}
    expect: {response: {hides: [`+c.hides+`]}}
`), nil)
			if err != nil {
				t.Fatal(err)
			}
			report, err := play(t, s, Options{Target: server.URL + c.path + "?provider=" + c.provider})
			if err != nil {
				t.Fatal(err)
			}
			got := unfolded(t, report)
			if (report.Status == Passed) != (c.says == "") || !strings.Contains(got, c.says) {
				t.Errorf("%s hides %s: want %q, got\n%s", c.path, c.hides, c.says, got)
			}
			if detail := report.Steps[1].Detail; strings.Contains(detail, secret) || strings.Contains(detail, "@") {
				t.Errorf("the report quotes it: %s", detail)
			}
		}
	}
	for text, want := range map[string]string{
		"deliver: {event: 'Pass:Created'}\n    expect: {response: {hides: [secrets]}}": `did you mean "secret"?`,
		"call: {url: 'http://127.0.0.1/'}\n    expect: {response: {hides: [secret]}}":  "hides is for the responses to deliveries",
	} {
		_, err := Parse("test.yaml", []byte("hookrig: 1\nname: test\nprovider: neostore\ntarget: {url: 'http://127.0.0.1:1'}\nsteps:\n  - id: a\n    "+text+"\n"), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// A secret of a few letters is in many texts by chance: nobody can tell.
func TestShortSecretIsUnclear(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "SERVED") }))
	t.Cleanup(server.Close)
	s, err := Parse("test.yaml", []byte(`hookrig: 1
name: test
provider: neostore
target: {url: 'http://127.0.0.1:1', secret: S}
steps:
  - id: a
    subscribe: {}
  - id: b
    deliver: {event: "Pass:Created"}
    expect: {response: {hides: [secret]}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, s, Options{Target: server.URL})
	if err != nil || report.Status != Inconclusive || !strings.Contains(unfolded(t, report), "less than 8 characters") {
		t.Errorf("%s, %v\n%s", report.Status, err, unfolded(t, report))
	}
}

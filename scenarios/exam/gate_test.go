package exam

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/scenarios"
)

// gateAnswer is what a consumer answers to requests with a right and with a wrong signature.
type gateAnswer struct {
	right, wrong         int
	rightBody, wrongBody string
	rightCookie          bool
	wrongCookie          bool
}

// startGate starts a consumer of the provider standard that checks signatures and answers so.
func startGate(t *testing.T, a gateAnswer) Consumer {
	t.Helper()
	catalogue := testCatalogue(t)
	p, err := catalogue.Provider("standard")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := signature.Message{Method: r.Method, Target: r.URL.RequestURI(), Version: "HTTP/1.1"}
		for name, values := range r.Header {
			m.Headers.Add(name, values[0])
		}
		m.Body, _ = io.ReadAll(r.Body)
		status, body, cookie := a.right, a.rightBody, a.rightCookie
		if p.Signing.Verify(m, signature.Context{Time: time.Now()}, testSecret).Verdict != signature.Valid {
			status, body, cookie = a.wrong, a.wrongBody, a.wrongCookie
		}
		if cookie {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return Consumer{URL: server.URL, Provider: "standard", Secret: testSecret, Catalogue: catalogue}
}

// TestGates checks that a consumer passes the gate of a vendor only if it answers to the digit what
// the vendor documents.
func TestGates(t *testing.T) {
	t.Parallel()
	for gate, rows := range map[scenarios.Gate][]struct {
		gateAnswer
		why string // "" passes
	}{
		"xero": {
			{gateAnswer{right: 200, wrong: 401}, ""},
			{gateAnswer{right: 204, wrong: 401}, "204"},
			{gateAnswer{right: 200, wrong: 403}, "403"},
			{gateAnswer{right: 200, wrong: 200}, "200"},
			{gateAnswer{right: 200, wrong: 401, rightBody: "ok"}, ".body"},
			{gateAnswer{right: 200, wrong: 401, wrongBody: "no"}, ".body"},
			{gateAnswer{right: 200, wrong: 401, rightCookie: true}, "set-cookie"},
			{gateAnswer{right: 200, wrong: 401, wrongCookie: true}, "set-cookie"},
		},
		"discord": {
			{gateAnswer{right: 200, wrong: 401, rightBody: `{"type": 1}`}, ""},
			{gateAnswer{right: 200, wrong: 401, rightBody: `{"type": 1, "data": []}`, wrongBody: "no"}, ""},
			{gateAnswer{right: 202, wrong: 401, rightBody: `{"type": 1}`}, "202"},
			{gateAnswer{right: 200, wrong: 401, rightBody: `{"type": 4}`}, ".body"},
			{gateAnswer{right: 200, wrong: 401, rightBody: "pong"}, ".body"},
			{gateAnswer{right: 200, wrong: 401}, ".body"},
			{gateAnswer{right: 200, wrong: 404, rightBody: `{"type": 1}`}, "404"},
		},
		"shopify": {
			{gateAnswer{right: 200, wrong: 401, rightBody: "ok", wrongBody: "no"}, ""},
			{gateAnswer{right: 202, wrong: 401}, "202"},
			{gateAnswer{right: 200, wrong: 403}, "403"},
			{gateAnswer{right: 200, wrong: 404}, "404"},
		},
	} {
		for _, row := range rows {
			t.Run(string(gate)+" "+row.why, func(t *testing.T) {
				t.Parallel()
				c := startGate(t, row.gateAnswer)
				c.Gate = gate
				report, err := Run(t.Context(), nil, c)
				if err != nil || len(report.Checks) != 1 {
					t.Fatalf("%v: %+v", err, report.Checks)
				}
				want := Pass
				if row.why != "" {
					want = Fail
				}
				r := report.Checks[0]
				if r.ID != "handshake-"+string(gate) || r.Result != want || !strings.Contains(r.Why, row.why) || want == Fail && !strings.Contains(r.Command, "--gate "+string(gate)) {
					t.Errorf("%+v: want %s\n%s", row.gateAnswer, want, text(t, report))
				}
			})
		}
	}
}

// TestGatesAreSeparate checks that the checks of vendors are made at their gates only.
func TestGatesAreSeparate(t *testing.T) {
	all, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range AtGate(all, "") {
		if len(check.Gate) > 0 {
			t.Errorf("%s is made without a gate", check.ID)
		}
	}
	for want, c := range map[string]Consumer{
		"handshake-xero is made only at a gate: give --gate xero":              {Only: []string{"handshake-xero"}},
		`none of the checks ["signature-missing"] is made at the gate discord`: {Only: []string{"signature-missing"}, Gate: "discord"},
	} {
		c.URL, c.Provider = "http://127.0.0.1:1", "stripe"
		if _, err := Run(t.Context(), nil, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

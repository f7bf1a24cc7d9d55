package servertest

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// secured starts a server whose certificate the system's authorities do not know, and returns the
// Trust that accepts it.
func secured(t *testing.T, handler http.Handler) (string, wire.Trust) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(server.Certificate())
	return server.URL, wire.Trust{Authorities: authorities}
}

const unknownAuthority = "certificate signed by unknown authority: trust it with --cacert FILE, or --skip-verify (in Go: mockserver.Trust)"

// Deliveries, forwards and resends reach an https consumer whose authority is trusted. For another
// one they say what to do.
func TestTrust(t *testing.T) {
	t.Parallel()
	consumer, known := secured(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	for name, tt := range map[string]struct {
		trust wire.Trust
		good  bool
	}{
		"not known":   {wire.Trust{}, false},
		"known":       {known, true},
		"not checked": {wire.Trust{SkipVerify: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			server := mockserver.StartT(t, mockserver.Options{Trust: tt.trust, Dashboard: dashboard.Handler})
			client := server.Client()
			if _, err := server.Provider("neostore").Register(ctx, journal.Endpoint{URL: consumer, Retry: "none", Events: []string{"Pass:*"}}); err != nil {
				t.Fatal(err)
			}
			deliveries, err := server.Provider("neostore").Emit(ctx, "Pass:Created")
			if err != nil {
				t.Fatal(err)
			}
			if err := client.WaitIdle(ctx); err != nil {
				t.Fatal(err)
			}
			d, err := client.Delivery(ctx, deliveries[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			if a := d.Attempts[0]; tt.good && a.Status != http.StatusAccepted || !tt.good && (a.Outcome != wire.NotSent || a.Error != "TLS: "+unknownAuthority) {
				t.Errorf("delivery: %d, %s, %q", a.Status, a.Outcome, a.Error)
			}

			if err := client.Configure(ctx, "inbox", capture.Settings{Forward: consumer}); err != nil {
				t.Fatal(err)
			}
			status, body := call(t, client.BinURL("inbox"), "x")
			if tt.good && status != http.StatusAccepted || !tt.good && (status != http.StatusBadGateway || !strings.Contains(body, unknownAuthority)) {
				t.Errorf("forward: %d, %q", status, body)
			}

			captures, err := client.Captures(ctx, query.Query{CaptureQuery: journal.CaptureQuery{Bin: "inbox"}})
			if err != nil || len(captures) != 1 {
				t.Fatalf("%d captures, %v", len(captures), err)
			}
			status, body = call(t, server.DashboardURL()+"/api/v1/captures/"+captures[0].ID+"/resend", `{"url": "`+consumer+`"}`)
			var resent journal.Attempt
			if err := json.Unmarshal([]byte(body), &resent); err != nil || status != http.StatusOK {
				t.Fatalf("resend: %d, %s, %v", status, body, err)
			}
			if tt.good && resent.Status != http.StatusAccepted || !tt.good && !strings.Contains(resent.Error, unknownAuthority) {
				t.Errorf("resend: %d, %q", resent.Status, resent.Error)
			}
		})
	}
}

// call posts JSON and returns the status and body of the response.
func call(t *testing.T, at, body string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(at, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// A dashboard may be behind a server that speaks TLS.
func TestDialOverTLS(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	behind, err := url.Parse(server.DashboardURL())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	at, known := secured(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }, Transport: transport})
	for _, trust := range []wire.Trust{known, {SkipVerify: true}} {
		client, err := mockserver.Dial(at, "", trust)
		if err != nil {
			t.Fatal(err)
		}
		closeClient(t, client)
		if _, err := client.Bins(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := mockserver.Dial(at, ""); !errors.Is(err, mockserver.ErrNoServer) || !strings.Contains(err.Error(), `/api/v1/server": `+unknownAuthority) {
		t.Errorf("an unknown authority: %v", err)
	}
	if _, err := mockserver.Dial(at, "", known, known); err == nil || !strings.Contains(err.Error(), "at most one") {
		t.Errorf("two of them: %v", err)
	}
}

// A spoiled handshake (transport:bad_tls) is a failed attempt of which nothing was sent. The next
// delivery to the same endpoint opens a connection as usual.
func TestBrokenHandshake(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	consumer, trust := secured(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	server := mockserver.StartT(t, mockserver.Options{Trust: trust})
	neostore, ctx := server.Provider("neostore"), t.Context()
	if _, err := neostore.Register(ctx, journal.Endpoint{URL: consumer, Retry: "none", Events: []string{"Pass:*"}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		faults  []string
		outcome wire.Outcome
		served  int32
	}{
		{nil, wire.GotStatus, 1}, {[]string{"transport:bad_tls"}, wire.NotSent, 1}, {nil, wire.GotStatus, 2},
	} {
		deliveries, err := neostore.Emit(ctx, "Pass:Created", want.faults...)
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Client().WaitIdle(ctx); err != nil {
			t.Fatal(err)
		}
		d, err := server.Client().Delivery(ctx, deliveries[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if a := d.Attempts[0]; a.Outcome != want.outcome || served.Load() != want.served {
			t.Errorf("with %q: %s, %q, the consumer served %d; want %s, %d", want.faults, a.Outcome, a.Error, served.Load(), want.outcome, want.served)
		}
	}
}

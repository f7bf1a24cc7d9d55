package dashboard_test

import (
	"io"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// The dashboard serves the authority of the TLS capture address.
func TestCA(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{CaptureTLS: "127.0.0.1:0"})
	if got := r.call(t, 200, "GET", "/server", "")["capture_tls"]; got != r.CaptureTLSURL() || !strings.HasPrefix(r.CaptureTLSURL(), "https://127.0.0.1:") {
		t.Errorf("server says %v, want %s", got, r.CaptureTLSURL())
	}
	resp, err := r.http.Get(r.DashboardURL() + "/api/v1/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != string(r.CA()) || resp.Header.Get("Content-Type") != "application/x-pem-file" {
		t.Errorf("%q, %v, %v", got, resp.Header, err)
	}
	without := start(t, mockserver.Options{})
	if p := without.call(t, 404, "GET", "/ca.pem", ""); !strings.Contains(p["detail"].(string), "--capture-tls") {
		t.Errorf("problem %v", p)
	}
	if got := without.call(t, 200, "GET", "/server", "")["capture_tls"]; got != "" {
		t.Errorf("server without TLS says %v", got)
	}
}

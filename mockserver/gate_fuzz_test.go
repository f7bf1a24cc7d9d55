package mockserver

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// FuzzGate sends requests with any Host, origin and path. A page of another origin never reaches a
// guarded path.
func FuzzGate(f *testing.F) {
	f.Add("127.0.0.1:8080", "http://127.0.0.1:8080", "/api/v1/bins", "same-origin")
	f.Add("LOCALHOST.", "null", "/api/v1/../metrics", "cross-site")
	f.Add("[::1", "http://[", "//api/v1", "")
	asked := false
	g := newGate(Options{DashboardAddress: "127.0.0.1:8080"}, "", "127.0.0.1:8080", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, dashboardGuarded(),
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	f.Fuzz(func(t *testing.T, host, origin, path, site string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host, r.URL.Path = host, path
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		r.Header.Set("Sec-Fetch-Site", site)
		asked = false
		g.ServeHTTP(httptest.NewRecorder(), r)
		if asked && path == "/api/v1/bins" && site != "same-origin" && site != "none" && site != "" {
			t.Fatalf("a page that is %s came through: host %q, origin %q", site, host, origin)
		}
	})
}

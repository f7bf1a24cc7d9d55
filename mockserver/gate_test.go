package mockserver

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGate(t *testing.T) {
	t.Parallel()
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	everywhere := &net.TCPAddr{IP: net.IPv4zero, Port: 8080}
	plain := Options{DashboardAddress: "127.0.0.1:8080"}
	public := Options{DashboardAddress: "127.0.0.1:8080", DashboardURL: "https://server.example.com/dashboard", CaptureURL: "https://hooks.example.com"}
	named := Options{DashboardAddress: "server.example.com:8080"}
	guarded := Options{DashboardAddress: "0.0.0.0:8080", Token: "open sesame"}
	insecure := Options{DashboardAddress: "0.0.0.0:8080", Insecure: true}
	type headers map[string]string
	for _, c := range []struct {
		name    string
		options Options
		addr    net.Addr
		method  string
		url     string
		headers headers
		want    int
	}{
		// Names: refuse a page whose own name points here.
		{"address", plain, loopback, "GET", "http://127.0.0.1:8080/api/v1/bins", nil, 200},
		{"localhost", plain, loopback, "GET", "http://localhost:8080/", nil, 200},
		{"below localhost", plain, loopback, "GET", "http://server.localhost:8080/", nil, 200},
		{"IPv6", plain, loopback, "GET", "http://[::1]:8080/", nil, 200},
		{"rebound name", plain, loopback, "GET", "http://evil.example:8080/", nil, 421},
		{"rebound name that begins well", plain, loopback, "GET", "http://localhost.evil.example/", nil, 421},
		{"rebound name that ends in an address", plain, loopback, "GET", "http://127.0.0.1.evil.example/", nil, 421},
		{"container name on loopback", plain, loopback, "GET", "http://hookrig:8080/", nil, 421},
		{"the name it listens on", named, loopback, "GET", "http://Server.example.com.:8080/", nil, 200},
		{"container name beyond loopback", insecure, everywhere, "GET", "http://hookrig:8080/", nil, 200},
		{"service name", insecure, everywhere, "GET", "http://server.ns.svc.cluster.local/", nil, 200},
		{"public name beyond loopback", insecure, everywhere, "GET", "http://evil.example/", nil, 421},
		{"public name with the token", guarded, everywhere, "GET", "http://server.example.com/api/v1/bins", headers{"X-Hookrig-Token": "open sesame"}, 200},

		// Origins: a page of another site may not write.
		{"own page", plain, loopback, "POST", "http://127.0.0.1:8080/api/v1/clock", headers{"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"}, 200},
		{"no browser", plain, loopback, "POST", "http://127.0.0.1:8080/api/v1/clock", nil, 200},
		{"other site", plain, loopback, "POST", "http://127.0.0.1:8080/api/v1/clock", headers{"Sec-Fetch-Site": "cross-site"}, 403},
		{"capture address", plain, loopback, "DELETE", "http://127.0.0.1:8080/api/v1/bins/x", headers{"Sec-Fetch-Site": "same-site"}, 403},
		{"old browser", plain, loopback, "PUT", "http://127.0.0.1:8080/api/v1/bins/x", headers{"Origin": "http://127.0.0.1:8081"}, 403},
		{"sandboxed page", plain, loopback, "POST", "http://127.0.0.1:8080/api/v1/clock", headers{"Origin": "null"}, 403},
		{"other site with the token", guarded, everywhere, "POST", "http://127.0.0.1:8080/api/v1/clock", headers{"Origin": "http://evil.example", "X-Hookrig-Token": "open sesame"}, 403},

		// It may not read either, not even as a picture or a script: the request costs the server
		// as much.
		{"own page reads", plain, loopback, "GET", "http://127.0.0.1:8080/api/v1/captures", headers{"Sec-Fetch-Site": "same-origin"}, 200},
		{"a person types the address", plain, loopback, "GET", "http://127.0.0.1:8080/api/v1/captures", headers{"Sec-Fetch-Site": "none"}, 200},
		{"no browser reads", plain, loopback, "GET", "http://127.0.0.1:8080/metrics", nil, 200},
		{"a picture elsewhere", plain, loopback, "GET", "http://127.0.0.1:8080/api/v1/captures?where=true", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		{"a page on another port", plain, loopback, "GET", "http://127.0.0.1:8080/api/v1/stream", headers{"Sec-Fetch-Site": "same-site"}, 403},
		{"metrics elsewhere", plain, loopback, "GET", "http://127.0.0.1:8080/metrics", headers{"Sec-Fetch-Site": "cross-site"}, 403},
		{"old browser elsewhere", plain, loopback, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Origin": "http://evil.example"}, 403},
		{"HEAD elsewhere", plain, loopback, "HEAD", "http://127.0.0.1:8080/api/v1/bins", headers{"Sec-Fetch-Site": "cross-site"}, 403},
		{"elsewhere with the token", guarded, everywhere, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Sec-Fetch-Site": "cross-site", "X-Hookrig-Token": "open sesame"}, 403},
		{"a link to the page", plain, loopback, "GET", "http://127.0.0.1:8080/", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200},

		// The dashboard's public URL is trusted. The capture address is not: a response may be a
		// page.
		{"the public name", public, loopback, "GET", "http://server.example.com/api/v1/bins", headers{"Sec-Fetch-Site": "same-origin"}, 200},
		{"the public page behind a proxy writes", public, loopback, "POST", "http://127.0.0.1:8080/api/v1/clock", headers{"Origin": "https://server.example.com", "Sec-Fetch-Site": "same-origin"}, 200},
		{"the public page in an old browser reads", public, loopback, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Origin": "https://server.example.com"}, 200},
		{"a captured page writes", public, loopback, "POST", "http://127.0.0.1:8080/api/v1/clock", headers{"Origin": "https://hooks.example.com", "Sec-Fetch-Site": "same-site"}, 403},
		{"a captured page reads", public, loopback, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Origin": "https://hooks.example.com"}, 403},
		{"the capture's name", public, loopback, "GET", "http://hooks.example.com/api/v1/bins", nil, 421},
		{"another port of the public host", public, loopback, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Origin": "https://server.example.com:8443"}, 403},

		// Tokens: the API needs one.
		{"none", guarded, everywhere, "GET", "http://127.0.0.1:8080/api/v1/bins", nil, 401},
		{"bearer", guarded, everywhere, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Authorization": "bearer open sesame"}, 200},
		{"wrong", guarded, everywhere, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Authorization": "Bearer open"}, 401},
		{"basic", guarded, everywhere, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Authorization": "Basic open sesame"}, 401},
		{"empty", guarded, everywhere, "GET", "http://127.0.0.1:8080/api/v1/bins", headers{"Authorization": "Bearer "}, 401},
		{"the page asks for it", guarded, everywhere, "GET", "http://127.0.0.1:8080/", nil, 200},

		// Anybody may ask for the health.
		{"health", guarded, everywhere, "GET", "http://evil.example/healthz", nil, 200},
		{"readiness", guarded, everywhere, "GET", "http://evil.example/readyz", nil, 200},
		{"readiness of the API", plain, loopback, "GET", "http://evil.example/api/v1/readyz", nil, 200},
		{"health of the API", plain, loopback, "GET", "http://evil.example/api/v1/healthz", nil, 200},
	} {
		asked := false
		g := newGate(c.options, c.options.DashboardURL, c.options.DashboardAddress, c.addr, dashboardGuarded(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
		r := httptest.NewRequest(c.method, c.url, nil)
		for name, value := range c.headers {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: status %d, want %d: %s", c.name, w.Code, c.want, w.Body)
		}
		if asked != (c.want == 200) {
			t.Errorf("%s: status %d, and the dashboard was asked: %t", c.name, w.Code, asked)
		}
	}
}

package servertest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// deliveredTo sends an event to a URL and returns the finished delivery.
func deliveredTo(t *testing.T, s *mockserver.Server, to string) journal.Delivery {
	t.Helper()
	client := s.Client()
	if _, err := client.Register(t.Context(), journal.Endpoint{Provider: "neostore", URL: to, Events: []string{"Pass:Created"}}); err != nil {
		t.Fatal(err)
	}
	made, err := client.Emit(t.Context(), "neostore", delivery.Emission{Event: "Pass:Created"})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := client.Delivery(t.Context(), made[len(made)-1].ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Deliveries can reach the bins, whatever the server listens on and whatever its public URL is, and
// something answers at its addresses.
func TestOwnBinsAreDeliverable(t *testing.T) {
	t.Parallel()
	names := func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "hookrig": // the container's name resolves to one of its interfaces
			addresses, err := net.InterfaceAddrs()
			for _, a := range addresses {
				if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
					return []netip.Addr{p.Addr()}, nil
				}
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, err
		case "elsewhere":
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		}
		return nil, fmt.Errorf("no such host")
	}
	for name, c := range map[string]struct {
		options mockserver.Options
		to      func(s *mockserver.Server, port string) string
		want    journal.State
	}{
		"every address":             {mockserver.Options{Capture: ":0"}, func(s *mockserver.Server, _ string) string { return s.CaptureURL() + "/a" }, journal.Delivered},
		"every address of IPv4":     {mockserver.Options{Capture: "0.0.0.0:0"}, func(s *mockserver.Server, _ string) string { return s.CaptureURL() + "/a" }, journal.Delivered},
		"by what it listens on":     {mockserver.Options{Capture: ":0"}, func(_ *mockserver.Server, port string) string { return "http://0.0.0.0:" + port + "/a" }, journal.Delivered},
		"by its name":               {mockserver.Options{Capture: ":0"}, func(_ *mockserver.Server, port string) string { return "http://hookrig:" + port + "/a" }, journal.Delivered},
		"a public URL":              {mockserver.Options{Capture: ":0", CaptureURL: "https://hooks.example.com"}, func(s *mockserver.Server, _ string) string { return s.CaptureURL() + "/a" }, journal.Delivered},
		"a public URL with a path":  {mockserver.Options{Capture: ":0", CaptureURL: "http://elsewhere:81/hooks/"}, func(s *mockserver.Server, _ string) string { return s.CaptureURL() + "/a" }, journal.Delivered},
		"another host":              {mockserver.Options{Capture: ":0"}, func(_ *mockserver.Server, port string) string { return "http://elsewhere:" + port + "/a" }, journal.Exhausted},
		"another port of this host": {mockserver.Options{Capture: ":0"}, func(*mockserver.Server, string) string { return "http://hookrig:1/a" }, journal.Exhausted},
		"the public host elsewhere": {mockserver.Options{Capture: ":0", CaptureURL: "http://elsewhere/hooks"}, func(*mockserver.Server, string) string { return "http://elsewhere/other/a" }, journal.Exhausted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := c.options
			o.Insecure, o.Lookup = true, names
			s := mockserver.StartT(t, o)
			if strings.Contains(s.CaptureURL(), "[::]") || strings.Contains(s.CaptureURL(), "0.0.0.0") || strings.HasSuffix(s.CaptureURL(), "/") {
				t.Errorf("it calls itself %s", s.CaptureURL())
			}
			port := s.ListensOn()[strings.LastIndexByte(s.ListensOn(), ':')+1:]
			d := deliveredTo(t, s, c.to(s, port))
			if d.State != c.want {
				t.Errorf("%s: %s, want %s: %+v", d.URL, d.State, c.want, d.Attempts)
			}
			captures, err := s.Bin("a").Captures(t.Context())
			if err != nil || (len(captures) == 1) != (c.want == journal.Delivered) {
				t.Errorf("%d captures, %v", len(captures), err)
			}
		})
	}
}

// A forward to the server itself is refused, even if that shows only when its name is resolved. A
// loop through a consumer ends.
func TestLoopsEnd(t *testing.T) {
	t.Parallel()
	s := mockserver.StartT(t, mockserver.Options{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	port := s.ListensOn()[strings.LastIndexByte(s.ListensOn(), ':')+1:]
	post := func(bin string) (int, string) {
		resp, err := http.Post(s.CaptureURL()+"/"+bin, "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if err := s.Client().Configure(t.Context(), "named", capture.Settings{Forward: "http://rebound.example:" + port + "/named"}); err != nil {
		t.Fatal(err)
	}
	if status, text := post("named"); status != http.StatusBadGateway || !strings.Contains(text, "the capture address of this server") {
		t.Errorf("%d %s", status, text)
	}
	if captures, err := s.Bin("named").Captures(t.Context()); err != nil || len(captures) != 1 {
		t.Errorf("%d captures, %v", len(captures), err)
	}

	back, err := url.Parse(s.CaptureURL())
	if err != nil {
		t.Fatal(err)
	}
	// it sends everything back
	consumer := httptest.NewServer(httputil.NewSingleHostReverseProxy(back))
	t.Cleanup(consumer.Close)
	if err := s.Client().Configure(t.Context(), "round", capture.Settings{Forward: consumer.URL + "/round"}); err != nil {
		t.Fatal(err)
	}
	if status, text := post("round"); status != http.StatusLoopDetected || !strings.Contains(text, "it is in a loop") {
		t.Errorf("%d %s", status, text)
	}
	if captures, err := s.Bin("round").Captures(t.Context()); err != nil || len(captures) > 10 {
		t.Errorf("%d captures, %v", len(captures), err)
	}
}

// The dashboard works behind a proxy and below a path, which the proxy may remove or keep, and all
// addresses that it returns are the public ones.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	for _, strips := range []bool{true, false} {
		t.Run(fmt.Sprint("strips ", strips), func(t *testing.T) {
			t.Parallel()
			var dashboards, captures http.Handler
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasPrefix(r.URL.Path, "/server/"):
					dashboards.ServeHTTP(w, r)
				case strings.HasPrefix(r.URL.Path, "/hooks/"):
					captures.ServeHTTP(w, r)
				default:
					http.NotFound(w, r)
				}
			}))
			t.Cleanup(proxy.Close)
			s := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler, CaptureURL: proxy.URL + "/hooks", DashboardURL: proxy.URL + "/server/"})
			to := func(address, path string) http.Handler {
				target := &url.URL{Scheme: "http", Host: address}
				p := http.Handler(httputil.NewSingleHostReverseProxy(target))
				if strips {
					p = http.StripPrefix(path, p)
				}
				return p
			}
			dashboards, captures = to(s.DashboardListensOn(), "/server"), to(s.ListensOn(), "/hooks")
			if s.DashboardURL() != proxy.URL+"/server" || s.CaptureURL() != proxy.URL+"/hooks" {
				t.Errorf("dashboard %s, capture %s", s.DashboardURL(), s.CaptureURL())
			}
			client, err := mockserver.Dial(s.DashboardURL(), "")
			if err != nil {
				t.Fatal(err)
			}
			inbox := mockserver.NewBin(client, "inbox")
			resp, err := http.Post(inbox.URL()+"/any/path", "text/plain", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			got, err := inbox.Wait(t.Context(), 1)
			if err != nil || len(got) != 1 || !strings.HasSuffix(got[0].Target, "/inbox/any/path") {
				t.Errorf("%d captures, %v", len(got), err)
			}
			for _, path := range []string{"/", "/page/dashboard.js", "/api/docs/", "/api/openapi.json", "/healthz"} {
				resp, err := http.Get(s.DashboardURL() + path)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%s: %s", path, resp.Status)
				}
			}
			if d := deliveredTo(t, s, inbox.URL()); d.State != journal.Delivered {
				t.Errorf("%s: %+v", d.State, d.Attempts)
			}
		})
	}
}

func TestPublicURLsAreChecked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"hooks.example.com", "ftp://h", "http://", "http://h/?q", "http://h/#f", "http://user:password@h/", ":"} {
		for _, o := range []mockserver.Options{{CaptureURL: text}, {DashboardURL: text}} {
			s, err := mockserver.Start(t.Context(), o)
			if err == nil {
				_ = s.Close()
				t.Errorf("%q is taken", text)
			} else if !strings.Contains(err.Error(), "such as https://hooks.example.com") {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

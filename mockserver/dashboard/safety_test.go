package dashboard_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// A write must have a JSON content type, which a form of another site cannot send.
func TestWritesAreJSON(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.DashboardURL()+"/api/v1/clock/advance", strings.NewReader(`{"by": "2h"}`))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%q: status %d, want 415", contentType, resp.StatusCode)
		}
	}
}

// The gate guards the real dashboard.
func TestTheDashboardIsGuarded(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{Token: "open sesame"})
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"/api/v1/bins", "", 401},
		{"/api/v1/bins", "open sesame", 200},
		{"/api/v1/stream", "", 401},
		{"/api/v1/metrics", "", 401},
		{"/metrics", "", 401},
		{"/metrics", "open sesame", 200},
		{"/healthz", "", 200},
		{"/api/v1/healthz", "", 200},
		{"/readyz", "", 200},
		{"/api/v1/readyz", "", 200},
		{"/api/v1/nodes", "", 401},
		{"/", "", 200},
		{"/page/dashboard.js", "", 200},
		{"/api/openapi.json", "", 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.DashboardURL()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s with token %q: status %d, want %d", c.path, c.token, resp.StatusCode, c.status)
		}
	}
}

// names is a resolver. Each name has a list of answers; the last one repeats.
type names struct {
	answers map[string][]string
	asked   map[string]*atomic.Int64
}

func newNames(answers map[string][]string) *names {
	n := &names{answers, map[string]*atomic.Int64{}}
	for name := range answers {
		n.asked[name] = new(atomic.Int64)
	}
	return n
}

func (n *names) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	answers, ok := n.answers[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	at := min(int(n.asked[host].Add(1)), len(answers))
	return []netip.Addr{netip.MustParseAddr(answers[at-1])}, nil
}

// Deliveries, forwards and resends only go to loopback and to allowed targets, however the address
// is written. A refusal says what was refused and what to do.
func TestForbiddenTargets(t *testing.T) {
	t.Parallel()
	n := newNames(map[string][]string{"metadata.test": {"169.254.169.254"}, "private.test": {"10.1.2.3"}, "mapped.test": {"::ffff:192.168.0.9"}})
	r := start(t, mockserver.Options{Lookup: n.lookup, AllowTargets: []string{"172.16.0.0/12", "metadata.test", "metadata.goog", "169.254.169.254"}})
	r.write(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	const never = "a link-local address, which is never dialled"
	allow := func(address string) string {
		return "not on loopback; allow it with --allow-target " + address
	}
	for i, c := range []struct{ host, want string }{
		{"169.254.169.254", "169.254.169.254 is " + never},
		{"0xa9fea9fe", "169.254.169.254 (0xa9fea9fe) is " + never},
		{"2852039166", "169.254.169.254 (2852039166) is " + never},
		{"0251.0376.0251.0376", "169.254.169.254 (0251.0376.0251.0376) is " + never},
		{"[::ffff:169.254.169.254]", "169.254.169.254 (::ffff:169.254.169.254) is " + never},
		{"[fd00:ec2::254]", "fd00:ec2::254 is a metadata service, which is never dialled"},
		{"[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe is another form of 169.254.169.254, which is never dialled"},
		{"metadata.google.internal", "metadata.google.internal is a metadata service, which is never dialled"},
		{"metadata.goog.", "metadata.goog. is a metadata service, which is never dialled"},
		{"0.0.0.0", "0.0.0.0 is the unspecified address, which is never dialled"},
		{"0", "0.0.0.0 (0) is the unspecified address, which is never dialled"},
		{"10.1.2.3", "10.1.2.3 is " + allow("10.1.2.3")},
		{"012.1.515", "10.1.2.3 (012.1.515) is " + allow("10.1.2.3")},
		{"192.168.0.9", "192.168.0.9 is " + allow("192.168.0.9")},
		{"[::ffff:192.168.0.9]", "192.168.0.9 (::ffff:192.168.0.9) is " + allow("192.168.0.9")},
		{"metadata.test", "169.254.169.254 (metadata.test) is " + never},
		{"private.test", "10.1.2.3 (private.test) is " + allow("10.1.2.3")},
		{"mapped.test", "192.168.0.9 (mapped.test) is " + allow("192.168.0.9")},
	} {
		target, want := "http://"+c.host+":9/x", "forbidden address: "+c.want
		p := r.call(t, 403, "POST", "/captures/c00000001/resend", `{"url": "`+target+`"}`)
		if p["detail"] != want || p["type"] != "urn:hookrig:error:forbidden-target" || p["status"] != number(403) {
			t.Errorf("%s: resend: %v, want %q", c.host, p, want)
		}

		// A name is refused when it is resolved.
		bin := fmt.Sprintf("f%d", i)
		if strings.HasSuffix(c.host, ".test") {
			r.call(t, 200, "PUT", "/bins/"+bin, `{"forward": "`+target+`"}`)
			resp, err := r.http.Post(r.CaptureURL()+"/"+bin, "text/plain", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 502 || string(text) != "hookrig has no response of "+c.host+":9 to pass on: "+want+"\n" {
				t.Errorf("%s: forward: %d %s", c.host, resp.StatusCode, text)
			}
		} else {
			p := r.call(t, 403, "PUT", "/bins/"+bin, `{"forward": "`+target+`"}`)
			if p["detail"] != fmt.Sprintf("bin %s: forward to %q: %s", bin, target, want) {
				t.Errorf("%s: forward: %v", c.host, p)
			}
		}

		sent := r.call(t, 200, "POST", "/providers/neostore/send", `{"event": "Pass:Created", "secret": "s", "to": "`+target+`"}`)
		attempt := sent["items"].([]any)[0].(map[string]any)["attempts"].([]any)[0].(map[string]any)
		if attempt["outcome"] != "not_sent" || attempt["error"] != want {
			t.Errorf("%s: delivery: %v", c.host, attempt)
		}
	}
}

// A redirect is a normal response: its target is neither resolved nor dialled.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var secret atomic.Int64
	hidden := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { secret.Add(1) }))
	t.Cleanup(hidden.Close)
	n := newNames(map[string][]string{"metadata.test": {"169.254.169.254"}})
	r := start(t, mockserver.Options{Lookup: n.lookup})
	r.write(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	for _, location := range []string{hidden.URL, "http://metadata.test/latest", "http://169.254.169.254/"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			consumer := httptest.NewServer(http.RedirectHandler(location, status))
			t.Cleanup(consumer.Close)
			if got := r.call(t, 200, "POST", "/captures/c00000001/resend", `{"url": "`+consumer.URL+`"}`); got["status"] != number(status) {
				t.Errorf("resend: %v", got)
			}
			r.call(t, 200, "PUT", "/bins/f", `{"forward": "`+consumer.URL+`"}`)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.CaptureURL()+"/f", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := r.http.Transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != status || resp.Header.Get("Location") != location {
				t.Errorf("forward: %s %v", resp.Status, resp.Header)
			}
			sent := r.call(t, 200, "POST", "/providers/neostore/send", `{"event": "Pass:Created", "secret": "s", "to": "`+consumer.URL+`"}`)
			if attempt := sent["items"].([]any)[0].(map[string]any)["attempts"].([]any)[0].(map[string]any); attempt["status"] != number(status) {
				t.Errorf("delivery: %v", attempt)
			}
		}
	}
	if secret.Load() != 0 || n.asked["metadata.test"].Load() != 0 {
		t.Errorf("asked %d times, resolved %d times, want never", secret.Load(), n.asked["metadata.test"].Load())
	}
}

// A name whose address changes (DNS rebinding) is dialled at the address that was checked, and
// checked again for each connection.
func TestRebinding(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	t.Cleanup(consumer.Close)
	address, err := url.Parse(consumer.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := newNames(map[string][]string{"rebinding.test": {"127.0.0.1", "169.254.169.254"}})
	r := start(t, mockserver.Options{Lookup: n.lookup, AllowTargets: []string{"rebinding.test"}})
	r.write(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	body := `{"url": "http://rebinding.test:` + address.Port() + `/"}`
	if got := r.call(t, 200, "POST", "/captures/c00000001/resend", body); got["status"] != number(200) {
		t.Errorf("first: %v", got)
	}
	if n.asked["rebinding.test"].Load() != 1 {
		t.Errorf("resolved %d times for one connection, want once", n.asked["rebinding.test"].Load())
	}
	p := r.call(t, 403, "POST", "/captures/c00000001/resend", body)
	if p["detail"] != "forbidden address: 169.254.169.254 (rebinding.test) is a link-local address, which is never dialled" {
		t.Errorf("second: %v", p)
	}
}

// number is a number in the form in which call decodes it.
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

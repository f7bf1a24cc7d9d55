package mockserver

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// gate checks who may call the dashboard or a vendor API. It stops web pages of other sites: those
// that reach this machine by a name of theirs (DNS rebinding), and those that make a browser send a
// request here (cross-site request forgery).
type gate struct {
	next  http.Handler
	token [sha256.Size]byte
	open  bool // no token is needed
	// guarded are the paths that need the token, with all paths below them. No page of another
	// origin may read them.
	guarded  []string
	host     string   // the host to listen on, as configured
	public   *url.URL // the public URL; nil without one
	loopback bool
	origins  *http.CrossOriginProtection
}

func newGate(o Options, public, address string, addr net.Addr, guarded []string, next http.Handler) *gate {
	host, _, _ := net.SplitHostPort(address)
	ip, _ := netip.ParseAddrPort(addr.String())
	g := &gate{
		next: next, token: sha256.Sum256([]byte(o.Token)), open: o.Token == "", guarded: guarded,
		host: host, loopback: ip.Addr().IsLoopback(),
		origins: http.NewCrossOriginProtection(),
	}
	if u, err := url.Parse(public); err == nil && u.Host != "" {
		g.public = u
		_ = g.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host) // Start checked the URL
	}
	return g
}

// dashboardGuarded returns the paths of the dashboard that need the server's token. A vendor API
// needs the keys of its system instead.
func dashboardGuarded() []string { return []string{"/api/v1", "/metrics"} }

// ServeHTTP checks the Host name, the origin and the token, in this order. Anybody may ask whether
// the server is alive and ready.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/api/v1/healthz", "/api/v1/readyz":
		g.next.ServeHTTP(w, r)
		return
	}
	// A server with a token may have any name: the token is the stronger check.
	if g.open && !g.knownHost(r.Host) {
		problem.New(http.StatusMisdirectedRequest, fmt.Sprintf(
			"host %q is not a name of this server: use 127.0.0.1 or localhost, or start the server with a token", r.Host)).Write(w)
		return
	}
	if err := g.origins.Check(r); err != nil {
		problem.New(http.StatusForbidden, fmt.Sprintf(
			"a page of another origin (%s) may not write here", orUnknown(r.Header.Get("Origin")))).Write(w)
		return
	}
	guarded := func(path string) bool { return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/") }
	if slices.ContainsFunc(g.guarded, guarded) && g.crossOrigin(r) {
		problem.New(http.StatusForbidden, fmt.Sprintf(
			"a page of another origin (%s) may not read here", orUnknown(r.Header.Get("Origin")))).Write(w)
		return
	}
	if !g.open && slices.ContainsFunc(g.guarded, guarded) && !g.hasToken(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="hookrig"`)
		problem.New(http.StatusUnauthorized,
			"the server needs its token: send it as \"Authorization: Bearer TOKEN\" or \"X-Hookrig-Token: TOKEN\"").Write(w)
		return
	}
	g.next.ServeHTTP(w, r)
}

// hasToken reports whether the request carries the token. Programs written for webhook.site send
// theirs as Api-Key.
func (g *gate) hasToken(r *http.Request) bool {
	token := cmp.Or(r.Header.Get("X-Hookrig-Token"), r.Header.Get("Api-Key"))
	if token == "" {
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimSpace(value)
		}
	}
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// knownHost reports whether a Host header names this server with a name that no stranger can point
// at it. An IP address cannot be rebound. A DNS name can, unless nobody can own it in the public
// DNS.
func (g *gate) knownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	if g.public != nil && strings.EqualFold(g.public.Hostname(), host) {
		return true
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || host == strings.ToLower(g.host) && host != "" {
		return true
	}
	if g.loopback {
		return false
	}
	// Beyond loopback a server has names in its network, such as a container or a Kubernetes
	// service.
	if host != "" && !strings.Contains(host, ".") {
		return true
	}
	for _, private := range []string{".internal", ".local", ".test", ".home.arpa"} {
		if strings.HasSuffix(host, private) {
			return true
		}
	}
	return false
}

// crossOrigin reports whether a page of another origin made a browser send the request. Since 2023
// browsers send Sec-Fetch-Site to addresses that they trust (https and this machine). For others it
// checks Origin, where the browser sends it.
func (g *gate) crossOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	from := r.Header.Get("Origin")
	if from == "" {
		return false
	}
	at, err := url.Parse(from)
	return err != nil || !strings.EqualFold(at.Host, r.Host) && !(g.public != nil && strings.EqualFold(at.Host, g.public.Host))
}

func orUnknown(origin string) string {
	if origin == "" {
		return "unknown"
	}
	return origin
}

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

// gate lets through to the dashboard or a vendor API who may ask it. A web page somewhere else may not: neither by a name of its own that
// resolves to this machine (DNS rebinding), nor by a request that a browser sends along with it (cross-site request
// forgery).
type gate struct {
	next     http.Handler
	token    [sha256.Size]byte
	open     bool     // no token is asked for
	guarded  []string // the paths that ask for it, and those below; no page of another origin may read them
	host     string   // as it was told to listen on
	public   *url.URL // what stands behind the gate is called so from outside; nil without one
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
		_ = g.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host) // it was checked before
	}
	return g
}

// dashboardGuarded are the paths of the dashboard that ask for the server's token. A vendor API asks for its system's own keys.
func dashboardGuarded() []string { return []string{"/api/v1", "/metrics"} }

// ServeHTTP asks for a name, an origin and a token, in this order; whether the server is alive may be asked by anyone.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" || r.URL.Path == "/api/v1/healthz" {
		g.next.ServeHTTP(w, r)
		return
	}
	// A token proves more than a name does, and a guarded server may have a name of its own.
	if g.open && !g.knows(r.Host) {
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
	if slices.ContainsFunc(g.guarded, guarded) && g.foreign(r) {
		problem.New(http.StatusForbidden, fmt.Sprintf(
			"a page of another origin (%s) may not read here", orUnknown(r.Header.Get("Origin")))).Write(w)
		return
	}
	if !g.open && slices.ContainsFunc(g.guarded, guarded) && !g.shows(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="hookrig"`)
		problem.New(http.StatusUnauthorized,
			"the server asks for its token: send it as \"Authorization: Bearer TOKEN\" or \"X-Hookrig-Token: TOKEN\"").Write(w)
		return
	}
	g.next.ServeHTTP(w, r)
}

// shows says whether the request carries the token. Programs written for webhook.site send theirs as Api-Key.
func (g *gate) shows(r *http.Request) bool {
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

// knows says whether a Host header names this server with a name that no stranger can point at it. An address cannot be
// rebound; a name can, unless nobody can own it in the public DNS.
func (g *gate) knows(hostport string) bool {
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
	// Beyond loopback a server has the names of its network: a container's, a Kubernetes service's.
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

// foreign says whether a page of another origin had a browser send the request. Browsers say so since 2023, to addresses that they trust
// (https and this machine); elsewhere Origin says it, where they send one.
func (g *gate) foreign(r *http.Request) bool {
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

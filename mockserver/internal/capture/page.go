package capture

import (
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// stray returns the response to a request that names no bin. It is a 2xx only where nothing had to
// be stored.
func (c *conn) stray() *answer {
	s, r := c.s, &c.request
	target := below(content.Path(r.Target), s.base)
	path, _, _ := strings.Cut(target, "?")
	if s.o.Front.API != nil && r.refused == nil && isAPI(path) {
		return c.callAPI(target)
	}
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	if r.refused == nil && reading && (path == alivePath || path == readyPath) {
		return s.health(path)
	}
	if r.refused != nil && r.refused.language == speaksTLS {
		s.counters.tlsFailed.Add(1)
	} else {
		s.counters.strays.Add(1)
	}
	switch {
	case r.refused != nil:
		return newAnswer(journal.Response{Status: r.refused.status, Body: r.refused.problem + "\n"})
	case path == "/" && reading:
		return newAnswer(journal.Response{Body: s.usage()})
	case path == "/.well-known/hookrig" && reading:
		return newAnswer(journal.Response{Body: s.about()})
	default:
		return newAnswer(journal.Response{Status: http.StatusNotFound, Body: "not recorded: " + clip.Quote(redact.URL(r.Target)) + " names no bin\n\n" + s.usage()})
	}
}

// The paths of the probes of load balancers. No bin has such a name.
const (
	alivePath = "/.well-known/hookrig/healthz"
	readyPath = "/.well-known/hookrig/readyz"
)

// health answers a probe: the server is alive if it answers, and ready if it may get requests.
func (s *Server) health(path string) *answer {
	if path == readyPath && s.o.Ready != nil {
		if err := s.o.Ready(); err != nil {
			return newAnswer(journal.Response{Status: http.StatusServiceUnavailable, Body: "not ready: " + err.Error() + "\n"})
		}
	}
	return newAnswer(journal.Response{Body: "ok\n"})
}

// usage explains this address to a person.
func (s *Server) usage() string {
	text := "hookrig records webhooks. Send any request to " + s.url + "/<bin>, or to any path below it:\n" +
		"a bin is any name of letters, digits, \"-\", \"_\" and \".\", and exists from its first request on.\n\n" +
		"  curl -d '{\"hello\":\"world\"}' " + s.url + "/inbox\n"
	if dashboard := *s.dashboard.Load(); dashboard != "" {
		text += "\nThe dashboard is at " + dashboard + "\n"
	}
	return text
}

// about tells a program what this address is and where the dashboard is.
func (s *Server) about() string {
	about := struct {
		Name      string `json:"name"`
		Version   string `json:"version,omitempty"`
		Dashboard string `json:"dashboard"`
	}{Name: "hookrig", Version: s.o.Version, Dashboard: *s.dashboard.Load()}
	if build, ok := debug.ReadBuildInfo(); ok && about.Version == "" {
		about.Version = build.Main.Version
	}
	text, err := json.Marshal(about)
	if err != nil {
		panic(err) // a struct of strings can always be encoded
	}
	return string(text)
}

package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// forwardLimit is how long the consumer behind a bin has to respond.
const forwardLimit = 30 * time.Second

// forwarder forwards captures to the consumer behind a bin.
type forwarder struct {
	client *wire.Client
	to     *url.URL
	base   string // the path of the server's public URL
}

// newForwarder returns the forwarder for settings, or nil. Errors wrap ErrInvalid, or
// wire.ErrForbidden.
func (s *Server) newForwarder(set Settings) (*forwarder, error) {
	if set.Forward == "" {
		return nil, nil
	}
	u, err := url.Parse(set.Forward)
	where := "forward to " + clip.Quote(set.Forward)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("%w: %s: want the consumer's address, as in http://127.0.0.1:3000/hooks", ErrInvalid, where)
	case s.isOwn(u):
		return nil, fmt.Errorf("%w: %s: this is the capture address itself", ErrInvalid, where)
	case !set.Responses.isZero():
		return nil, fmt.Errorf("%w: %s: a bin that forwards returns the consumer's response: remove the scripted responses", ErrInvalid, where)
	case s.o.Wire == nil:
		return nil, fmt.Errorf("%w: %s: this server cannot forward", ErrInvalid, where)
	}
	if s.o.Wire.Forbids != nil {
		if err := s.o.Wire.Forbids(u.Hostname()); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	return &forwarder{client: s.o.Wire, to: u, base: s.base}, nil
}

// isOwn reports whether a URL points to this server, in any spelling: forwarding there would loop.
// It does not resolve names: the dialler checks their addresses.
func (s *Server) isOwn(u *url.URL) bool {
	if s.public != nil && strings.EqualFold(u.Host, s.public.Host) && (u.Path + "/")[:min(len(u.Path)+1, len(s.base)+1)] == s.base+"/" {
		return true
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, literal := wire.ParseAddress(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		ip, literal = netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]), 10, 16)
	return literal && err == nil && s.Listens(netip.AddrPortFrom(ip, uint16(port)))
}

// Listens reports whether this server listens at an address.
func (s *Server) Listens(at netip.AddrPort) bool {
	return listensAt(s.listener, at) || s.secured != nil && listensAt(s.secured.listener, at)
}

func listensAt(listener net.Listener, at netip.AddrPort) bool {
	own, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil || own.Port() != at.Port() {
		return false
	}
	ip, mine := at.Addr().WithZone("").Unmap(), own.Addr().WithZone("").Unmap()
	switch {
	case ip == mine, ip.IsUnspecified() && mine.IsLoopback():
		return true
	case !mine.IsUnspecified():
		return false
	case ip.IsLoopback(), ip.IsUnspecified():
		return true
	}
	addresses, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(addresses, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr().WithZone("").Unmap() == ip
	})
}

// forward sends the stored request to the consumer, and records its response with the capture
// before the sender gets it.
func (c *conn) forward(f *forwarder) *answer {
	s := c.s
	c.beginForward()
	response := f.passOn(s.forwarding, &c.capture)
	err := s.o.Store.SetResponse(s.ctx, c.capture.ID, response.record)
	if err != nil && !errors.Is(err, journal.ErrNotFound) { // the bin may have evicted it
		s.o.Log.Error("capture: a consumer's response was not stored", "capture", c.capture.ID, "error", err)
	}
	return response
}

// roomOfForward is how many bytes a request takes while it is forwarded: the consumer's response as
// read, recorded and written.
const roomOfForward = 4 * wire.DefaultMaxResponse

// concurrentForwards returns how many requests are forwarded at a time when InFlight is below its
// default; 0 has no bound.
func (o Options) concurrentForwards() int {
	if o.InFlight >= defaultInFlight {
		return 0
	}
	return int(max(2, o.InFlight/roomOfForward))
}

// beginForward waits until the request may be forwarded. endForward follows when its response is
// written.
func (c *conn) beginForward() {
	if c.s.forwards == nil {
		return
	}
	select {
	case c.s.forwards <- struct{}{}:
		c.forwards = true
	case <-c.s.forwarding.Done():
	}
}

func (c *conn) endForward() {
	if c.forwards {
		c.forwards = false
		<-c.s.forwards
	}
}

// passOn forwards a capture, unless it loops.
func (f *forwarder) passOn(ctx context.Context, c *journal.Capture) *answer {
	if n := hops(&c.Message); n >= maxHops {
		return newAnswer(journal.Response{Status: http.StatusLoopDetected, Body: fmt.Sprintf(
			"not forwarded to %s: the request has been forwarded %d times by hookrig: it is in a loop, because the consumer sends it back here\n", f.to, n)})
	}
	return f.pass(ctx, c)
}

// pass forwards a capture and returns the consumer's response for the sender. It returns a 502 when
// the consumer gives no response, and a 504 when the consumer takes too long.
func (f *forwarder) pass(ctx context.Context, c *journal.Capture) *answer {
	ctx, cancel := context.WithTimeout(ctx, forwardLimit)
	defer cancel()
	m := f.request(c)
	got := f.client.Send(ctx, f.to.String(), m)
	status, why := http.StatusBadGateway, ""
	switch {
	case errors.Is(got.Err, wire.ErrTimeout):
		status, why = http.StatusGatewayTimeout, got.Err.Error()
	case got.Err != nil:
		why = wire.Reason(got.Err)
	case got.Status < 200:
		why = fmt.Sprintf("it answered %d", got.Status)
	case got.Response.Truncated:
		why = fmt.Sprintf("the body of its response has more than %d bytes", len(got.Response.Body))
	default:
		return passedOn(got.Response, m.Method)
	}
	return newAnswer(journal.Response{Status: status, Body: noResponse + f.to.Host + passOn + why + "\n"})
}

// The server's text in place of a consumer's response, around the consumer's host.
const (
	noResponse = "hookrig has no response of "
	passOn     = " to pass on: "
)

// NoResponse recognises the server's response for a consumer that gave none, and returns the
// reason.
func NoResponse(r journal.Response) (why string, ok bool) {
	text, ok := strings.CutPrefix(r.Body, noResponse)
	if !ok || len(r.Lines) > 0 || r.Status != http.StatusBadGateway && r.Status != http.StatusGatewayTimeout {
		return "", false // a consumer's response has header lines
	}
	_, why, ok = strings.Cut(text, passOn)
	return strings.TrimSpace(why), ok
}

// request returns the request for the consumer: the captured request with the consumer's URL and
// Host, without the header lines of the sender's connection, and with a head that states the body's
// end.
func (f *forwarder) request(c *journal.Capture) wire.Message {
	m := c.Message
	m.Version = "HTTP/1.1"
	m.Target = forwardTarget(f.to, c.Target, f.base)
	wire.Refit(&m)
	lines := m.Headers
	m.Headers = make(signature.Headers, 0, len(lines)+1)
	addressed := false
	for _, line := range lines {
		if is(line.Name, "Host") {
			if addressed {
				continue
			}
			addressed, line.Value = true, f.to.Host
		}
		m.Headers = append(m.Headers, line)
	}
	if !addressed {
		m.Headers.Add("Host", f.to.Host)
	}
	m.Headers.Add("Via", via) // RFC 9110 §7.6.3; it makes loops visible
	return m
}

// via is the line that each forwarding bin adds to a request.
const via = "1.1 hookrig"

// maxHops is how often bins may forward a request.
const maxHops = 5

// hops counts how often bins have forwarded a request.
func hops(m *wire.Message) (n int) {
	for _, value := range m.Headers.Values("Via") {
		for hop := range strings.SplitSeq(value, ",") {
			if strings.TrimSpace(hop) == via {
				n++
			}
		}
	}
	return n
}

// ForwardURL returns the URL that a bin forwards a request to: its forward URL, followed by what
// comes after the bin's name in the request's target. It returns an unreadable forward URL
// unchanged.
func ForwardURL(forward, target string) string {
	to, err := url.Parse(forward)
	if err != nil {
		return forward
	}
	return to.Scheme + "://" + to.Host + forwardTarget(to, target, "")
}

// forwardTarget returns the consumer's path, followed by what comes after the bin's name in the
// request.
func forwardTarget(to *url.URL, target, base string) string {
	_, rest := splitTarget(target, base) // the request may use another name of the bin
	rest, _, _ = strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	return replay.Join(to, path, query)
}

// passedOn returns the consumer's response as an answer: its header lines in their order and case,
// without those of the consumer's connection. The record has them all.
func passedOn(r wire.Response, method string) *answer {
	a := newAnswer(journal.Response{Status: r.Status, Lines: r.Headers}.WithBody(r.Body))
	a.length, a.last, a.date, a.connection = false, false, false, false
	var head strings.Builder
	head.WriteString(statusLine(r.Status))
	connected := wire.OfConnection(r.Headers)
	for _, line := range r.Headers {
		switch {
		case connected(line.Name), is(line.Name, "Transfer-Encoding"):
			continue
		case is(line.Name, "Content-Length"):
			if method != http.MethodHead {
				continue // recomputed
			}
			a.length = true
		case is(line.Name, "Date"):
			a.date = true
		}
		head.WriteString(line.Name + ": " + line.Value + "\r\n")
	}
	a.head = head.String()
	return a
}

package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/memory"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// Options of a Server.
type Options struct {
	Addr      string // host:port; "" is 127.0.0.1:0
	TLS       TLS    // a second address that speaks TLS; the zero value is none
	Store     journal.Store
	Catalogue *fixtures.Catalogue // verifies captures; nil knows no provider
	// PublicURL is the URL of the capture address from outside, behind a proxy or a container's
	// ports; "" is http://HOST:PORT. With a path, requests may come with it or without.
	PublicURL string
	// Dashboard is the dashboard's URL, returned to clients that request "/.well-known/hookrig".
	Dashboard string
	// Version of the program, returned there too; "" is the module's version.
	Version string
	MaxBody int // bytes; 0 is 16 MiB
	MaxHead int // bytes; 0 is 64 KiB
	// connections at a time; 0 is 16 384, or 11/16 of the process's file limit if that is less
	MaxConns int
	// bytes of requests that are not stored yet, over all connections, plus one body; 0 is 256 MiB
	InFlight int64
	// Wire forwards for bins; nil forbids forwarding. It should refuse the addresses for which
	// Server.Listens is true.
	Wire  *wire.Client
	Known Known            // secrets for bins that name no provider
	Front Front            // an API at the capture address; zero is none
	Now   func() time.Time // the clock of Capture.At; nil is time.Now
	// Ready returns why the server should get no requests now, or nil; nil is always ready.
	Ready func() error
	Log   *slog.Logger // nil logs nothing
}

// defaultInFlight is the default of Options.InFlight.
const defaultInFlight = 256 << 20

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 16 << 20
	}
	if o.MaxHead <= 0 {
		o.MaxHead = wire.MaxHead
	}
	if o.InFlight <= 0 {
		o.InFlight = defaultInFlight
	}
	if o.MaxConns <= 0 {
		o.MaxConns = maxConns(wire.OpenFiles())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// maxConns returns how many connections the server accepts at a time. The limit leaves enough file
// descriptors to answer a refused connection, and for the dashboard, the journal and consumers.
func maxConns(files uint64) int {
	const limit = 16384
	if files == 0 {
		return limit
	}
	return int(min(limit, max(1, files/16*11)))
}

// Server records every request that its address receives. It stores a capture before it writes the
// first byte of the response.
type Server struct {
	*query.Searcher // finds captures

	o          Options
	limits     limits
	room       *memory.Room  // for requests that are not stored yet
	forwards   chan struct{} // holds one for each request being forwarded; nil has no bound
	apiCalls   chan struct{} // holds one for each API response in progress
	kept       int           // bytes of each buffer that a connection keeps
	listener   net.Listener
	secured    *secured // nil: no TLS
	url        string   // the public URL
	public     *url.URL // PublicURL; nil without one
	base       string   // the path of public, without a final slash
	dashboard  atomic.Pointer[string]
	bins       bins
	checks     checks
	counters   counters
	irregular  analysis.Irregulars
	foreigners foreigners
	since      time.Time
	accepted   *answer // the response of a bin without a script

	// for requests; it never ends, so that requests that were cut off are recorded too
	ctx     context.Context
	closing chan struct{} // closed when Close begins

	draining atomic.Bool // responses end their connections

	stopFollowing func() // see follow

	// delayCtx bounds delayed responses. It is cancelled when Close starts.
	delayCtx   context.Context
	stopDelays context.CancelFunc

	// forwarding bounds forwarded requests. It is cancelled when Close's deadline passes.
	forwarding     context.Context
	stopForwarding context.CancelFunc

	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
	work   sync.WaitGroup // the accepting goroutine and one for each connection
}

// MaxBody returns how many bytes the body of a request may have.
func (s *Server) MaxBody() int { return s.o.MaxBody }

// Start listens and serves until Close. The end of ctx only cancels the start. Start reads the
// bins' settings from the store.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{
		o:        o.withDefaults(),
		limits:   defaultLimits(),
		since:    time.Now().UTC(),
		closing:  make(chan struct{}),
		conns:    map[*conn]struct{}{},
		accepted: newAnswer(journal.Response{}),
		apiCalls: make(chan struct{}, maxAPICalls),
	}
	s.room = memory.NewRoom(s.o.InFlight)
	s.Searcher = query.New(query.Options{Store: s.o.Store, Now: s.o.Now, Memory: s.o.InFlight})
	if n := s.o.concurrentForwards(); n > 0 {
		s.forwards = make(chan struct{}, n)
	}
	s.kept = int(min(maxKept, max(http1.FirstSpace, s.o.InFlight/http1.FirstSpace)))
	s.SetDashboard(o.Dashboard)
	var err error
	if s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.o.Addr); err != nil {
		return nil, err
	}
	s.url = "http://" + wire.Reachable(s.listener.Addr())
	if o.PublicURL != "" {
		if s.public, err = url.Parse(o.PublicURL); err != nil {
			return nil, errors.Join(err, s.listener.Close())
		}
		s.url = strings.TrimRight(o.PublicURL, "/")
		s.base = strings.TrimRight(s.public.Path, "/")
	}
	if s.secured, err = listenTLS(ctx, s.o.TLS); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrTLS, err), s.listener.Close())
	}
	s.ctx = context.WithoutCancel(ctx)
	s.follow()
	if err := s.restore(ctx); err != nil {
		s.stopListening()
		s.stopFollowing()
		return nil, fmt.Errorf("read the settings of bins: %w", err)
	}
	s.forwarding, s.stopForwarding = context.WithCancel(s.ctx)
	s.delayCtx, s.stopDelays = context.WithCancel(s.ctx)
	s.work.Add(1)
	go s.accept(s.listener, func(socket net.Conn) net.Conn { return socket })
	if s.secured != nil {
		s.work.Add(1)
		go s.accept(s.secured.listener, func(socket net.Conn) net.Conn { return tls.Server(socket, s.secured.config) })
	}
	return s, nil
}

// Address returns host:port where this machine reaches the server.
func (s *Server) Address() string { return wire.Reachable(s.listener.Addr()) }

// URL returns http://host:port or the public URL, without a final slash. A bin is at URL()/<bin>.
func (s *Server) URL() string { return s.url }

// SetDashboard sets the dashboard's URL once it is known.
func (s *Server) SetDashboard(url string) { s.dashboard.Store(&url) }

// Connections returns how many connections are open now.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Drain makes every response end its connection, so that senders make new ones, to another server.
func (s *Server) Drain() { s.draining.Store(true) }

// stopListening closes the listeners, which ends accept. It ignores their errors: nobody can act on
// them.
func (s *Server) stopListening() {
	_ = s.listener.Close()
	if s.secured != nil {
		_ = s.secured.listener.Close()
	}
}

// Close stops listening, lets the requests under way finish until ctx ends, and waits for every
// goroutine. It does not wait for responses that are delayed or hang: their connections end
// unanswered. Requests that were cut off are recorded as aborted, and the error then wraps ctx's.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
		s.room.Close()
		s.Searcher.Close()
		s.stopDelays()
		s.stopListening()
		s.stopFollowing()
	}
	for c := range s.conns {
		c.wake()
	}
	s.mu.Unlock()
	defer s.stopForwarding()

	done := make(chan struct{})
	go func() {
		s.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.stopForwarding()
	s.mu.Lock()
	cut := len(s.conns)
	for c := range s.conns {
		_ = c.tcp().Close() // its goroutine sees the error and ends
	}
	s.mu.Unlock()
	<-done
	if cut == 0 {
		return nil
	}
	return fmt.Errorf("close the capture server: %d connections were cut off: %w", cut, ctx.Err())
}

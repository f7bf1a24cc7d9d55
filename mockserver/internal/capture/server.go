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
	Catalogue *fixtures.Catalogue // for verification on arrival; nil knows no provider
	// PublicURL is what the capture address is called from outside, behind a proxy or a container's ports; "" is http://HOST:PORT. With a path, requests
	// may come with it or without.
	PublicURL string
	// Dashboard is the dashboard's URL, told to clients that ask the capture address for it ("/.well-known/hookrig").
	Dashboard string
	// Version of the program, told there too; "" is that of the module.
	Version  string
	MaxBody  int   // bytes; 0 is 16 MiB
	MaxHead  int   // bytes; 0 is 64 KiB
	MaxConns int   // connections at a time; 0 is 16 384, or eleven sixteenths of the files that may be open
	InFlight int64 // bytes of requests that are not stored yet, of all connections, and one body more; 0 is 256 MiB
	// Wire is what bins forward with; nil forbids it. It should refuse what Server.Listens at.
	Wire  *wire.Client
	Known Known            // secrets that bins need not be told
	Front Front            // an API at the capture address itself; zero is none
	Now   func() time.Time // the clock of Capture.At; nil is time.Now
	Log   *slog.Logger     // nil is silence
}

// usualInFlight is the default of Options.InFlight.
const usualInFlight = 256 << 20

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
		o.InFlight = usualInFlight
	}
	if o.MaxConns <= 0 {
		o.MaxConns = mostConns(wire.OpenFiles())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// mostConns is how many connections there may be at a time: a number that is refused with an answer, before the files that
// the process may open run out. The dashboard, the journal and consumers need some of them.
func mostConns(files uint64) int {
	const most = 16384
	if files == 0 {
		return most
	}
	return int(min(most, max(1, files/16*11)))
}

// Server records every request that its address receives. A capture is stored before the first byte of its response.
type Server struct {
	*query.Searcher // finds what is recorded

	o          Options
	limits     limits
	room       *memory.Room  // for what is not stored yet
	forwards   chan struct{} // holds one for each request that is being passed on; nil is without bound
	apiCalls   chan struct{} // holds one for each answer of the front's API
	kept       int           // bytes that a connection keeps of each of its buffers
	listener   net.Listener
	secured    *secured // nil: no TLS
	url        string   // as it is told
	public     *url.URL // PublicURL; nil without one
	base       string   // its path, without a slash at the end
	dashboard  atomic.Pointer[string]
	bins       bins
	checks     checks
	tally      tally
	irregular  analysis.Irregulars
	foreigners foreigners
	since      time.Time
	accepted   *answer // what a bin without a script answers

	ctx     context.Context // of the work for requests; it does not end, so that what was cut off is recorded too
	closing chan struct{}   // closed when Close begins

	// delayCtx bounds delayed responses. It is cancelled when Close starts.
	delayCtx     context.Context
	stopPatience context.CancelFunc

	// forwarding is of the requests passed on to consumers: it ends when Close has no more patience.
	forwarding     context.Context
	stopForwarding context.CancelFunc

	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
	work   sync.WaitGroup // the accepting goroutine and one for each connection
}

// MaxBody is how many bytes the body of a request may have.
func (s *Server) MaxBody() int { return s.o.MaxBody }

// Start listens and serves until Close. The end of ctx only keeps it from starting. The settings of bins are read from
// the store.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{
		o:        o.withDefaults(),
		limits:   usualLimits(),
		since:    time.Now().UTC(),
		closing:  make(chan struct{}),
		conns:    map[*conn]struct{}{},
		accepted: newAnswer(journal.Response{}),
		apiCalls: make(chan struct{}, mostAPICalls),
	}
	s.room = memory.NewRoom(s.o.InFlight)
	s.Searcher = query.New(query.Options{Store: s.o.Store, Now: s.o.Now, Memory: s.o.InFlight})
	if n := s.o.forwardsAtOnce(); n > 0 {
		s.forwards = make(chan struct{}, n)
	}
	s.kept = int(min(mostKept, max(http1.FirstSpace, s.o.InFlight/http1.FirstSpace)))
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
	if err := s.restore(ctx); err != nil {
		s.stopListening()
		return nil, fmt.Errorf("read the settings of bins: %w", err)
	}
	s.ctx = context.WithoutCancel(ctx)
	s.forwarding, s.stopForwarding = context.WithCancel(s.ctx)
	s.delayCtx, s.stopPatience = context.WithCancel(s.ctx)
	s.work.Add(1)
	go s.accept(s.listener, func(socket net.Conn) net.Conn { return socket })
	if s.secured != nil {
		s.work.Add(1)
		go s.accept(s.secured.listener, func(socket net.Conn) net.Conn { return tls.Server(socket, s.secured.config) })
	}
	return s, nil
}

// Address is where the server listens, as this machine reaches it: host:port.
func (s *Server) Address() string { return wire.Reachable(s.listener.Addr()) }

// URL is http://host:port, without a final slash; a bin's address is URL()/<bin>.
func (s *Server) URL() string { return s.url }

// SetDashboard tells the server the dashboard's URL once it is known.
func (s *Server) SetDashboard(url string) { s.dashboard.Store(&url) }

// Connections is how many there are now.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// stopListening closes the listeners: the one way to end Accept. What they say of it is of no use to anyone.
func (s *Server) stopListening() {
	_ = s.listener.Close()
	if s.secured != nil {
		_ = s.secured.listener.Close()
	}
}

// Close stops listening, lets the requests under way finish until ctx ends, and waits for every goroutine. Responses that
// are delayed or hang are not waited for: their connections end unanswered. Requests that were cut off are recorded as
// aborted, and the error wraps ctx's then.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
		s.room.Close()
		s.Searcher.Close()
		s.stopPatience()
		s.stopListening()
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
		_ = c.tcp().Close() // its goroutine notices
	}
	s.mu.Unlock()
	<-done
	if cut == 0 {
		return nil
	}
	return fmt.Errorf("close the capture server: %d connections were cut off: %w", cut, ctx.Err())
}

package mockserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/webhooksite"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Options of a Server. The zero value is a server for tests: memory, virtual clock, free ports on loopback, no dashboard.
type Options struct {
	// Store keeps the journal; nil is NewMemory with its default limits. Close does not close a Store that was given.
	Store Store
	// MaxBody bounds the body of a request to the capture address, in bytes; 0 is 16 MiB.
	MaxBody int
	// Catalogue holds the providers; nil is fixtures.Builtin.
	Catalogue *fixtures.Catalogue
	// Capture is the capture address, host:port; "" is 127.0.0.1:0, a free port.
	Capture string
	// CaptureTLS is a second capture address, host:port, that speaks TLS; "" is none. See capture.TLS.
	CaptureTLS string
	// CADir is the folder that keeps the certificate authority of CaptureTLS; "" has a new one with every start.
	CADir string
	// CaptureURL and DashboardURL are what the two addresses are called from outside: behind a proxy, below a path, in a container whose ports are
	// published. They are what is printed and returned. "" is what they listen on, as this machine reaches it.
	CaptureURL   string
	DashboardURL string
	// Dashboard makes the HTTP API and page over the server (dashboard.Handler); nil is none.
	Dashboard func(Parts) http.Handler
	// DashboardAddress is the dashboard's, host:port; "" is 127.0.0.1:0.
	DashboardAddress string
	// VendorAPIs are the systems' own APIs, by provider: what a program written against one talks to. Each has the address
	// that Addresses gives it; the dashboard serves all of them too, below their names. One with neither takes a free port.
	VendorAPIs map[string]VendorAPI
	// Addresses are those of VendorAPIs, by provider, host:port.
	Addresses map[string]string
	// Demo adds a demo tenant to every provider, whose key is entities.DemoKey, unless some address can be reached from
	// other machines.
	Demo bool
	// Tenants are added to their providers, or replace those of their names.
	Tenants []Tenant
	// RealClock has retries follow the wall clock; without it they wait for Advance.
	RealClock bool
	// Start is where the virtual clock starts; zero is fixtures.DefaultStart.
	Start time.Time
	// Seed is the seed of the events that name none. StartT picks a random one where it is 0.
	Seed uint64
	// AllowTargets are CIDRs and hosts that may be delivered to, as loopback may.
	AllowTargets []string
	// Lookup resolves the names of hosts that are delivered to; nil is the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Trust decides which certificates of https consumers are taken, by deliveries, forwards and resends. The zero value takes what the
	// system's authorities vouch for.
	Trust Trust
	// Token is what callers of the dashboard must show; "" asks for none.
	Token string
	// Insecure allows addresses beyond loopback without a Token.
	Insecure bool
	// Log is told what goes wrong in the background; nil is silence.
	Log *slog.Logger
	// Version of the program, as it says of itself to clients; "" is that of the module.
	Version string
}

// Server is a running server: providers that send, bins that record, one journal.
type Server struct {
	catalogue  *fixtures.Catalogue
	seed       uint64
	store      Store
	ownStore   bool        // opened here, so closed here
	wire       *HTTPClient // of deliveries and resends
	forwarding *HTTPClient // of forwards; nil before the capture address is made
	dispatcher *delivery.Dispatcher
	entities   *entities.Registry
	capture    *capture.Server
	dashboard  *webServer // nil without one
	vendorAPIs []*vendorAPIServer

	journeys atomic.Uint64 // journeys drawn so far, so that each is another life
	closed   sync.Once
	err      error // of Close
}

// Start starts a server. Close it; the end of ctx only keeps it from starting. Errors say which option was wrong, or which
// address could not be had (they wrap *net.OpError then).
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	if err := o.checkAddresses(); err != nil {
		return nil, err
	}
	guard, err := wire.NewGuard(o.AllowTargets)
	if err != nil {
		return nil, fmt.Errorf("allowed targets: %w", err)
	}
	guard.Lookup = o.Lookup
	s := &Server{catalogue: o.Catalogue, seed: o.Seed, store: o.Store}
	guard.Own = s.listens
	client := &HTTPClient{Dial: guard.Dial, Forbids: guard.CheckLiteral, Reroute: s.reroute, Trust: o.Trust}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Catalogue == nil {
		o.Catalogue = fixtures.Builtin()
	}
	s.catalogue, s.wire = o.Catalogue, client
	if s.store == nil {
		s.store, s.ownStore = NewMemory(MemoryOptions{}), true
	}
	if err := s.start(ctx, o, client, guard); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// start starts the parts in the order in which they need each other.
func (s *Server) start(ctx context.Context, o Options, client *HTTPClient, guard *Guard) (err error) {
	s.dispatcher, err = delivery.New(ctx, delivery.Options{
		Catalogue: o.Catalogue, Store: s.store, Virtual: !o.RealClock, Start: o.Start, Seed: o.Seed, Wire: client, Log: o.Log,
		Hold: true,
	})
	if err != nil {
		return fmt.Errorf("start the providers: %w", err)
	}
	s.entities, err = entities.New(ctx, entities.Options{
		Catalogue: o.Catalogue, Store: s.store, Dispatcher: s.dispatcher, Seed: o.Seed, Demo: o.Demo && !o.exposed(),
	})
	if err != nil {
		return fmt.Errorf("start the providers: %w", err)
	}
	for _, t := range o.Tenants {
		if _, err := s.entities.PutTenant(ctx, t); err != nil {
			return err
		}
	}
	front, err := s.front(ctx, o)
	if err != nil {
		return err
	}
	s.capture, err = capture.Start(ctx, capture.Options{
		Addr: o.Capture, PublicURL: o.CaptureURL, TLS: capture.TLS{Addr: o.CaptureTLS, Dir: o.CADir}, Store: s.store, Catalogue: o.Catalogue, Wire: s.forwards(guard, o.Trust),
		Front: front, Known: s.known(), Log: o.Log, Version: o.Version, MaxBody: o.MaxBody, InFlight: inFlight(s.store.Limits().Bytes),
	})
	switch {
	case errors.Is(err, capture.ErrTLS):
		return listenError("TLS capture", o.CaptureTLS, err)
	case err != nil:
		return listenError("capture", o.Capture, err)
	}
	if err := s.makeVendorAPIs(ctx, o, guard); err != nil {
		return err
	}
	if err := s.startVendorAPIs(o); err != nil {
		return err
	}
	s.dispatcher.Resume() // the bins that deliveries may go to listen now
	if o.Dashboard == nil {
		return nil
	}
	handler := o.Dashboard(Parts{
		Dispatcher: s.dispatcher, Entities: s.entities, Capture: s.capture, Store: s.store, Catalogue: o.Catalogue, Wire: client, VendorAPIs: s.vendorAPIAddresses(),
	})
	if s.dashboard, err = startWeb(o, o.DashboardAddress, dashboardGuarded(), s.withVendorAPIs(handler)); err != nil {
		return listenError("dashboard", o.DashboardAddress, err)
	}
	if o.DashboardURL != "" {
		s.dashboard.url = strings.TrimRight(o.DashboardURL, "/")
	}
	s.capture.SetDashboard(s.dashboard.url)
	return nil
}

// listens says whether an address is that of this server's bins.
func (s *Server) listens(at netip.AddrPort) bool { return s.capture != nil && s.capture.Listens(at) }

// reroute leads what goes to the public URL of the bins to where they listen: the public name may not be known here, or not lead back.
func (s *Server) reroute(to string) string {
	if s.capture == nil || s.capture.URL() == "http://"+s.capture.Address() {
		return to
	}
	rest, ok := strings.CutPrefix(to, s.capture.URL())
	if !ok || rest != "" && rest[0] != '/' && rest[0] != '?' {
		return to
	}
	return "http://" + s.capture.Address() + rest
}

// forwards is the client that bins forward with: not to themselves, whatever a name leads to.
func (s *Server) forwards(guard *Guard, trust Trust) *HTTPClient {
	own := *guard
	own.Own = nil
	own.Refuse = func(at netip.AddrPort) error {
		if s.listens(at) {
			return fmt.Errorf("%w: %s is this capture address itself", wire.ErrForbidden, at)
		}
		return nil
	}
	s.forwarding = &HTTPClient{Dial: own.Dial, Forbids: own.CheckLiteral, Trust: trust}
	return s.forwarding
}

// known are the secrets of what is sent from here.
func (s *Server) known() capture.Known {
	return capture.Known{Signers: s.dispatcher.Signers, Secrets: func(name, bin string) []capture.Secret {
		found := s.dispatcher.Secrets(name, bin)
		list := make([]capture.Secret, len(found))
		for i, k := range found {
			list[i] = capture.Secret(k)
		}
		return list
	}}
}

// inFlight is how many bytes of requests the capture server holds that are not stored yet, where so many bytes are kept.
func inFlight(kept int64) int64 { return min(256<<20, kept/2) }

// front is the API that the capture address speaks besides, guarded as the dashboard is.
func (s *Server) front(ctx context.Context, o Options) (capture.Front, error) {
	tokens, err := webhooksite.New(ctx, webhooksite.Options{Store: s.store, Log: o.Log})
	if err != nil {
		return capture.Front{}, fmt.Errorf("start the capture address: %w", err)
	}
	address, err := net.ResolveTCPAddr("tcp", o.Capture)
	if err != nil {
		return capture.Front{}, err // it was checked before
	}
	front := tokens.Front()
	front.API = newGate(o, o.CaptureURL, o.Capture, address, []string{"/token"}, front.API)
	return front, nil
}

// grace bounds how long Close waits for requests under way.
const grace = 5 * time.Second

// Close stops everything and waits for it, five seconds at most for open requests. You may call it twice.
func (s *Server) Close() error {
	s.closed.Do(func() { s.err = s.close() })
	return s.err
}

// close stops who asks before who is asked: the dashboard and the vendor APIs, the senders, the receiver, the journal. So a delivery to a bin
// of this server is not recorded as refused only because the server stopped.
func (s *Server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var errs []error
	if s.dashboard != nil {
		errs = append(errs, s.dashboard.close(ctx))
	}
	errs = append(errs, s.closeVendorAPIs(ctx))
	if s.dispatcher != nil {
		errs = append(errs, s.dispatcher.Close())
	}
	if s.capture != nil {
		errs = append(errs, s.capture.Close(ctx))
	}
	s.wire.CloseIdle()
	if s.forwarding != nil {
		s.forwarding.CloseIdle()
	}
	if s.ownStore {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// ListensOn is the capture address as this machine reaches it, host:port, whatever CaptureURL says.
func (s *Server) ListensOn() string { return s.capture.Address() }

// DashboardListensOn is the dashboard's address as this machine reaches it, host:port, or "" without one.
func (s *Server) DashboardListensOn() string {
	if s.dashboard == nil {
		return ""
	}
	return s.dashboard.address
}

// CaptureURL is the capture address, http://host:port, or the public URL that it was given.
func (s *Server) CaptureURL() string { return s.capture.URL() }

// CaptureTLSURL is the capture address that speaks TLS, https://host:port, or "" without one.
func (s *Server) CaptureTLSURL() string { return s.capture.TLSURL() }

// CA is the certificate of the authority to trust at CaptureTLSURL, as PEM; nil without one.
func (s *Server) CA() []byte { return s.capture.CA() }

// DashboardURL is the dashboard's address, http://host:port, or the public URL that it was given; "" without one.
func (s *Server) DashboardURL() string {
	if s.dashboard == nil {
		return ""
	}
	return s.dashboard.url
}

// Advance moves the virtual clock forward and makes every attempt that is then due. ErrRealClock.
func (s *Server) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return s.dispatcher.Advance(ctx, by)
}

// Client drives the server in this process.
func (s *Server) Client() *Client { return &Client{transport: &local{s}} }

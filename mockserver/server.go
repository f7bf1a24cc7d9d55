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

// Options configure a Server. The zero value is a server for tests: memory, virtual clock, free
// ports on loopback, no dashboard.
type Options struct {
	// Store keeps the journal; nil is NewMemory with its default limits. Close does not close a
	// Store that you pass here.
	Store Store
	// MaxBody bounds the body of a request to the capture address, in bytes; 0 is 16 MiB.
	MaxBody int
	// Catalogue holds the providers; nil is fixtures.Builtin.
	Catalogue *fixtures.Catalogue
	// Capture is the capture address, host:port; "" is 127.0.0.1:0, a free port.
	Capture string
	// CaptureTLS is a second capture address, host:port, that speaks TLS; "" is none.
	CaptureTLS string
	// CADir is the folder that keeps the certificate authority of CaptureTLS; "" makes a new one at
	// every start.
	CADir string
	// CaptureURL and DashboardURL are the public URLs of the two addresses, for a server behind a
	// proxy, below a path, or in a container with published ports. The server prints and returns
	// them. "" is the listening address as this machine reaches it.
	CaptureURL   string
	DashboardURL string
	// Dashboard makes the HTTP API and the page (dashboard.Handler); nil is none.
	Dashboard func(Parts) http.Handler
	// DashboardAddress is the dashboard's address, host:port; "" is 127.0.0.1:0.
	DashboardAddress string
	// VendorAPIs are the emulated vendor APIs, by provider, for programs that are clients of the
	// real API. The dashboard serves each of them below its name, and Addresses may give it a
	// separate address. Without either it takes a free port.
	VendorAPIs map[string]VendorAPI
	// Addresses are the addresses of VendorAPIs, by provider, host:port.
	Addresses map[string]string
	// Demo adds a demo tenant with the API key "demo-key" to every provider, unless other machines
	// can reach one of the addresses.
	Demo bool
	// Tenants are added to their providers. A tenant replaces an existing one with the same name.
	Tenants []Tenant
	// RealClock makes retries follow the wall clock; without it they wait for Advance.
	RealClock bool
	// Start is where the virtual clock starts; zero is fixtures.DefaultStart.
	Start time.Time
	// Seed renders the events that have no seed. StartT replaces 0 with a random seed.
	Seed uint64
	// AllowTargets are the CIDRs and hosts, in addition to loopback, that deliveries may go to.
	AllowTargets []string
	// Lookup resolves the host names of deliveries; nil is the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Trust says which certificates of https consumers to accept, for deliveries, forwards and
	// resends. The zero value accepts the system's certificate authorities.
	Trust Trust
	// Token is the token that callers of the dashboard must send; "" needs none.
	Token string
	// Insecure allows addresses beyond loopback without a Token.
	Insecure bool
	// Log gets the errors that happen in the background; nil discards them.
	Log *slog.Logger
	// BurstWorkers is how many shards of bursts the program sends at a time. The server only lists
	// it: see Nodes.
	BurstWorkers int
	// Version is the program's version, which it reports to clients; "" is the module's version.
	Version string
}

// Server is a running server: providers that send, bins that record, one journal.
type Server struct {
	catalogue  *fixtures.Catalogue
	seed       uint64
	store      Store
	ownStore   bool        // Start made the store, so Close closes it
	wire       *HTTPClient // for deliveries and resends
	forwarding *HTTPClient // for forwards; nil until the capture server starts
	dispatcher *delivery.Dispatcher
	entities   *entities.Registry
	capture    *capture.Server
	site       *webhooksite.API
	dashboard  *webServer // nil without one
	vendorAPIs []*vendorAPIServer
	node       *node
	draining   atomic.Bool // see Drain

	journeys atomic.Uint64 // journeys rendered so far, so that each is about another entity
	closed   sync.Once
	err      error // the result of Close
}

// Start starts a server, which you must Close. After Start has returned, the end of ctx does not
// stop the server. Errors say which option was wrong, or which address could not be opened (then
// they wrap *net.OpError).
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
	s.node = newNode(o, s.store)
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
		Addr: o.Capture, PublicURL: o.CaptureURL, TLS: capture.TLS{Addr: o.CaptureTLS, Dir: o.CADir}, Store: s.store, Catalogue: o.Catalogue, Wire: s.forwardClient(guard, o.Trust),
		Front: front, Known: s.knownSecrets(), Ready: s.Ready, Log: o.Log, Version: o.Version, MaxBody: o.MaxBody, InFlight: inFlight(s.store.Limits().Bytes),
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
	s.dispatcher.Resume() // deliveries may go to bins, which listen from here on
	if o.Dashboard == nil {
		return s.node.start(ctx, s)
	}
	handler := o.Dashboard(Parts{
		Dispatcher: s.dispatcher, Entities: s.entities, Capture: s.capture, Store: s.store, Catalogue: o.Catalogue, Wire: client, VendorAPIs: s.vendorAPIAddresses(),
		Nodes: s.Nodes, Ready: s.Ready,
	})
	if s.dashboard, err = startWeb(o, o.DashboardAddress, dashboardGuarded(), s.endingConnections(s.withVendorAPIs(handler))); err != nil {
		return listenError("dashboard", o.DashboardAddress, err)
	}
	if o.DashboardURL != "" {
		s.dashboard.url = strings.TrimRight(o.DashboardURL, "/")
	}
	s.capture.SetDashboard(s.dashboard.url)
	return s.node.start(ctx, s)
}

// listens reports whether the bins of this server listen on an address.
func (s *Server) listens(at netip.AddrPort) bool { return s.capture != nil && s.capture.Listens(at) }

// reroute replaces the public URL of the bins with the address that they listen on, because this
// machine may not resolve the public name or reach itself by it.
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

// forwardClient returns the client that bins forward with. It refuses to send to the bins
// themselves, whatever a name resolves to.
func (s *Server) forwardClient(guard *Guard, trust Trust) *HTTPClient {
	own := *guard
	own.Own = nil
	own.Refuse = func(at netip.AddrPort) error {
		if s.listens(at) {
			return fmt.Errorf("%w: %s is the capture address of this server", wire.ErrForbidden, at)
		}
		return nil
	}
	s.forwarding = &HTTPClient{Dial: own.Dial, Forbids: own.CheckLiteral, Trust: trust}
	return s.forwarding
}

// knownSecrets returns the secrets of the server's endpoints, to verify captures with.
func (s *Server) knownSecrets() capture.Known {
	return capture.Known{Signers: s.dispatcher.Signers, Secrets: func(name, bin string) []capture.Secret {
		found := s.dispatcher.Secrets(name, bin)
		list := make([]capture.Secret, len(found))
		for i, k := range found {
			list[i] = capture.Secret(k)
		}
		return list
	}}
}

// inFlight returns how many bytes of unstored requests the capture server may have in memory, for a
// store that keeps so many bytes.
func inFlight(kept int64) int64 { return min(256<<20, kept/2) }

// front returns the webhook.site API, which the capture address also serves. It is guarded like the
// dashboard.
func (s *Server) front(ctx context.Context, o Options) (capture.Front, error) {
	tokens, err := webhooksite.New(ctx, webhooksite.Options{Store: s.store, Log: o.Log})
	if err != nil {
		return capture.Front{}, fmt.Errorf("start the capture address: %w", err)
	}
	address, err := net.ResolveTCPAddr("tcp", o.Capture)
	if err != nil {
		return capture.Front{}, err // unlikely: checkAddresses has resolved it
	}
	s.site = tokens
	front := tokens.Front()
	front.API = newGate(o, o.CaptureURL, o.Capture, address, []string{"/token"}, front.API)
	return front, nil
}

// grace is how long Close waits for open requests.
const grace = 5 * time.Second

// finishTime is how long a server that was drained lets calls of its API finish before it ends
// those that still wait or stream.
const finishTime = time.Second

// Close stops everything and waits for it, at most five seconds for open requests. You may call it
// twice.
func (s *Server) Close() error {
	s.closed.Do(func() { s.err = s.close() })
	return s.err
}

// close stops callers before the parts that they call: the dashboard and the vendor APIs, the
// deliveries, the capture server, the journal. So the end of the server does not fail a delivery to
// one of its bins.
func (s *Server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	patience := time.Duration(0)
	if s.draining.Load() {
		patience = finishTime
	}
	var errs []error
	if s.dashboard != nil {
		errs = append(errs, s.dashboard.close(ctx, patience))
	}
	errs = append(errs, s.closeVendorAPIs(ctx, patience))
	if s.dispatcher != nil {
		errs = append(errs, s.dispatcher.Close())
	}
	if s.capture != nil {
		errs = append(errs, s.capture.Close(ctx))
	}
	if s.entities != nil {
		s.entities.Close()
	}
	if s.site != nil {
		s.site.Close()
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

// ListensOn returns the capture address as this machine reaches it, host:port, whatever CaptureURL
// says.
func (s *Server) ListensOn() string { return s.capture.Address() }

// DashboardListensOn returns the dashboard's address as this machine reaches it, host:port, or ""
// without a dashboard.
func (s *Server) DashboardListensOn() string {
	if s.dashboard == nil {
		return ""
	}
	return s.dashboard.address
}

// CaptureURL returns the URL of the capture address, http://host:port, or Options.CaptureURL.
func (s *Server) CaptureURL() string { return s.capture.URL() }

// CaptureTLSURL returns the URL of the capture address that speaks TLS, https://host:port, or ""
// without one.
func (s *Server) CaptureTLSURL() string { return s.capture.TLSURL() }

// CA returns the certificate of the authority that clients of CaptureTLSURL must trust, as PEM; nil
// without TLS.
func (s *Server) CA() []byte { return s.capture.CA() }

// DashboardURL returns the dashboard's URL, http://host:port, or Options.DashboardURL; "" without a
// dashboard.
func (s *Server) DashboardURL() string {
	if s.dashboard == nil {
		return ""
	}
	return s.dashboard.url
}

// Advance moves the virtual clock forward and sends every attempt that is then due. ErrRealClock.
func (s *Server) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return s.dispatcher.Advance(ctx, by)
}

// Client returns a client of this server that calls it directly.
func (s *Server) Client() *Client { return &Client{transport: &local{s}} }

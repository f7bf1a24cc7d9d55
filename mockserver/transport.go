package mockserver

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// What sends requests, for programs that do so without a Server.
type (
	// Dispatcher sends emitted events to endpoints, and tries again as their retry profiles say.
	Dispatcher = delivery.Dispatcher
	// DispatcherOptions configure NewDispatcher.
	DispatcherOptions = delivery.Options
	// HTTPClient sends requests byte for byte.
	HTTPClient = wire.Client
	// Guard decides which addresses may be sent to.
	Guard = wire.Guard
	// Trust says which TLS certificates to accept.
	Trust = wire.Trust
	// Problem is an error of the API, as RFC 9457 has it.
	Problem = problem.Problem
	// Parts are the parts of a server that its dashboard is built over.
	Parts = vendorapi.Parts
	// VendorAPI makes the emulation of a provider's own API: see package dashboard.
	VendorAPI = vendorapi.Factory
)

// NewDispatcher starts a Dispatcher. ErrInvalid.
func NewDispatcher(ctx context.Context, o DispatcherOptions) (*Dispatcher, error) {
	return delivery.New(ctx, o)
}

// NewGuard returns a Guard that allows loopback, and the hosts and networks of the list.
func NewGuard(allow []string) (*Guard, error) { return wire.NewGuard(allow) }

// ParseRequest reads one HTTP request, byte for byte.
func ParseRequest(raw []byte) (Message, error) { return wire.ParseRequest(raw) }

// AppendRequest appends the request as it goes over the wire.
func AppendRequest(to []byte, m Message) []byte { return wire.Append(to, m) }

// ExplainError adds to an error of a connection what to do about it: which flag trusts a certificate, for one.
func ExplainError(err error) error { return wire.Explain(err) }

// ChangedMember returns the JSON pointer of the member that a fault changed in an event's body; "" when there is none.
func ChangedMember(event, sent []byte) string { return delivery.Changed(event, sent) }

// WhyNoResponse says why a bin gives a response no answer: it hangs or resets.
func WhyNoResponse(r Response) (why string, ok bool) { return capture.NoResponse(r) }

// ForwardURL is the address that a request with that target is forwarded to.
func ForwardURL(forward, target string) string { return capture.ForwardURL(forward, target) }

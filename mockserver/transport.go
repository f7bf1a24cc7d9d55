package mockserver

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// The types that send requests, for programs that do so without a Server.
type (
	// Dispatcher sends emitted events to endpoints, and retries as their retry profiles say.
	Dispatcher = delivery.Dispatcher
	// DispatcherOptions configure NewDispatcher.
	DispatcherOptions = delivery.Options
	// HTTPClient sends requests byte for byte.
	HTTPClient = wire.Client
	// Guard decides which addresses requests may go to.
	Guard = wire.Guard
	// Trust says which TLS certificates to accept.
	Trust = wire.Trust
	// Problem is an error of the API (RFC 9457).
	Problem = problem.Problem
	// Parts are the parts of a server that its dashboard needs.
	Parts = vendorapi.Parts
	// VendorAPI makes the handler of an emulated vendor API: see package dashboard.
	VendorAPI = vendorapi.Factory
)

// NewDispatcher starts a Dispatcher. ErrInvalid.
func NewDispatcher(ctx context.Context, o DispatcherOptions) (*Dispatcher, error) {
	return delivery.New(ctx, o)
}

// NewGuard returns a Guard that allows loopback and the listed hosts and networks.
func NewGuard(allow []string) (*Guard, error) { return wire.NewGuard(allow) }

// ParseRequest reads one HTTP request, byte for byte.
func ParseRequest(raw []byte) (Message, error) { return wire.ParseRequest(raw) }

// AppendRequest appends the bytes of a request as they go over the wire.
func AppendRequest(to []byte, m Message) []byte { return wire.Append(to, m) }

// ExplainError adds to a connection error what to do about it, such as the flag that trusts a
// certificate.
func ExplainError(err error) error { return wire.Explain(err) }

// ChangedMember returns the JSON pointer of the member that a fault changed in an event's body; ""
// when it changed none.
func ChangedMember(event, sent []byte) string { return fault.Changed(event, sent) }

// WhyNoResponse says why a bin sends nothing for a Response: it hangs or resets. ok is false when
// it sends something.
func WhyNoResponse(r Response) (why string, ok bool) { return capture.NoResponse(r) }

// ForwardURL returns the URL to which a bin forwards a request with this target.
func ForwardURL(forward, target string) string { return capture.ForwardURL(forward, target) }

package wire_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// silent listens, and never answers what connects.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// A limit ends an exchange wherever it waits: for a TLS handshake, for a response, for its own
// pauses. The reason says how long it waited.
func TestLimits(t *testing.T) {
	t.Parallel()
	address := silent(t)
	for name, c := range map[string]struct {
		scheme string
		manner wire.Manner
		limits wire.Limits
		want   string
	}{
		"handshake":           {"https", wire.Manner{}, wire.Limits{Timeout: 30 * time.Millisecond}, "30ms"},
		"handshake, patient":  {"https", wire.Manner{}, wire.Limits{Timeout: 30 * time.Millisecond, Connect: time.Hour}, "30ms"},
		"handshake, hasty":    {"https", wire.Manner{}, wire.Limits{Timeout: time.Hour, Connect: 30 * time.Millisecond}, "30ms"},
		"handshake, no limit": {"https", wire.Manner{}, wire.Limits{Connect: 30 * time.Millisecond}, "30ms"},
		"response":            {"http", wire.Manner{}, wire.Limits{Timeout: 30 * time.Millisecond}, "30ms"},
		"stall":               {"http", wire.Manner{End: wire.Stall}, wire.Limits{Timeout: 30 * time.Millisecond}, "30ms"},
		"slow body":           {"http", wire.Manner{Rate: 1}, wire.Limits{Timeout: 30 * time.Millisecond}, "30ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var client wire.Client
			ctx, cancel := context.WithCancel(within(t))
			defer cancel()
			r := client.SendAs(ctx, c.scheme+"://"+address+"/", post("body"), c.manner, c.limits)
			if !errors.Is(r.Err, wire.ErrTimeout) || !strings.Contains(r.Err.Error(), c.want) {
				t.Errorf("%s: %v", r.Outcome, r.Err)
			}
		})
	}
}

// The end of the context cuts an exchange short that has a limit too.
func TestLimitedIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(within(t))
	gone := errors.New("nobody waits")
	client := wire.Client{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		time.AfterFunc(time.Millisecond, func() { cancel(gone) })
		return conn, err
	}}
	r := client.SendAs(ctx, "http://"+silent(t)+"/", post("body"), wire.Manner{}, wire.Limits{Timeout: time.Hour})
	if !errors.Is(r.Err, gone) {
		t.Errorf("%s: %v", r.Outcome, r.Err)
	}
}

package wire

import (
	"context"
	"net"
	"net/netip"
	"testing"
)

// FuzzGuard dials hosts in any spelling, with a test resolver and dialler. Only loopback is
// dialled, whatever the spelling and whatever address the name resolves to.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{"127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "169.254.169.254", "2852039166", "::ffff:169.254.169.254", "localhost", "metadata.google.internal.", "0", "1.2.3.4.5", "fe80::1%eth0", "64:ff9b::7f00:1", ""} {
		f.Add(seed, "127.0.0.1")
	}
	f.Fuzz(func(t *testing.T, host, leadsTo string) {
		g := &Guard{
			Lookup: func(context.Context, string) ([]netip.Addr, error) {
				at, err := netip.ParseAddr(leadsTo)
				return []netip.Addr{at}, err
			},
			Connect: func(_ context.Context, _, addr string) (net.Conn, error) {
				at, err := netip.ParseAddrPort(addr)
				if err != nil || !at.Addr().WithZone("").Unmap().IsLoopback() {
					t.Fatalf("host %q, which leads to %q: %s was dialled", host, leadsTo, addr)
				}
				return nil, net.ErrClosed
			},
		}
		_, _ = g.Dial(t.Context(), "tcp", net.JoinHostPort(host, "80"))
		_ = g.CheckLiteral(host)
		if allowing, err := NewGuard([]string{host}); err == nil {
			_ = allowing.Check(host, netip.AddrFrom4([4]byte{192, 0, 2, 1}))
		}
	})
}

// FuzzDestination parses destinations.
func FuzzDestination(f *testing.F) {
	for _, seed := range []string{"http://h", "https://[::1]:8443/x", "http://h:99999", "HTTP://H", "http://", "//h", "http://a%zz", "http://]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		if to, err := parseDestination(url); err == nil {
			if _, _, err := net.SplitHostPort(to.address); err != nil {
				t.Fatalf("%q: %v", url, err)
			}
		}
	})
}

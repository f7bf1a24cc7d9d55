package burst

import (
	"net"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// staticRequest is the bytes of one neostore request.
func staticRequest(tb testing.TB, url string) []byte {
	tb.Helper()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		tb.Fatal(err)
	}
	plan := Plan{Parts: []Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{url}, Seed: 7, Count: 1}
	if err := plan.check(); err != nil {
		tb.Fatal(err)
	}
	l, err := newLoad(&plan)
	if err != nil {
		tb.Fatal(err)
	}
	var r request
	it := l.item(0, 0)
	if err := l.prepare(&r, it, l.slot(it)); err != nil {
		tb.Fatal(err)
	}
	return r.raw
}

// parallel divides b.N over so many goroutines.
func parallel(b *testing.B, goroutines int, f func(n int)) {
	b.Helper()
	var running sync.WaitGroup
	for g := range goroutines {
		n := b.N / goroutines
		if g < b.N%goroutines {
			n++
		}
		running.Go(func() { f(n) })
	}
	running.Wait()
}

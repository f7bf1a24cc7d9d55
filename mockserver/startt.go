package mockserver

import (
	"context"
	"math/rand/v2"
)

// T is the part of testing.TB that StartT needs: Helper, Fatalf, Cleanup and Logf. GinkgoT() has it too.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	Logf(format string, args ...any)
}

// StartT starts a server that the test's cleanup closes, or fails the test. At most one Options may be given. Without Options.Seed each server
// has another random seed, so that two of them never send the same event ids; a test that fails logs it, and Options.Seed repeats it.
func StartT(t T, opts ...Options) *Server {
	t.Helper()
	var o Options
	switch len(opts) {
	case 0:
	case 1:
		o = opts[0]
	default:
		t.Fatalf("mockserver.StartT: got %d Options, want at most one", len(opts))
		return nil
	}
	drawn := o.Seed == 0
	if drawn {
		o.Seed = 1 + rand.Uint64N(1_000_000_000) // short enough to type again
	}
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatalf("mockserver.StartT: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if f, ok := t.(interface{ Failed() bool }); drawn && ok && f.Failed() {
			t.Logf("mockserver: seed %d: the same events come with mockserver.Options{Seed: %d}", o.Seed, o.Seed)
		}
		if err := s.Close(); err != nil {
			t.Logf("mockserver: close: %v", err)
		}
	})
	return s
}

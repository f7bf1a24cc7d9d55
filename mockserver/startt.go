package mockserver

import (
	"context"
	"math/rand/v2"
)

// T is the part of testing.TB that StartT needs: Helper, Fatalf, Cleanup and Logf. GinkgoT() has it
// too.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	Logf(format string, args ...any)
}

// StartT starts a server, or fails the test. The test's cleanup closes it. You may give at most one
// Options. Without Options.Seed each server has a random seed, so that two servers never send the
// same event ids. A failed test logs the seed; set it as Options.Seed to repeat the test.
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
	random := o.Seed == 0
	if random {
		o.Seed = 1 + rand.Uint64N(1_000_000_000) // short enough to type
	}
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatalf("mockserver.StartT: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if f, ok := t.(interface{ Failed() bool }); random && ok && f.Failed() {
			t.Logf("mockserver: seed %d: to repeat the same events, use mockserver.Options{Seed: %d}", o.Seed, o.Seed)
		}
		if err := s.Close(); err != nil {
			t.Logf("mockserver: close: %v", err)
		}
	})
	return s
}

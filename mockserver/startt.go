package mockserver

import "context"

// T is the part of testing.TB that StartT needs; GinkgoT() has it too.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	Logf(format string, args ...any)
}

// StartT starts a rig that the test's cleanup closes, or fails the test. At most one Options may be given.
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
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatalf("mockserver.StartT: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Logf("mockserver: close: %v", err)
		}
	})
	return s
}

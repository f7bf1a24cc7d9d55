package replay_test

import (
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestFailureHasReason(t *testing.T) {
	t.Parallel()
	const nobody = "http://127.0.0.1:1"
	got := ""
	plan := replay.Plan{To: nobody, Client: &wire.Client{}, Sent: func(e replay.Exchange) error { got = e.Attempt.Error; return nil }}
	if _, err := plan.Run(t.Context(), captures(t, -1)); err != nil {
		t.Fatal(err)
	}
	if got != "connection refused" {
		t.Errorf("got %q, want connection refused", got)
	}
}

package journal_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A lease ends at its time unless it is extended before, and does not come back.
func TestLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := journal.NewLease(time.Now().Add(time.Second))
		time.Sleep(999 * time.Millisecond)
		if !l.Valid() || !l.Extend(time.Now().Add(2*time.Second)) {
			t.Error("it ended too early")
		}
		time.Sleep(1999 * time.Millisecond)
		if !l.Valid() || l.Context().Err() != nil {
			t.Error("it ended although it was extended")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if l.Context().Err() == nil || l.Valid() || l.Extend(time.Now().Add(time.Hour)) || l.Valid() {
			t.Error("it did not end")
		}
		l = journal.NewLease(time.Now().Add(time.Hour))
		l.End()
		if l.Valid() || l.Context().Err() == nil || l.Extend(time.Now().Add(time.Hour)) {
			t.Error("End does not end it")
		}
		if none := (*journal.Lease)(nil); !none.Valid() || none.Context().Err() != nil {
			t.Error("no lease ended")
		}
	})
}

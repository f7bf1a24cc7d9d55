package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// What the server refuses is not stored and fails with its cause, at once, and the store goes on
// when the cause is gone: a full disk, a statement that took too long or was canceled.
func TestRefusedByTheServer(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	s := open(t, address, postgres.Options{})
	defer s.Close()
	stored := 0
	for state, full := range map[string]bool{"53100": true, "57014": false} {
		admin(t, address, fmt.Sprintf(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '%s'; END $$;
			CREATE TRIGGER refuse BEFORE INSERT ON hookrig.captures FOR EACH STATEMENT EXECUTE FUNCTION refuse()`, state))
		for range 3 {
			err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"})
			if err == nil || errors.Is(err, journal.ErrFull) != full || errors.Is(err, journal.ErrUnavailable) {
				t.Errorf("%s: %v", state, err)
			}
		}
		if list, err := s.Captures(t.Context(), journal.CaptureQuery{Bin: "a"}); err != nil || len(list) != stored {
			t.Errorf("%s: %d captures, %v; want %d", state, len(list), err, stored)
		}
		admin(t, address, "DROP FUNCTION refuse() CASCADE")
		if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
			t.Errorf("after %s: %v", state, err)
		}
		stored++
	}
	checkTotals(t, s, stored)
}

package postgres

import (
	"context"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// TestTurnsRememberTheNewest checks that the members that took the last turns are remembered
// exactly, that those that came first are never forgotten, and that the number of rows is bounded.
func TestTurnsRememberTheNewest(t *testing.T) {
	t.Parallel()
	opened, err := Open(t.Context(), pgtest.Start(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	s, ok := opened.(*store)
	if !ok {
		t.Fatalf("%T", opened)
	}
	const remembered = 4
	s.remembered = remembered
	if err := s.SwapScript(t.Context(), "bin", "a", nil, []byte(`{}`), "r"); err != nil {
		t.Fatal(err)
	}
	k := journal.TurnKey{Kind: "bin", Key: "a", Revision: "r", Sequence: -1, Member: "first", First: 1}
	take := func() journal.Turn {
		t.Helper()
		turn, err := s.Turn(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		return turn
	}
	take()
	k.Sequence, k.First = 0, 0
	taken := map[byte]uint64{}
	var recent []byte // distinct ones, newest last
	for i := range 200 {
		id := byte(i * i % 13)
		at := -1
		for i, r := range recent {
			if r == id {
				at = i
			}
		}
		k.Member = string([]byte{id})
		got := take()
		if at >= 0 && len(recent)-at <= remembered && got.Taken != taken[id] {
			t.Fatalf("member %d: %d, want %d", id, got.Taken, taken[id])
		}
		if at >= 0 {
			recent = append(recent[:at], recent[at+1:]...)
		}
		recent = append(recent, id)
		taken[id] = got.Taken + 1
	}
	rows := int64(0)
	if err := s.query(context.Background(), "SELECT count(*) FROM turns", func(row [][]byte) error {
		rows = integer(row[0])
		return nil
	}); err != nil || rows > 2*remembered+1 {
		t.Errorf("%d rows, %v", rows, err)
	}
	k = journal.TurnKey{Kind: "bin", Key: "a", Revision: "r", Sequence: -1, Member: "first", First: 1}
	if got := take(); got.Taken != 1 || got.Ordinal != 0 {
		t.Errorf("%+v: the one that came first is forgotten", got)
	}
	k.Member = "second"
	if got := take(); got.Taken != 0 || got.Ordinal != 1 {
		t.Errorf("%+v: want no place", got)
	}
}

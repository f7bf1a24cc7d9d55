package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Place is where a journal is, or can be: a folder or a schema.
type Place struct {
	Store  func(context.Context) (journal.Store, error)
	Open   func(context.Context) (journal.Archive, error)
	Create func(context.Context) (journal.Archive, error)
	InUse  error // what Open and Create return while a store is open
}

// RunArchives tests copies between journals. Each call of from and to returns another place without
// a journal.
func RunArchives(t *testing.T, from, to func(*testing.T) Place) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, from, to Place)
	}{
		{"all records", copiedRecords},
		{"nothing", copiedNothing},
		{"interrupted", interruptedCopies},
		{"bytes of no record", copiedBytes},
		{"other data", otherData},
		{"a changed origin", changedOrigin},
		{"a journal in use", usedJournals},
		{"captures that are missing", missingCaptures},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, from(t), to(t))
		})
	}
}

func openStore(t *testing.T, p Place) journal.Store {
	t.Helper()
	s, err := p.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shut(t *testing.T, closer interface{ Close() error }) {
	t.Helper()
	if err := closer.Close(); err != nil {
		t.Error(err)
	}
}

// archives opens two places for a copy until the test ends.
func archives(t *testing.T, from, to Place) (source, destination journal.Archive) {
	t.Helper()
	source, err := from.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, source) })
	if destination, err = to.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, destination) })
	return source, destination
}

// copyAll copies a journal and closes both.
func copyAll(t *testing.T, from, to Place) journal.Copied {
	t.Helper()
	source, err := from.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, source)
	destination, err := to.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, destination)
	copied, err := journal.Copy(t.Context(), source, destination, nil)
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// fill stores records of all kinds, evicts and deletes some, closes the store, and returns how many
// captures are left.
func fill(t *testing.T, p Place, captures int) int {
	t.Helper()
	ctx := t.Context()
	s := openStore(t, p)
	defer shut(t, s)
	var running sync.WaitGroup
	const senders = 256
	for sender := range senders {
		running.Go(func() {
			for i := sender; i < captures; i += senders {
				c := Capture([]string{"a", "b", "b", "\x00\xffodd"}[i%4], i)
				if i%3 == 0 {
					c.Raw, c.TLS, c.Response = bytes.Repeat([]byte{0, 0xff, byte(i)}, i%500), nil, nil
				}
				if err := s.AppendCapture(ctx, c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	for _, bin := range []string{"cleared", "trimmed", "last"} {
		add(t, s, Capture(bin, 1))
	}
	for i := range 30 {
		d := Delivery([]string{"", fmt.Sprint("named", i)}[i%2], i)
		save(t, s, d)
		for n := range i % 4 {
			state := journal.Pending
			if i%5 == 0 {
				state = journal.Exhausted
			}
			if err := s.AppendAttempt(ctx, d.ID, attempt(n+1), journal.Progress{State: state, Next: int64(n)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, kind := range []string{"endpoint", "\x00kind", "tenant"} {
		for i := range 5 {
			if err := s.Put(ctx, kind, fmt.Sprintf("k%d\xff", i), []byte(strings.Repeat("{} ", i+1))); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := s.ClearBin(ctx, "cleared")
	_, trimmed := s.TrimBin(ctx, "trimmed", 0)
	_, some := s.TrimBin(ctx, "a", captures/8)
	stored, stats := s.Captures(ctx, journal.CaptureQuery{Limit: 1})
	if err = errors.Join(err, trimmed, some, stats); err != nil {
		t.Fatal(err)
	}
	last := stored[0].Seq
	if n, err := s.DeleteCaptures(ctx, last, last/2, last/2+1); n == 0 || err != nil { // gaps, one at the end
		t.Fatal(n, err)
	}
	return totals(t, s).Captures
}

// contents are all records of a journal and the totals that a store shows.
type contents struct {
	Captures   []journal.Capture
	Deliveries []journal.Delivery
	Bins       []journal.Bin
	Stats      journal.Stats
	Documents  map[string][]journal.Document
}

func read(t *testing.T, s journal.Store) contents {
	t.Helper()
	ctx := t.Context()
	c := contents{Documents: map[string][]journal.Document{}}
	if err := s.Search(ctx, journal.CaptureQuery{Oldest: true}, nil, func(found *journal.Capture) bool {
		c.Captures = append(c.Captures, *found)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.Deliveries, err = s.Deliveries(ctx, journal.DeliveryQuery{Limit: journal.MaxLimit}); err != nil {
		t.Fatal(err)
	}
	if c.Bins, err = s.Bins(ctx); err != nil {
		t.Fatal(err)
	}
	if c.Stats, err = s.Stats(ctx); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"endpoint", "\x00kind", "tenant"} {
		if c.Documents[kind], err = s.List(ctx, kind); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// sameJournals compares what two stores show, and checks that both continue with the same numbers.
func sameJournals(t *testing.T, from, to Place) {
	t.Helper()
	one, two := openStore(t, from), openStore(t, to)
	defer shut(t, one)
	defer shut(t, two)
	same(t, "the copy", read(t, one), read(t, two))
	first, second := add(t, one, Capture("new", 1)), add(t, two, Capture("new", 1))
	same(t, "the next capture", first, second)
	same(t, "the next delivery", save(t, one, Delivery("", 1)), save(t, two, Delivery("", 1)))
	if got, err := two.Capture(t.Context(), second.ID); err != nil || got.Bin != "new" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, s := range []journal.Store{one, two} {
		if _, err := s.TrimBin(t.Context(), "b", 1); err != nil {
			t.Error(err)
		}
		for _, bin := range []string{"a", "b", "new"} {
			if _, err := s.ClearBin(t.Context(), bin); err != nil {
				t.Error(err)
			}
		}
	}
	same(t, "after deletions", read(t, one), read(t, two))
}

func copiedRecords(t *testing.T, from, to Place) {
	left := fill(t, from, 2300)
	copied := copyAll(t, from, to)
	if copied.Captures != left || copied.Deliveries != 30 || copied.Documents != 15 || copied.Attempts != 43 || copied.Pending != 26 || copied.Missing != 0 {
		t.Errorf("%+v", copied)
	}
	sameJournals(t, from, to)
}

func copiedNothing(t *testing.T, from, to Place) {
	shut(t, openStore(t, from))
	copied := copyAll(t, from, to)
	same(t, "copied", journal.Copied{Digest: copied.Digest}, copied)
	sameJournals(t, from, to)
}

// interruption is an archive that fails at its n-th write: before it, or after it.
type interruption struct {
	journal.Archive
	left   int
	after  bool
	cancel context.CancelFunc
}

func (i *interruption) write(write func() error) error {
	if i.left--; i.left != 0 {
		return write()
	}
	defer i.cancel()
	if !i.after {
		return context.Canceled
	}
	return errors.Join(write(), context.Canceled)
}

func (i *interruption) Begin(ctx context.Context, origin string) error {
	return i.write(func() error { return i.Archive.Begin(ctx, origin) })
}

func (i *interruption) Restore(ctx context.Context, r journal.Records) error {
	return i.write(func() error { return i.Archive.Restore(ctx, r) })
}

func (i *interruption) SetAccount(ctx context.Context, a journal.Account) error {
	return i.write(func() error { return i.Archive.SetAccount(ctx, a) })
}

func (i *interruption) End(ctx context.Context) error {
	return i.write(func() error { return i.Archive.End(ctx) })
}

// interruptedCopies ends a copy at every write, and lets it go on.
func interruptedCopies(t *testing.T, from, to Place) {
	fill(t, from, 2500)
	source, err := from.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		shut(t, source)
		sameJournals(t, from, to)
	}()
	for tries := 1; ; tries++ {
		destination, err := to.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		i := &interruption{Archive: destination, left: 1 + tries/2, after: tries%2 == 1, cancel: cancel}
		copied, err := journal.Copy(ctx, source, i, nil)
		cancel()
		shut(t, destination)
		if err == nil {
			if tries < 6 || copied.Resumed.Capture == 0 || copied.Resumed.Delivery == 0 {
				t.Errorf("%d tries, %+v: want some that were interrupted", tries, copied)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if tries > 40 {
			t.Fatal("it does not come to an end")
		}
		if tries == 1 { // begun
			continue
		}
		s, err := to.Store(t.Context())
		if err == nil {
			shut(t, s)
		}
		if i.after && i.left == 0 && err == nil { // its End was interrupted after it was done
			break
		}
		if !errors.Is(err, journal.ErrIncomplete) || !strings.Contains(err.Error(), "hookrig copy") {
			t.Fatalf("a server opens an incomplete copy: %v", err)
		}
	}
}

// copiedBytes checks that the bytes of records are not read, so that damaged ones are copied too.
func copiedBytes(t *testing.T, from, to Place) {
	a, err := from.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	odd := journal.Records{
		Captures:   []journal.ArchivedCapture{{Seq: 7, Bin: "x", Size: 3, Head: []byte{}, Body: []byte{}}, {Seq: 1 << 40, Bin: "x", Size: 9, Head: []byte{0, 0xff}, Body: []byte("\x00")}},
		Deliveries: []journal.ArchivedDelivery{{Seq: 3, ID: "\x00\xff", State: "odd", Next: -1, Size: 5, Record: []byte{9}, Attempts: [][]byte{{2}, {1}}}},
		Documents:  []journal.ArchivedDocument{{Kind: "k", Document: journal.Document{Key: "", Doc: []byte{}}}},
	}
	account := journal.Account{
		Bins: []journal.ArchivedBin{
			{Bin: journal.Bin{Name: "empty2", Evicted: 4, Last: 2}}, {Bin: journal.Bin{Name: "empty1", Cleared: 4, Last: 3}}, {Bin: journal.Bin{Name: "x", Count: 2, Last: 1 << 40}, Bytes: 12},
		},
		Numbers: journal.Position{Capture: 1<<40 + 5, Delivery: 8}, EvictedCaptures: 11, EvictedDeliveries: 2, Forgotten: 1,
		Marks: []journal.Mark{{At: 1_000_000, Position: journal.Position{Capture: 7, Delivery: 1}}, {At: 2_000_000, Position: journal.Position{Capture: 1 << 40, Delivery: 3}}},
	}
	if err := errors.Join(a.Begin(t.Context(), "{}"), a.Restore(t.Context(), odd), a.SetAccount(t.Context(), account), a.End(t.Context()), a.Close()); err != nil {
		t.Fatal(err)
	}
	copyAll(t, from, to)
	a, err = to.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, a)
	var got journal.Records
	if err := errors.Join(a.Captures(t.Context(), func(c journal.ArchivedCapture) error {
		c.Head, c.Body = append([]byte{}, c.Head...), append([]byte{}, c.Body...)
		got.Captures = append(got.Captures, c)
		return nil
	}), a.Deliveries(t.Context(), func(d journal.ArchivedDelivery) error {
		got.Deliveries = append(got.Deliveries, d)
		return nil
	}), a.Documents(t.Context(), func(d journal.ArchivedDocument) error {
		d.Doc = append([]byte{}, d.Doc...)
		got.Documents = append(got.Documents, d)
		return nil
	})); err != nil {
		t.Fatal(err)
	}
	same(t, "records", odd, got)
	counted, err := a.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a.Name() == "" || len(counted.Bins) != 3 || counted.Bins[2].Name != "x" {
		t.Errorf("%q: %+v", a.Name(), counted.Bins)
	}
	counted.Bins, account.Bins = nil, nil
	same(t, "account", account, counted)
}

func otherData(t *testing.T, from, to Place) {
	fill(t, from, 10)
	fill(t, to, 10)
	source, destination := archives(t, from, to)
	if _, err := journal.Copy(t.Context(), source, destination, nil); !errors.Is(err, journal.ErrExists) || !strings.Contains(err.Error(), "has other data") {
		t.Errorf("a destination with data: %v", err)
	}
	if origin, err := destination.Origin(t.Context()); origin != "" || err != nil {
		t.Errorf("its origin is %q, %v", origin, err)
	}
}

func changedOrigin(t *testing.T, from, to Place) {
	fill(t, from, 10)
	func() { // begun and interrupted
		source, err := from.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer shut(t, source)
		destination, err := to.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer shut(t, destination)
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := journal.Copy(ctx, source, &interruption{Archive: destination, left: 2, after: true, cancel: cancel}, nil); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}()
	s := openStore(t, from)
	add(t, s, Capture("late", 1))
	shut(t, s)
	source, destination := archives(t, from, to)
	if _, err := journal.Copy(t.Context(), source, destination, nil); !errors.Is(err, journal.ErrDiffers) || !strings.Contains(err.Error(), "delete that copy") {
		t.Errorf("a changed origin: %v", err)
	}
	if _, err := journal.Copy(t.Context(), destination, source, nil); !errors.Is(err, journal.ErrIncomplete) {
		t.Errorf("a copy of an incomplete copy: %v", err)
	}
}

// usedJournals checks that a journal that a server uses is not copied, and that no journal is made
// where one is to be read.
func usedJournals(t *testing.T, from, to Place) {
	if a, err := from.Open(t.Context()); err == nil {
		shut(t, a)
		t.Error("a journal that does not exist was opened")
	}
	s := openStore(t, from)
	for _, open := range []func(context.Context) (journal.Archive, error){from.Open, from.Create} {
		if a, err := open(t.Context()); !errors.Is(err, from.InUse) {
			t.Errorf("a journal in use: %v", err)
			if err == nil {
				shut(t, a)
			}
		}
	}
	shut(t, s)
	source, destination := archives(t, from, to)
	if _, err := to.Create(t.Context()); !errors.Is(err, to.InUse) {
		t.Errorf("two copies to one journal: %v", err)
	}
	if _, err := journal.Copy(t.Context(), source, destination, nil); err != nil {
		t.Error(err)
	}
}

// lossy is an archive that has fewer captures than it counts.
type lossy struct{ journal.Archive }

func (l lossy) Captures(ctx context.Context, visit func(journal.ArchivedCapture) error) error {
	return l.Archive.Captures(ctx, func(c journal.ArchivedCapture) error {
		if c.Seq%2 == 0 {
			return nil
		}
		return visit(c)
	})
}

func missingCaptures(t *testing.T, from, to Place) {
	fill(t, from, 40)
	source, destination := archives(t, from, to)
	copied, err := journal.Copy(t.Context(), lossy{source}, destination, nil)
	if err != nil || copied.Missing == 0 {
		t.Fatalf("%+v, %v", copied, err)
	}
	account, err := destination.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before, err := source.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if account.EvictedCaptures != before.EvictedCaptures+uint64(copied.Missing) {
		t.Errorf("%+v, before %+v", account, before)
	}
}

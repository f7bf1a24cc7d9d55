package journal

import (
	"context"
	"errors"
	"slices"
)

// Update is one message of a Follower. Exactly one of its pointers is set.
type Update struct {
	Position Position // of the follower after this update

	Ready    *Position // the first update: the start of the follower
	Capture  *Capture  // new, or with a new response; do not change it
	Delivery *Delivery // new, or with a new attempt or state
	Removed  *Removed
	Skipped  *Skipped
	Missed   *Missed
}

// Removed lists records that were deleted or evicted.
type Removed struct {
	Kind string   `json:"kind"` // KindCapture or KindDelivery
	Bin  string   `json:"bin,omitempty"`
	Seqs []uint64 `json:"seqs,omitempty"`
	UpTo uint64   `json:"up_to,omitempty"` // all of the bin's captures up to and including this seq
	Why  string   `json:"why"`             // Deleted, Cleared or Evicted
}

// Skipped is a range of records that the follower does not send, because they are deleted or too
// many. For a follower of one bin, or for deliveries of one provider, some of the range may belong
// to others.
type Skipped struct {
	Kind string `json:"kind"` // KindCapture or KindDelivery
	From uint64 `json:"from"` // the first seq
	To   uint64 `json:"to"`   // the last seq
	Why  string `json:"why"`  // Behind or NotThere
}

// Missed means that earlier records may have changed or been deleted without an Update. Read those
// again that matter to you.
type Missed struct {
	Why string `json:"why"` // Behind or Resumed
}

// These are the kinds of records, and the reasons why they are removed, skipped or missed.
const (
	KindCapture  = "capture"
	KindDelivery = "delivery"

	Deleted = "deleted" // on request
	Cleared = "cleared" // on request, with its bin
	Evicted = "evicted" // to make room

	Behind   = "behind"  // the reader is too far behind: it can query the records
	NotThere = "removed" // they were evicted or deleted before they were sent
	Resumed  = "resumed" // the reader was disconnected
)

// These bound a Follower.
const (
	maxBehind  = 10_000  // records: a reader further behind gets a Skipped
	batchSize  = 32      // records read at once
	batchBytes = 1 << 20 // stop reading after this many bytes
)

// Follower sends one reader everything that a store commits.
type Follower struct {
	store   Store
	o       FollowOptions
	at      Position
	watch   *Watch
	started bool
	resumed bool
}

// FollowOptions select what a Follower sends. The zero value selects everything from now on.
type FollowOptions struct {
	Kind string // KindCapture or KindDelivery; "" means both
	Bin  string // only captures of this bin; "" means all
	// From is the position after which the follower starts. nil means the end of the journal. A
	// number that the journal has not reached, because it is a new journal, counts as 0.
	From *Position
}

// wants reports whether records of a kind are sent.
func (o *FollowOptions) wants(kind string) bool { return o.Kind == "" || o.Kind == kind }

// Follow returns a follower of a store. Close it.
func Follow(ctx context.Context, s Store, o FollowOptions) (*Follower, error) {
	f := &Follower{store: s, o: o, watch: s.Watch(Filter{})}
	end, err := End(ctx, s)
	if err != nil {
		f.Close()
		return nil, err
	}
	f.at = end
	if o.From != nil {
		f.at = *o.From
		if f.at.Capture > end.Capture {
			f.at.Capture = 0
		}
		if f.at.Delivery > end.Delivery {
			f.at.Delivery = 0
		}
		f.resumed = f.at != Position{}
	}
	return f, nil
}

// C receives a value when Next has something new. It is closed with the store.
func (f *Follower) C() <-chan struct{} { return f.watch.C() }

// Close ends the follower.
func (f *Follower) Close() { f.watch.Close() }

// Next calls send with each update since the last call. It returns the first error of send or of
// the store.
func (f *Follower) Next(ctx context.Context, send func(Update) error) error {
	changes, missed := f.watch.Next()
	known := f.at
	n := summarize(changes, &f.o, known)
	if !f.started {
		f.started = true
		n.captures, n.deliveries = true, true
		at := f.at
		if err := send(Update{Position: f.at, Ready: &at}); err != nil {
			return err
		}
		if f.resumed {
			if err := send(Update{Position: f.at, Missed: &Missed{Resumed}}); err != nil {
				return err
			}
		}
	}
	if missed {
		n.captures, n.deliveries = true, true
		if err := send(Update{Position: f.at, Missed: &Missed{Behind}}); err != nil {
			return err
		}
	}
	if n.captures && f.o.wants(KindCapture) {
		if err := f.captures(ctx, send); err != nil {
			return err
		}
	}
	for _, seq := range n.responded {
		c, err := f.store.Capture(ctx, CaptureID(seq))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := send(Update{Position: f.at, Capture: &c}); err != nil {
			return err
		}
	}
	if n.deliveries && f.o.wants(KindDelivery) {
		if err := f.deliveries(ctx, send); err != nil {
			return err
		}
	}
	for _, id := range n.attempted {
		d, err := f.store.Delivery(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := send(Update{Position: f.at, Delivery: &d}); err != nil {
			return err
		}
	}
	for i := range n.removed {
		if err := send(Update{Position: f.at, Removed: &n.removed[i]}); err != nil {
			return err
		}
	}
	return nil
}

// summary is what a follower has to do after changes.
type summary struct {
	captures, deliveries bool     // there may be new ones
	responded            []uint64 // captures that were sent before
	attempted            []string // deliveries that were sent before
	removed              []Removed
}

// summarize returns the summary of changes for a follower that has sent everything up to known.
func summarize(changes []Change, o *FollowOptions, known Position) summary {
	var n summary
	responded, attempted := map[uint64]bool{}, map[string]bool{}
	for i := range changes {
		c := &changes[i]
		if c.Kind == CaptureStored {
			n.captures = true // for other bins too, to advance the position
		}
		kind := KindDelivery
		if c.Bin != "" {
			kind = KindCapture
		}
		if !o.wants(kind) || c.Bin != "" && o.Bin != "" && c.Bin != o.Bin {
			continue
		}
		switch c.Kind {
		case ResponseSet:
			if c.Seq <= known.Capture && !responded[c.Seq] {
				responded[c.Seq] = true
				n.responded = append(n.responded, c.Seq)
			}
		case CaptureDeleted:
			n.remove(Removed{Kind: KindCapture, Bin: c.Bin, Seqs: []uint64{c.Seq}, Why: Deleted})
		case BinCleared:
			n.remove(Removed{Kind: KindCapture, Bin: c.Bin, UpTo: c.Seq, Why: Cleared})
		case CapturesEvicted:
			n.remove(Removed{Kind: KindCapture, Bin: c.Bin, UpTo: c.Seq, Why: Evicted})
		case DeliveryStored:
			n.deliveries = true
		case AttemptMade:
			if c.Seq <= known.Delivery && !attempted[c.Delivery] {
				attempted[c.Delivery] = true
				n.attempted = append(n.attempted, c.Delivery)
			}
		case DeliveryEvicted:
			n.remove(Removed{Kind: KindDelivery, Seqs: []uint64{c.Seq}, Why: Evicted})
		}
	}
	return n
}

// remove adds deleted records to an entry with the same kind, bin and reason, or adds a new entry.
func (n *summary) remove(r Removed) {
	i := slices.IndexFunc(n.removed, func(b Removed) bool {
		return b.Kind == r.Kind && b.Bin == r.Bin && b.Why == r.Why
	})
	if i < 0 {
		n.removed = append(n.removed, r)
		return
	}
	n.removed[i].Seqs = append(n.removed[i].Seqs, r.Seqs...)
	n.removed[i].UpTo = max(n.removed[i].UpTo, r.UpTo)
}

// captures sends the captures after the position.
func (f *Follower) captures(ctx context.Context, send func(Update) error) error {
	end, err := f.store.Captures(ctx, CaptureQuery{Limit: 1})
	if err != nil || len(end) == 0 {
		return err
	}
	if newest := end[0].Seq; newest > f.at.Capture+maxBehind {
		if err := f.skip(send, KindCapture, &f.at.Capture, newest-maxBehind, Behind); err != nil {
			return err
		}
	}
	before, err := f.isComplete(ctx)
	if err != nil {
		return err
	}
	for {
		batch, more, err := f.captureBatch(ctx)
		if err != nil {
			return err
		}
		for i := range batch {
			c := &batch[i]
			if (f.o.Bin == "" || !before) && c.Seq > f.at.Capture+1 {
				if err := f.skip(send, KindCapture, &f.at.Capture, c.Seq-1, NotThere); err != nil {
					return err
				}
			}
			f.at.Capture, before = c.Seq, true
			if err := send(Update{Position: f.at, Capture: c}); err != nil {
				return err
			}
		}
		if !more {
			f.at.Capture = max(f.at.Capture, end[0].Seq) // the rest are in other bins
			return nil
		}
	}
}

// captureBatch reads the next captures and reports whether there may be more.
func (f *Follower) captureBatch(ctx context.Context) (batch []Capture, more bool, err error) {
	size := 0
	q := CaptureQuery{Bin: f.o.Bin, After: f.at.Capture, Limit: batchSize, Oldest: true}
	err = f.store.Search(ctx, q, nil, func(c *Capture) bool {
		batch = append(batch, *c)
		size += c.Size()
		more = len(batch) == batchSize || size >= batchBytes
		return !more
	})
	return batch, more, err
}

// isComplete reports whether all of the bin's captures after the position still exist. The oldest
// are evicted first, so an earlier capture proves that. Without a filter for a bin it returns true,
// because then a gap in the numbers shows every missing capture.
func (f *Follower) isComplete(ctx context.Context) (bool, error) {
	if f.o.Bin == "" {
		return true, nil
	}
	before, err := f.store.Captures(ctx, CaptureQuery{Bin: f.o.Bin, Before: f.at.Capture + 1, Limit: 1})
	if err != nil || len(before) > 0 {
		return true, err
	}
	bins, err := f.store.Bins(ctx)
	for _, b := range bins {
		if b.Name == f.o.Bin {
			return b.Evicted == 0 && b.Cleared == 0, err
		}
	}
	return true, err
}

// deliveries sends the deliveries after the position.
func (f *Follower) deliveries(ctx context.Context, send func(Update) error) error {
	end, err := f.store.Deliveries(ctx, DeliveryQuery{Limit: 1})
	if err != nil || len(end) == 0 {
		return err
	}
	if newest := end[0].Seq; newest > f.at.Delivery+maxBehind {
		if err := f.skip(send, KindDelivery, &f.at.Delivery, newest-maxBehind, Behind); err != nil {
			return err
		}
	}
	for n := 1; ; {
		batch, err := f.store.Deliveries(ctx, DeliveryQuery{After: f.at.Delivery, Limit: n, Oldest: true})
		if err != nil {
			return err
		}
		size := 0
		for i := range batch {
			d := &batch[i]
			size += d.Size()
			if d.Seq > f.at.Delivery+1 {
				if err := f.skip(send, KindDelivery, &f.at.Delivery, d.Seq-1, NotThere); err != nil {
					return err
				}
			}
			f.at.Delivery = d.Seq
			if err := send(Update{Position: f.at, Delivery: d}); err != nil {
				return err
			}
		}
		if len(batch) < n {
			return nil
		}
		n = min(batchSize, 4*n, batchBytes/(size/n+1)+1)
	}
}

// skip advances the position and sends a Skipped.
func (f *Follower) skip(send func(Update) error, kind string, at *uint64, to uint64, why string) error {
	from := *at + 1
	*at = to
	return send(Update{Position: f.at, Skipped: &Skipped{Kind: kind, From: from, To: to, Why: why}})
}

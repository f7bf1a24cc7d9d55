package journal

import (
	"context"
	"errors"
	"slices"
)

// Update is one thing that a Follower tells. Exactly one of its pointers is set.
type Update struct {
	Position Position // of the follower, once it has told this

	Ready    *Position // the first update: where the follower begins
	Capture  *Capture  // a new one, or one that has a response now; not to be changed
	Delivery *Delivery // a new one, or one with another attempt or state
	Removed  *Removed
	Skipped  *Skipped
	Missed   *Missed
}

// Removed are records that the store does not hold any more.
type Removed struct {
	Kind string   `json:"kind"` // KindCapture or KindDelivery
	Bin  string   `json:"bin,omitempty"`
	Seqs []uint64 `json:"seqs,omitempty"`
	UpTo uint64   `json:"up_to,omitempty"` // all of the bin's captures up to and including this seq
	Why  string   `json:"why"`             // Deleted, Cleared or Evicted
}

// Skipped are records that the reader is not told of, because they are gone, or too many. Of one bin, or
// of the deliveries of one provider, some of them may be.
type Skipped struct {
	Kind string `json:"kind"` // KindCapture or KindDelivery
	From uint64 `json:"from"` // the first seq
	To   uint64 `json:"to"`   // the last seq
	Why  string `json:"why"`  // Behind or NotThere
}

// Missed says that records which were told before may have changed or gone without an Update: read again
// those that matter.
type Missed struct {
	Why string `json:"why"` // Behind or Resumed
}

// The kinds of records, and why they are removed, skipped or missed.
const (
	KindCapture  = "capture"
	KindDelivery = "delivery"

	Deleted = "deleted" // on request
	Cleared = "cleared" // on request, with its bin
	Evicted = "evicted" // to make room

	Behind   = "behind"  // the reader is too far behind: the records can be read elsewhere
	NotThere = "removed" // they were evicted or deleted before they could be told
	Resumed  = "resumed" // the reader was away
)

// Bounds of a Follower.
const (
	maxBehind    = 10_000  // records: a reader further behind is told what it missed instead
	batchMost    = 32      // records read at a time
	batchLargest = 1 << 20 // bytes that these have together, before the last one
)

// Follower tells one reader all that a store commits.
type Follower struct {
	store   Store
	o       FollowOptions
	at      Position
	watch   *Watch
	begun   bool
	resumed bool
}

// FollowOptions say what a Follower tells. The zero value is all that is committed from now on.
type FollowOptions struct {
	Kind string // KindCapture or KindDelivery: only those; "" is both
	Bin  string // only captures of this bin; "" is all
	// From is the position after which the follower begins; nil is the end of the journal. A position that the
	// journal has not reached, because the journal began anew, counts as its beginning.
	From *Position
}

// wants says whether records of a kind are told.
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

// C receives a value when Next has something new, and is closed with the store.
func (f *Follower) C() <-chan struct{} { return f.watch.C() }

// Close ends the follower.
func (f *Follower) Close() { f.watch.Close() }

// Next tells what is new since the last call. It returns the first error of tell or of the store.
func (f *Follower) Next(ctx context.Context, tell func(Update) error) error {
	changes, missed := f.watch.Next()
	known := f.at
	n := digest(changes, &f.o, known)
	if !f.begun {
		f.begun = true
		n.captures, n.deliveries = true, true
		at := f.at
		if err := tell(Update{Position: f.at, Ready: &at}); err != nil {
			return err
		}
		if f.resumed {
			if err := tell(Update{Position: f.at, Missed: &Missed{Resumed}}); err != nil {
				return err
			}
		}
	}
	if missed {
		n.captures, n.deliveries = true, true
		if err := tell(Update{Position: f.at, Missed: &Missed{Behind}}); err != nil {
			return err
		}
	}
	if n.captures && f.o.wants(KindCapture) {
		if err := f.captures(ctx, tell); err != nil {
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
		if err := tell(Update{Position: f.at, Capture: &c}); err != nil {
			return err
		}
	}
	if n.deliveries && f.o.wants(KindDelivery) {
		if err := f.deliveries(ctx, tell); err != nil {
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
		if err := tell(Update{Position: f.at, Delivery: &d}); err != nil {
			return err
		}
	}
	for i := range n.removed {
		if err := tell(Update{Position: f.at, Removed: &n.removed[i]}); err != nil {
			return err
		}
	}
	return nil
}

// digested is what changes mean to a follower.
type digested struct {
	captures, deliveries bool     // there may be new ones
	responded            []uint64 // captures that were told before
	attempted            []string // deliveries that were told before
	removed              []Removed
}

// digest sums up changes for a follower that knows all up to a position.
func digest(changes []Change, o *FollowOptions, known Position) digested {
	var n digested
	responded, attempted := map[uint64]bool{}, map[string]bool{}
	for i := range changes {
		c := &changes[i]
		if c.Kind == CaptureStored {
			n.captures = true // of another bin too: the position moves on
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

// remove adds records that are gone to those of the same kind before them.
func (n *digested) remove(r Removed) {
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

// captures tells the captures after the position.
func (f *Follower) captures(ctx context.Context, tell func(Update) error) error {
	end, err := f.store.Captures(ctx, CaptureQuery{Limit: 1})
	if err != nil || len(end) == 0 {
		return err
	}
	if newest := end[0].Seq; newest > f.at.Capture+maxBehind {
		if err := f.skip(tell, KindCapture, &f.at.Capture, newest-maxBehind, Behind); err != nil {
			return err
		}
	}
	before, err := f.holdsBefore(ctx)
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
				if err := f.skip(tell, KindCapture, &f.at.Capture, c.Seq-1, NotThere); err != nil {
					return err
				}
			}
			f.at.Capture, before = c.Seq, true
			if err := tell(Update{Position: f.at, Capture: c}); err != nil {
				return err
			}
		}
		if !more {
			f.at.Capture = max(f.at.Capture, end[0].Seq) // the others are of other bins
			return nil
		}
	}
}

// captureBatch reads the next captures, and says whether there may be more.
func (f *Follower) captureBatch(ctx context.Context) (batch []Capture, more bool, err error) {
	size := 0
	q := CaptureQuery{Bin: f.o.Bin, After: f.at.Capture, Limit: batchMost, Oldest: true}
	err = f.store.Search(ctx, q, nil, func(c *Capture) bool {
		batch = append(batch, *c)
		size += c.Size()
		more = len(batch) == batchMost || size >= batchLargest
		return !more
	})
	return batch, more, err
}

// holdsBefore says whether none of the bin's captures after the position can be gone: the oldest go first, so one before
// it that is still there shows that. Of all bins together every seq is some capture's, so there is nothing to ask.
func (f *Follower) holdsBefore(ctx context.Context) (bool, error) {
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

// deliveries tells the deliveries after the position.
func (f *Follower) deliveries(ctx context.Context, tell func(Update) error) error {
	end, err := f.store.Deliveries(ctx, DeliveryQuery{Limit: 1})
	if err != nil || len(end) == 0 {
		return err
	}
	if newest := end[0].Seq; newest > f.at.Delivery+maxBehind {
		if err := f.skip(tell, KindDelivery, &f.at.Delivery, newest-maxBehind, Behind); err != nil {
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
				if err := f.skip(tell, KindDelivery, &f.at.Delivery, d.Seq-1, NotThere); err != nil {
					return err
				}
			}
			f.at.Delivery = d.Seq
			if err := tell(Update{Position: f.at, Delivery: d}); err != nil {
				return err
			}
		}
		if len(batch) < n {
			return nil
		}
		n = min(batchMost, 4*n, batchLargest/(size/n+1)+1)
	}
}

// skip moves the position on and tells what is left out.
func (f *Follower) skip(tell func(Update) error, kind string, at *uint64, to uint64, why string) error {
	from := *at + 1
	*at = to
	return tell(Update{Position: f.at, Skipped: &Skipped{Kind: kind, From: from, To: to, Why: why}})
}

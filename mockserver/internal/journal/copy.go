package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"
)

// ErrDiffers means that a copy is not the same as its origin.
var ErrDiffers = errors.New("the copy differs")

// CopyProgress says how far a copy is.
type CopyProgress struct {
	Elapsed    time.Duration
	Verifying  bool // the records below are read back from the copy
	Captures   int
	Deliveries int
	Bytes      int64 // of these records
	// Of is the number of captures that the bins of the origin count.
	Of int
}

// Copied is the result of a copy.
type Copied struct {
	Captures, Deliveries, Pending, Attempts, Documents, Bins int
	Bytes                                                    int64    // of heads and bodies, records and documents
	Numbers                                                  Position // the copy continues after them
	Resumed                                                  Position // the records that an earlier copy had stored
	// Missing is how many captures the bins counted that the origin did not have. They count as
	// evicted.
	Missing int
	// Digest is the SHA-256 of all records, as they were read from the origin and again from the
	// copy.
	Digest Sum
}

// These bound the records that are restored together.
const (
	restoreRecords = 1000
	restoreBytes   = 4 << 20
)

// Copy copies all records of a journal, byte for byte with their numbers, and what it counts. The
// destination must be empty, or what an interrupted copy of the same journal left: then Copy goes
// on where that one stopped. At the end it reads the copy back and compares it. It calls watch, if
// it is not nil, after each transaction. Errors wrap ErrExists for a destination with other
// records, ErrIncomplete for an origin that is an incomplete copy, and ErrDiffers if the records
// differ, because the origin was changed meanwhile.
func Copy(ctx context.Context, from, to Archive, watch func(CopyProgress)) (Copied, error) {
	c := &copier{from: from, to: to, watch: watch, begin: time.Now(), counted: map[string]*ArchivedBin{}}
	err := c.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the databases say it in many ways
	}
	return c.copied, err
}

// copier is the state of one Copy.
type copier struct {
	from, to Archive
	watch    func(CopyProgress)
	begin    time.Time
	progress CopyProgress

	counted map[string]*ArchivedBin // what was read of each bin
	digests digests
	records Records // to be restored together
	size    int     // of these
	copied  Copied
}

func (c *copier) run(ctx context.Context) error {
	account, err := c.from.Account(ctx)
	if err != nil {
		return err
	}
	if err := c.prepare(ctx, account); err != nil {
		return err
	}
	for _, b := range account.Bins {
		c.progress.Of += b.Count
	}
	c.digests = newDigests()
	if err := c.copyRecords(ctx); err != nil {
		return err
	}
	c.copied.Missing = c.correct(&account)
	if err := c.to.SetAccount(ctx, account); err != nil {
		return err
	}
	c.copied.Bins, c.copied.Numbers, c.copied.Digest = len(account.Bins), account.Numbers, c.digests.sum()
	if err := c.verify(ctx, account); err != nil {
		return err
	}
	return c.to.End(ctx)
}

// origin is what Begin notes. The digest is that of the account.
type origin struct{ From, Digest string }

// prepare begins the copy, or finds how far an interrupted one is.
func (c *copier) prepare(ctx context.Context, account Account) error {
	earlier, err := c.from.Origin(ctx)
	if err != nil {
		return err
	}
	if earlier != "" {
		return fmt.Errorf("%s: %w: finish it first, with the command that began it", c.from.Name(), ErrIncomplete)
	}
	mine := origin{c.from.Name(), account.digest()}
	note, err := json.Marshal(mine)
	if err != nil {
		return err
	}
	begun, err := c.to.Origin(ctx)
	if err != nil {
		return err
	}
	if begun == "" {
		return c.to.Begin(ctx, string(note))
	}
	var other origin
	if err := json.Unmarshal([]byte(begun), &other); err != nil || other.From != mine.From {
		return fmt.Errorf("%s is an incomplete copy of %s: finish that, or delete it, or choose another destination: %w", c.to.Name(), other.From, ErrExists)
	}
	if other.Digest != mine.Digest {
		return fmt.Errorf("%w: %s was changed after its copy to %s began: delete that copy, or choose another destination", ErrDiffers, mine.From, c.to.Name())
	}
	c.copied.Resumed, err = c.to.Last(ctx)
	return err
}

// copyRecords restores what the destination lacks. It reads all records, for their digest.
func (c *copier) copyRecords(ctx context.Context) error {
	if err := c.from.Captures(ctx, func(r ArchivedCapture) error {
		c.digests.capture(&r)
		b := c.counted[r.Bin]
		if b == nil {
			b = &ArchivedBin{Bin: Bin{Name: strings.Clone(r.Bin)}}
			c.counted[b.Name] = b
		}
		b.Count++
		b.Bytes += r.Size
		c.copied.Captures++
		size := len(r.Head) + len(r.Body)
		c.count(size)
		if r.Seq <= c.copied.Resumed.Capture {
			return ctx.Err()
		}
		r.Bin, r.Head, r.Body = b.Name, own(r.Head), own(r.Body)
		c.records.Captures = append(c.records.Captures, r)
		return c.flushFull(ctx, size)
	}); err != nil {
		return err
	}
	if err := c.from.Deliveries(ctx, func(r ArchivedDelivery) error {
		c.digests.delivery(&r)
		c.copied.Deliveries++
		c.copied.Attempts += len(r.Attempts)
		if r.State == Pending {
			c.copied.Pending++
		}
		size := len(r.Record)
		for _, a := range r.Attempts {
			size += len(a)
		}
		c.count(size)
		if r.Seq <= c.copied.Resumed.Delivery {
			return ctx.Err()
		}
		r.Record, r.Attempts = own(r.Record), slices.Clone(r.Attempts)
		for i := range r.Attempts {
			r.Attempts[i] = own(r.Attempts[i])
		}
		c.records.Deliveries = append(c.records.Deliveries, r)
		return c.flushFull(ctx, size)
	}); err != nil {
		return err
	}
	if err := c.from.Documents(ctx, func(r ArchivedDocument) error {
		c.digests.document(&r)
		c.copied.Documents++
		size := len(r.Doc)
		c.count(size)
		r.Doc = own(r.Doc)
		c.records.Documents = append(c.records.Documents, r)
		return c.flushFull(ctx, size)
	}); err != nil {
		return err
	}
	return c.flush(ctx)
}

// own returns a copy that is not nil.
func own(b []byte) []byte { return append([]byte{}, b...) }

func (c *copier) count(size int) { c.copied.Bytes += int64(size) }

// flushFull restores the records, to which one of that size was added, if they are many.
func (c *copier) flushFull(ctx context.Context, size int) error {
	c.size += size
	if n := len(c.records.Captures) + len(c.records.Deliveries) + len(c.records.Documents); n < restoreRecords && c.size < restoreBytes {
		return nil
	}
	return c.flush(ctx)
}

func (c *copier) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.to.Restore(ctx, c.records); err != nil {
		return err
	}
	clear(c.records.Captures)
	clear(c.records.Deliveries)
	clear(c.records.Documents)
	c.records.Captures, c.records.Deliveries, c.records.Documents = c.records.Captures[:0], c.records.Deliveries[:0], c.records.Documents[:0]
	c.size = 0
	c.progress.Captures, c.progress.Deliveries, c.progress.Bytes = c.copied.Captures, c.copied.Deliveries, c.copied.Bytes
	c.report()
	return nil
}

func (c *copier) report() {
	if c.watch != nil {
		c.progress.Elapsed = time.Since(c.begin)
		c.watch(c.progress)
	}
}

// correct makes the account count the captures that are there. It returns how many others it
// counted.
func (c *copier) correct(a *Account) (all int) {
	for i := range a.Bins {
		b := &a.Bins[i]
		var found ArchivedBin
		if read := c.counted[b.Name]; read != nil {
			found = *read
		}
		if missing := b.Count - found.Count; missing > 0 {
			all += missing
			b.Evicted += uint64(missing)
			a.EvictedCaptures += uint64(missing)
		}
		b.Count, b.Bytes = found.Count, found.Bytes
	}
	return all
}

// verify reads the copy and compares it with what was read from the origin.
func (c *copier) verify(ctx context.Context, want Account) error {
	read := newDigests()
	c.progress.Verifying, c.progress.Captures, c.progress.Deliveries, c.progress.Bytes = true, 0, 0, 0
	next := int64(restoreBytes)
	count := func(size int) error {
		if c.progress.Bytes += int64(size); c.progress.Bytes >= next {
			next = c.progress.Bytes + restoreBytes
			c.report()
		}
		return ctx.Err()
	}
	if err := errors.Join(c.to.Captures(ctx, func(r ArchivedCapture) error {
		read.capture(&r)
		c.progress.Captures++
		return count(len(r.Head) + len(r.Body))
	}), c.to.Deliveries(ctx, func(r ArchivedDelivery) error {
		read.delivery(&r)
		c.progress.Deliveries++
		return count(len(r.Record))
	}), c.to.Documents(ctx, func(r ArchivedDocument) error {
		read.document(&r)
		return count(len(r.Doc))
	})); err != nil {
		return err
	}
	if c.report(); !read.equal(&c.digests) {
		return c.differs("the " + read.difference(&c.digests))
	}
	got, err := c.to.Account(ctx)
	if err != nil {
		return err
	}
	if got.digest() != want.digest() {
		return c.differs("what is counted")
	}
	now, err := c.from.Account(ctx)
	if err != nil {
		return err
	}
	c.correct(&now)
	if now.digest() != want.digest() {
		return c.differs("what is counted")
	}
	return nil
}

func (c *copier) differs(what string) error {
	return fmt.Errorf("%w: %s of %s and %s: a server has used one of them meanwhile; delete the copy and start again", ErrDiffers, what, c.from.Name(), c.to.Name())
}

// digest returns the digest of what the account counts, without the marks and the order of the
// bins, which stores keep in different ways.
func (a *Account) digest() string {
	d := digest{sha256.New()}
	bins := slices.SortedFunc(slices.Values(a.Bins), func(x, y ArchivedBin) int { return cmp.Compare(x.Name, y.Name) })
	d.number(uint64(len(bins)), a.Numbers.Capture, a.Numbers.Delivery, a.EvictedCaptures, a.EvictedDeliveries, a.Forgotten)
	for _, b := range bins {
		d.text(b.Name)
		d.number(uint64(b.Count), b.Last, b.Evicted, b.Cleared, uint64(b.Bytes))
	}
	return hex.EncodeToString(d.Sum(nil))
}

// digests are the digests of each kind of records.
type digests struct{ captures, deliveries, documents digest }

func newDigests() digests {
	return digests{digest{sha256.New()}, digest{sha256.New()}, digest{sha256.New()}}
}

func (d *digests) capture(c *ArchivedCapture) {
	d.captures.number(c.Seq, uint64(c.Size))
	d.captures.text(c.Bin)
	d.captures.bytes(c.Head, c.Body)
}

func (d *digests) delivery(r *ArchivedDelivery) {
	d.deliveries.number(r.Seq, uint64(r.Next), uint64(r.Size), uint64(len(r.Attempts)))
	d.deliveries.text(r.ID, r.Provider, r.Endpoint, r.Event, string(r.State))
	d.deliveries.bytes(r.Record)
	d.deliveries.bytes(r.Attempts...)
}

func (d *digests) document(r *ArchivedDocument) {
	d.documents.text(r.Kind, r.Key)
	d.documents.bytes(r.Doc)
}

// sum returns the digest of all records.
func (d *digests) sum() Sum {
	all := d.captures.Sum(nil)
	all = d.deliveries.Sum(all)
	return sha256.Sum256(d.documents.Sum(all))
}

func (d *digests) equal(o *digests) bool { return d.sum() == o.sum() }

// difference names the kind of records that differ first.
func (d *digests) difference(o *digests) string {
	switch {
	case string(d.captures.Sum(nil)) != string(o.captures.Sum(nil)):
		return "captures"
	case string(d.deliveries.Sum(nil)) != string(o.deliveries.Sum(nil)):
		return "deliveries"
	}
	return "documents"
}

// digest is a digest of fields, each with its length.
type digest struct{ hash.Hash }

func (d digest) number(list ...uint64) {
	for _, n := range list {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], n)
		_, _ = d.Write(b[:])
	}
}

func (d digest) text(list ...string) {
	for _, text := range list {
		d.bytes([]byte(text))
	}
}

func (d digest) bytes(list ...[]byte) {
	for _, b := range list {
		d.number(uint64(len(b)))
		_, _ = d.Write(b)
	}
}

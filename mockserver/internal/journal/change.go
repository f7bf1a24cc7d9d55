package journal

// ChangeKind is the kind of a Change.
type ChangeKind uint8

// These are the kinds of changes. The comments list the fields of Change that each sets.
const (
	CaptureStored ChangeKind = iota + 1 // Bin, Seq
	// Bin, Seq: the response of the capture was added or replaced.
	ResponseSet
	CaptureDeleted  // Bin, Seq: on request
	BinCleared      // Bin, Seq: on request, all captures of the bin up to and including Seq
	CapturesEvicted // Bin, Seq: to make room, all captures of the bin up to and including Seq
	DeliveryStored  // Delivery, Seq
	// Delivery, Seq: an attempt was added, or the state or next due time changed.
	AttemptMade
	DeliveryEvicted // Delivery, Seq
)

// Change is one thing that a store has committed. Deleted and evicted records never come back. All
// other changes are hints: read the record, which may have changed again or be deleted.
type Change struct {
	Kind     ChangeKind
	Bin      string // name of the bin, for changes of captures
	Delivery string // id, for changes of deliveries
	Seq      uint64 // of the capture or delivery
}

// filter returns the narrowest filter that selects c.
func (c *Change) filter() Filter { return Filter{Bin: c.Bin, Delivery: c.Delivery} }

// Filter selects changes. The zero Filter selects all of them.
type Filter struct {
	Bin      string // only changes of captures in this bin
	Delivery string // only changes of the delivery with this id
}

// selects reports whether the filter selects c.
func (f Filter) selects(c *Change) bool { return f == Filter{} || f == c.filter() }

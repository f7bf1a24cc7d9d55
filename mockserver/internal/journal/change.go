package journal

// ChangeKind says what a store did.
type ChangeKind uint8

// The kinds of changes, and which fields of Change each sets.
const (
	CaptureStored   ChangeKind = iota + 1 // Bin, Seq
	ResponseSet                           // Bin, Seq: the capture has another response
	CaptureDeleted                        // Bin, Seq: on request
	BinCleared                            // Bin, Seq: on request, all captures of the bin up to and including Seq
	CapturesEvicted                       // Bin, Seq: to make room, all captures of the bin up to and including Seq
	DeliveryStored                        // Delivery, Seq
	AttemptMade                           // Delivery, Seq: an attempt was added, or the state or the next due time was set
	DeliveryEvicted                       // Delivery, Seq
)

// Change is one thing that a store has committed. What is deleted or evicted never comes back. All
// other changes are hints: read the record, which may have changed again or be gone.
type Change struct {
	Kind     ChangeKind
	Bin      string // of the captures
	Delivery string // its id
	Seq      uint64 // of the capture or delivery
}

// filter returns the narrowest filter that lets c through.
func (c *Change) filter() Filter { return Filter{Bin: c.Bin, Delivery: c.Delivery} }

// Filter selects changes. The zero Filter selects all of them.
type Filter struct {
	Bin      string // changes of the captures of this bin only
	Delivery string // changes of the delivery with this id only
}

// selects says whether the filter lets c through.
func (f Filter) selects(c *Change) bool { return f == Filter{} || f == c.filter() }

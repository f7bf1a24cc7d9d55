package postgres

import (
	"encoding/binary"
	"math"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A row of changes has what one transaction changed, so that other nodes can report it to their
// watches. Its list consists of entries: a kind, the name of the bin or the id of the delivery, the
// number of the first record, and how many records with consecutive numbers follow. Numbers are
// varints, and a name follows its length. An entry of a document has only its kind and its key as
// names, and that of an ordered delivery its node and its id.

// manyChanges is the kind of the only entry of a list that would be too long: the reader knows only
// that much has changed.
const manyChanges = 0

// These are the kinds of the entries of a document and of an ordered delivery that was saved.
const (
	documentChanged = 100
	deliveryGiven   = 101
)

// changeList is what a list says.
type changeList struct {
	changes   []journal.Change
	documents []documentName
	given     []givenName
}

// note adds a change to those of the transaction. Changes beyond FeedSize are dropped: watches then
// know that they missed some.
func (t *tx) note(c journal.Change) {
	if n := len(t.changes) - 1; n >= 0 && c.Kind == journal.CapturesEvicted && t.changes[n].Kind == c.Kind && t.changes[n].Bin == c.Bin {
		t.changes[n].Seq = c.Seq
		return
	}
	if len(t.changes) <= journal.FeedSize {
		t.changes = append(t.changes, c)
	}
}

// packChanges appends the list of a row to dst.
func packChanges(dst []byte, list changeList) []byte {
	changes := list.changes
	if len(changes) > journal.FeedSize || len(list.documents) > maxChangedDocuments {
		return append(dst, manyChanges)
	}
	for i := 0; i < len(changes); {
		c := changes[i]
		run := 1
		for i+run < len(changes) && follows(c, changes[i+run], run) {
			run++
		}
		dst = append(dst, byte(c.Kind))
		dst = appendName(dst, c.Bin+c.Delivery) // one of them is empty
		dst = binary.AppendUvarint(dst, c.Seq)
		dst = binary.AppendUvarint(dst, uint64(run-1))
		i += run
	}
	for _, d := range list.documents {
		dst = appendName(append(dst, documentChanged), d.kind)
		dst = appendName(dst, d.key)
	}
	for _, g := range list.given {
		dst = appendName(append(dst, deliveryGiven), g.node)
		dst = appendName(dst, g.delivery)
	}
	return dst
}

func appendName(dst []byte, name string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(name))), name...)
}

// follows reports whether next is the n-th change after first in a run.
func follows(first, next journal.Change, n int) bool {
	first.Seq += uint64(n)
	return first == next && (first.Kind == journal.CaptureStored || first.Kind == journal.CaptureDeleted)
}

// unpackChanges reads a list. It returns false if it does not say all that has changed.
func unpackChanges(list []byte) (read changeList, complete bool) {
	bad := false
	number := func() uint64 {
		v, n := binary.Uvarint(list)
		if n <= 0 {
			bad, n = true, len(list)
		}
		list = list[n:]
		return v
	}
	name := func() string {
		n := number()
		if n > uint64(len(list)) {
			bad, n = true, uint64(len(list))
		}
		found := string(list[:n])
		list = list[n:]
		return found
	}
	for len(list) > 0 {
		kind := list[0]
		list = list[1:]
		switch kind {
		case documentChanged:
			read.documents = append(read.documents, documentName{name(), name()})
			continue
		case deliveryGiven:
			read.given = append(read.given, givenName{name(), name()})
			continue
		}
		c := journal.Change{Kind: journal.ChangeKind(kind)}
		if c.Kind >= journal.DeliveryStored {
			c.Delivery = name()
		} else {
			c.Bin = name()
		}
		c.Seq = number()
		run := number()
		if bad || c.Kind == manyChanges || c.Kind > journal.DeliveryEvicted || run > journal.FeedSize || c.Seq > math.MaxInt64 {
			return changeList{}, false
		}
		for range run + 1 {
			read.changes = append(read.changes, c)
			c.Seq++
		}
	}
	return read, !bad
}

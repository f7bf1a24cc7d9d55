package journal

import (
	"context"
	"encoding/json"
)

// Sequences counts which response of a script comes next, once over all servers of a store. A
// script is kept by a document, and has a revision: a text that is another one whenever the script
// begins again from its first response.
type Sequences interface {
	// SwapScript replaces a document, or deletes it if doc is nil, in the same write in which
	// revision becomes the one whose turns are counted. With another revision all sequences of the
	// document begin again. Errors are those of Swap and Delete: ErrChanged if the document is not
	// before.
	SwapScript(ctx context.Context, kind, key string, before, doc json.RawMessage, revision string) error
	// Turn takes a turn. It returns ErrOutdated if the document has another revision or was
	// deleted: read it again.
	Turn(ctx context.Context, k TurnKey) (Turn, error)
}

// TurnKey names who takes a turn.
type TurnKey struct {
	Kind, Key string // of the document
	Revision  string
	Sequence  int // its number in the document
	// Member takes turns of its own; "" shares those of the sequence with all others. A document
	// remembers the RememberedMembers members that took the last turns, and at most twice as many.
	Member string
	// First, if it is not 0, is for a sequence that counts only the members that come first, and
	// how many those are. They are never forgotten. One sequence of a document may have it.
	First int
}

// RememberedMembers is how many members the turns of a document always remember.
const RememberedMembers = 50_000

// Turn is a turn that was taken.
type Turn struct {
	Taken uint64 // turns that the member took before
	// Ordinal is the place of the member among those that came first, from 0. It is First for all
	// others.
	Ordinal int
}

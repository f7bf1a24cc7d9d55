package fault

import (
	"errors"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// cutRow is the row of a fault that sends a part of the body. The journal has that part.
func cutRow(name, text string, end wire.End, finds, source string) row {
	return row{
		Kind: Kind{
			Name: name, Text: text, Changes: "where the request ends", Signature: Uncovered, Finds: finds, Source: source,
		},
		arg:    offset(),
		groups: []string{"ending", "chunks or cut"},
		alter: func(arg string, r *Request) error {
			at, err := within(arg, r)
			if err == nil && end == wire.Stall && at == len(r.Message.Body) {
				err = errors.New("the body ends there: nothing is left to wait for")
			}
			r.Message.Body = r.Message.Body[:at] // Content-Length stays
			r.Manner.End = end
			return err
		},
	}
}

package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// playedLine is a line of the journal of a run of scenarios; see scenarios.JournalEntry.
type playedLine struct {
	Kind     string         `json:"kind"`
	Provider string         `json:"provider"`
	Request  *wire.Message  `json:"request"`
	Response *playedMessage `json:"response"`
	Wall     struct {
		At      time.Time         `json:"at"`
		Target  string            `json:"target"`
		Headers signature.Headers `json:"headers"`
		Body    []byte            `json:"body"`
	} `json:"wall"`
}

type playedMessage struct {
	Status int `json:"status"`
}

// inWall is the value of a header line whose real value is in the member wall.
const inWall = "${wall}"

// played reads a line of a journal as the request of an attempt or a call. ok is false if the line
// is not one of a journal. The capture has no method if the line is one of a journal without a
// request that the run sent: a result, or a capture of what an attempt sent.
func played(line []byte) (c journal.Capture, ok bool, err error) {
	if !bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte(`{"kind":`)) {
		return c, false, nil
	}
	var l playedLine
	if err := json.Unmarshal(line, &l); err != nil {
		return c, true, fmt.Errorf("%w: want a line of a journal: %w", ErrInvalid, err)
	}
	if !slices.Contains([]string{"run", "step", "attempt", "capture", "call"}, l.Kind) {
		return c, false, nil
	}
	if l.Kind != "attempt" && l.Kind != "call" || l.Request == nil {
		return c, true, nil
	}
	c.Message, c.At = *l.Request, l.Wall.At
	if l.Wall.Target != "" {
		c.Target = l.Wall.Target
	}
	if l.Wall.Body != nil {
		c.Body = l.Wall.Body
	}
	rest := l.Wall.Headers
	for i := range c.Headers {
		h := &c.Headers[i]
		if h.Value != inWall {
			continue
		}
		if len(rest) == 0 || !strings.EqualFold(rest[0].Name, h.Name) {
			return c, true, fmt.Errorf("%w: the value of the header %s is missing in wall.headers", ErrInvalid, h.Name)
		}
		h.Value, rest = rest[0].Value, rest[1:]
	}
	if l.Response != nil {
		c.Response = &journal.Response{Status: l.Response.Status}
	}
	return c, true, check(&c)
}

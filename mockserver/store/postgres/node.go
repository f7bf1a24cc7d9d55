package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Other nodes learn of changes in two ways. A notice, which may be lost, makes a node read the rows
// of changes at once. In addition each node looks for them every pollInterval. Notices are sent
// outside of the transactions that write, because their commit takes a lock of the whole server,
// and at most one in each noticeInterval.
//
// A node that only reads would read after each commit of each other node: with n nodes that all
// commit, the server would have n² times the work. So it rests after each time it has read, for
// readRest and each node that runs.
const (
	pollInterval   = time.Second
	noticeInterval = 5 * time.Millisecond
	readRest       = 500 * time.Microsecond
)

// rest returns how long the node waits before it reads changes again, at most as long as the poll.
func (s *store) rest() time.Duration {
	return min(readRest*time.Duration(s.counts.nodes.Load()), pollInterval)
}

// newNode returns the name of a store among those of one database.
func newNode() string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	return string(id[:])
}

// channel returns the name of the journal's notices.
func (s *store) channel() string { return "hookrig_" + schemaOf(s.config) }

// tell makes the notifier tell other nodes that there are changes up to n.
func (s *store) tell(n int64) {
	s.newest.Store(n)
	select {
	case s.told <- struct{}{}:
	default:
	}
}

// keepNotifying sends notices until the store is closed.
func (s *store) keepNotifying() {
	sender := hex.EncodeToString([]byte(s.node))
	for {
		select {
		case <-s.told:
		case <-s.closing.Done():
			return
		}
		// A notice that fails is not repeated: the other nodes poll.
		_ = s.pool.do(s.closing, func(c *conn) (bool, error) {
			return false, c.query(s.closing, "SELECT pg_notify($1, $2)", [][]byte{[]byte(s.channel()), []byte(sender)}, nil)
		})
		if !pause(s.closing, noticeInterval) {
			return
		}
	}
}

// keepListening makes the writer read the changes of other nodes, until the store is closed.
func (s *store) keepListening() {
	config := s.config.Copy()
	sender := hex.EncodeToString([]byte(s.node))
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		if !strings.EqualFold(n.Payload, sender) {
			s.hint()
		}
	}
	for s.closing.Err() == nil {
		s.listen(config)
		s.hint()
		pause(s.closing, pollInterval)
	}
}

// listen waits for notices until the connection breaks or the store is closed.
func (s *store) listen(config *pgconn.Config) {
	c, err := connect(s.closing, config)
	if err != nil {
		return
	}
	defer c.close()
	if err := c.run(s.closing, "LISTEN "+s.channel()); err != nil {
		return
	}
	s.hint() // something may have changed before
	for !c.pg.IsClosed() && s.closing.Err() == nil {
		ctx, cancel := context.WithTimeout(s.closing, pollInterval)
		if err := c.pg.WaitForNotification(ctx); err != nil {
			s.hint() // a notice may be lost
		}
		cancel()
	}
}

// hint makes the writer look for changes.
func (s *store) hint() {
	select {
	case s.hints <- struct{}{}:
	default:
	}
}

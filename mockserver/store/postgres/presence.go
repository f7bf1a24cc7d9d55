package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A node writes into its row of table nodes every appearInterval, or more often if its lease is
// short (lease.go). Its row is deleted after nodeForgotten.
const (
	appearInterval = time.Second
	nodeForgotten  = "1 day"
)

// appearTimeout bounds the write of a row. A database that takes longer cannot be used.
const appearTimeout = 2 * time.Second

// presence is what a node says about itself, and whether the database took it.
type presence struct {
	mu   sync.Mutex
	text []byte // the column about
	err  error  // of the last write
}

func (p *presence) about() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return text(p.text)
}

// set notes the result of a write.
func (p *presence) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

const sqlAppear = "INSERT INTO nodes (node, seen, about, lease) VALUES ($1, clock_timestamp(), $2, $3::bigint * interval '1 microsecond') " +
	"ON CONFLICT (node) DO UPDATE SET seen = excluded.seen, about = excluded.about, lease = excluded.lease"

const sqlOverview = "SELECT change, (SELECT count(*) FROM nodes WHERE seen > clock_timestamp() - lease) FROM journal"

// appear notes that the node runs.
func (s *store) appear(ctx context.Context) error {
	return s.pool.do(ctx, func(c *conn) (bool, error) { return true, s.appearOn(ctx, c) })
}

func (s *store) appearOn(ctx context.Context, c *conn) error {
	return c.query(ctx, sqlAppear, [][]byte{[]byte(s.node), s.presence.about(), number(s.leases.length.Microseconds())}, nil)
}

// keepAppearing notes that the node runs until the store is closed. It has a connection of its own,
// so that it does not wait for the queries of others.
func (s *store) keepAppearing() {
	var c *conn
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	timer := time.NewTicker(s.leases.heartbeat)
	defer timer.Stop()
	for failing := false; ; {
		select {
		case <-timer.C:
		case <-s.closing.Done():
			return
		}
		ctx, cancel := context.WithTimeout(s.closing, min(appearTimeout, s.leases.length/2))
		var err error
		if c == nil {
			c, err = connect(ctx, s.config)
		}
		if err == nil {
			err = s.renew(ctx, c)
		}
		if err == nil {
			err = c.query(ctx, "DELETE FROM nodes WHERE seen < clock_timestamp() - interval '"+nodeForgotten+"'", nil, nil)
		}
		if err == nil {
			err = c.query(ctx, sqlOverview, nil, func(row [][]byte) error {
				s.counts.latest.Store(integer(row[0]))
				s.counts.nodes.Store(integer(row[1]))
				return nil
			})
		}
		cancel()
		if err != nil && c != nil {
			c.close()
			c = nil
		}
		if err != nil && !failing {
			s.log("telling other nodes that this one runs", err)
		}
		failing = err != nil
		s.presence.set(err)
	}
}

// disappear notes that the node has ended, so that its deliveries can be adopted at once.
func (s *store) disappear() {
	ctx, cancel := context.WithTimeout(context.Background(), appearTimeout)
	defer cancel()
	_ = s.pool.do(ctx, func(c *conn) (bool, error) {
		return false, c.query(ctx, "DELETE FROM nodes WHERE node = $1", [][]byte{[]byte(s.node)}, nil)
	})
}

// Ready returns nil if the last write of the node's row succeeded. It may be a few seconds old.
func (s *store) Ready() error {
	s.presence.mu.Lock()
	defer s.presence.mu.Unlock()
	if s.queue.isClosed() {
		return journal.ErrClosed
	}
	if err := s.presence.err; err != nil {
		return fmt.Errorf("the database does not take writes: %w: %w", ErrUnavailable, oneLine(err))
	}
	return nil
}

// Announce stores what the node says about itself. If the database is away, the node's row gets it
// later.
func (s *store) Announce(ctx context.Context, n journal.Node) error {
	n.ID, n.Started, n.Seen, n.Pending, n.Self = "", time.Time{}, time.Time{}, 0, false
	about, err := json.Marshal(n)
	if err != nil {
		return err
	}
	s.presence.mu.Lock()
	s.presence.text = about
	s.presence.mu.Unlock()
	return s.explain("announcing this server", s.appear(ctx))
}

const sqlNodes = "SELECT n.node, n.about, (extract(epoch FROM n.started) * 1000000)::bigint, (extract(epoch FROM n.seen) * 1000000)::bigint, " +
	"(" + isAlive + ")::int::bigint, coalesce(p.count, 0) " +
	"FROM nodes n LEFT JOIN (SELECT node, count(*) FROM deliveries WHERE state = 'pending' GROUP BY node) p ON p.node = n.node " +
	"WHERE n.about <> '' ORDER BY n.started, n.node"

// Nodes reads table nodes.
func (s *store) Nodes(ctx context.Context) ([]journal.Node, error) {
	nodes := []journal.Node{}
	err := s.query(ctx, sqlNodes, func(row [][]byte) error {
		var n journal.Node
		if err := json.Unmarshal(row[1], &n); err != nil {
			return fmt.Errorf("%w: what a node says about itself: %w", errCorrupt, err)
		}
		n.ID, n.Self = hex.EncodeToString(row[0]), string(row[0]) == s.node
		n.Started, n.Seen = time.UnixMicro(integer(row[2])).UTC(), time.UnixMicro(integer(row[3])).UTC()
		if integer(row[4]) == 0 {
			n.State = journal.NodeLost
		}
		n.Pending = int(integer(row[5]))
		nodes = append(nodes, n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nodes, nil
}

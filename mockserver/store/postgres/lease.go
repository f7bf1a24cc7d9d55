package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The lease of a node is in its row of table nodes, and is renewed with each heartbeat. The node
// itself stops earlier than others may take over: leases.margin before that, counted from the time
// before it sent its last heartbeat that succeeded.
//
// A heartbeat takes no lock, so it may come at the time at which another node adopts. A node that
// gets its answer while its lease is valid knows that the other one has seen it. If the lease ended
// before, the node waits for the lock of the journal, and then asks what it still owns.

// defaultLease is the default of Options.Lease, and beats is how many heartbeats it has at least.
const (
	defaultLease = 15 * time.Second
	beats        = 5
)

// leaseParameter is the option of an address that replaces Options.Lease. PostgreSQL lets programs
// choose names with a dot.
const leaseParameter = "hookrig.lease"

// shortestLease is the shortest one that an address may name.
const shortestLease = time.Second

// leases has the current lease of the node.
type leases struct {
	heartbeat, length time.Duration

	mu      sync.Mutex
	current *journal.Lease
	changed chan struct{} // closed when current is another one
}

// open sets how long leases are.
func (l *leases) open(o Options) {
	l.heartbeat, l.length = o.Heartbeat, o.Lease
	if l.length <= 0 {
		l.length = defaultLease
	}
	if l.heartbeat <= 0 {
		l.heartbeat = min(appearInterval, l.length/beats)
	}
	l.changed = make(chan struct{})
}

// margin is how long before the end of its lease a node stops its attempts.
func (l *leases) margin() time.Duration { return l.length / 5 }

// until returns when the node must stop if a heartbeat that is sent now succeeds.
func (l *leases) until() time.Time { return time.Now().Add(l.length - l.margin()) }

func (l *leases) get() (current *journal.Lease, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current, l.changed
}

func (l *leases) set(lease *journal.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = lease
	close(l.changed)
	l.changed = make(chan struct{})
}

// end ends the lease.
func (l *leases) end() {
	if lease, _ := l.get(); lease != nil {
		lease.End()
	}
}

// Lease waits for a valid lease.
func (s *store) Lease(ctx context.Context) (*journal.Lease, error) {
	for {
		lease, changed := s.leases.get()
		if lease != nil && lease.Valid() {
			return lease, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.closing.Done():
			return nil, journal.ErrClosed
		}
	}
}

// renew writes the node's row. After the end of a lease it begins another one.
func (s *store) renew(ctx context.Context, c *conn) error {
	lease, _ := s.leases.get()
	if lease != nil && lease.Valid() {
		until := s.leases.until()
		if err := s.appearOn(ctx, c); err != nil {
			return err
		}
		if lease.Extend(until) {
			return nil
		}
	}
	return s.begin(ctx, c)
}

// begin begins a lease. While it has the lock of the journal, no node adopts.
func (s *store) begin(ctx context.Context, c *conn) error {
	until := s.leases.until()
	err := c.run(ctx, "BEGIN")
	if err == nil {
		err = c.query(ctx, sqlLock, nil, nil)
	}
	if err == nil {
		err = s.appearOn(ctx, c)
	}
	if err != nil {
		return errors.Join(err, c.run(ctx, "ROLLBACK"))
	}
	if err = c.run(ctx, "COMMIT"); err == nil {
		s.leases.set(journal.NewLease(until))
	}
	return err
}

// isAlive is the condition for a row of nodes whose node has not ended. The time is that of the
// statement: a heartbeat that the statement does not see was not committed by then.
const isAlive = "n.seen + n.lease > statement_timestamp()"

const (
	// sqlEnded finds the nodes with pending deliveries, one after the other in the index, and
	// returns those that have ended.
	sqlEnded = "WITH RECURSIVE owners AS ((SELECT node FROM deliveries WHERE state = 'pending' ORDER BY node LIMIT 1) UNION ALL " +
		"SELECT (SELECT d.node FROM deliveries d WHERE d.state = 'pending' AND d.node > o.node ORDER BY d.node LIMIT 1) FROM owners o WHERE o.node IS NOT NULL) " +
		"SELECT o.node FROM owners o WHERE o.node IS NOT NULL AND o.node <> $1 AND NOT EXISTS (SELECT FROM nodes n WHERE n.node = o.node AND " + isAlive + ")"

	// These adopt the pending deliveries of one node: the ordered ones of all endpoints, so that no
	// endpoint has two owners, and a portion of the others.
	sqlAdoptOrdered = "UPDATE deliveries d SET node = $1 WHERE d.state = 'pending' AND d.ordered AND d.node = $2 AND " + hasEnded + " RETURNING d.id"
	sqlAdopt        = "UPDATE deliveries d SET node = $1 WHERE d.seq IN (SELECT seq FROM deliveries WHERE state = 'pending' AND NOT ordered AND node = $2 ORDER BY seq LIMIT $3) " +
		"AND " + hasEnded + " RETURNING d.id"
	hasEnded = "NOT EXISTS (SELECT FROM nodes n WHERE n.node = $2 AND " + isAlive + ")"

	sqlOwners = "SELECT e.endpoint, o.node FROM unnest($1::bytea[]) e (endpoint) CROSS JOIN LATERAL " +
		"(SELECT d.node FROM deliveries d WHERE d.endpoint = e.endpoint AND d.state = 'pending' AND d.ordered ORDER BY d.seq DESC LIMIT 1) o"
)

// adoptAtOnce is how many deliveries without order are adopted in one transaction.
const adoptAtOnce = 1000

// Adopt makes this node the owner of the pending deliveries of nodes that have ended.
func (s *store) Adopt(ctx context.Context) ([]string, error) {
	var ended [][]byte
	err := s.query(ctx, sqlEnded, func(row [][]byte) error {
		ended = append(ended, text(row[0]))
		return nil
	}, text(s.node))
	if err != nil || len(ended) == 0 {
		return nil, err
	}
	var ids []string
	err = s.submit(ctx, needs{}, func(t *tx) error {
		ids = nil // again if the transaction is repeated
		adopted := func(row [][]byte) error {
			ids = append(ids, string(row[0]))
			return nil
		}
		t.addFlush()
		for _, node := range ended {
			t.batch.add(sqlAdoptOrdered, [][]byte{text(s.node), node}, adopted)
			t.batch.add(sqlAdopt, [][]byte{text(s.node), node, number(adoptAtOnce)}, adopted)
		}
		err := t.batch.run()
		t.changed = t.changed || len(ids) > 0
		t.owners = nil // they are other ones now
		for _, id := range ids {
			if d := t.deliveries[id]; d != nil {
				d.node = s.node
			}
		}
		return err
	})
	if err == nil {
		s.counts.adopted.Add(uint64(len(ids)))
	}
	return ids, err
}

// Owned returns the ids of the pending deliveries of this node.
func (s *store) Owned(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.query(ctx, "SELECT id FROM deliveries WHERE state = 'pending' AND node = $1 ORDER BY seq", func(row [][]byte) error {
		ids = append(ids, string(row[0]))
		return nil
	}, text(s.node))
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// OwnedDeliveries returns those of the deliveries that are pending and belong to this node.
func (s *store) OwnedDeliveries(ctx context.Context, ids []string) ([]journal.Delivery, error) {
	return s.findDeliveries(ctx, "id = ANY($1::bytea[]) AND state = 'pending' AND node = $2", oldestFirst, texts(ids), text(s.node), number(len(ids)))
}

// addOwners adds a query for the owners of the ordered deliveries of endpoints.
func (t *tx) addOwners(endpoints []string) {
	list := missing(t.owners, endpoints)
	if len(list) == 0 {
		return
	}
	if t.owners == nil {
		t.owners = map[string]string{}
	}
	for _, endpoint := range list {
		t.owners[endpoint] = t.w.s.node
	}
	t.batch.add(sqlOwners, [][]byte{texts(list)}, func(row [][]byte) error {
		t.owners[string(row[0])] = string(row[1])
		return nil
	})
}

// ownerOf returns the node that makes the attempts of a delivery that is saved now.
func (t *tx) ownerOf(d *journal.Delivery) (string, error) {
	if !d.Ordered || d.State != journal.Pending {
		return t.w.s.node, nil
	}
	if _, known := t.owners[d.Endpoint]; !known {
		t.addFlush()
		t.addOwners([]string{d.Endpoint})
		if err := t.batch.run(); err != nil {
			return "", err
		}
	}
	return t.owners[d.Endpoint], nil
}

// givenName is a delivery, and the node that it was given to.
type givenName struct{ node, delivery string }

// given has the deliveries that were given to this node.
type given struct {
	mu   sync.Mutex
	ids  []string
	all  bool
	wake chan struct{} // has one token after another node has given some
}

// mostGiven bounds the ids that are kept.
const mostGiven = 100_000

// add keeps those that were given to a node.
func (g *given) add(node string, names []givenName) (some bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range names {
		if name.node == node {
			g.ids, some = append(g.ids, name.delivery), true
		}
	}
	if len(g.ids) > mostGiven {
		g.ids, g.all = nil, true
	}
	return some
}

// miss notes that some were not reported.
func (g *given) miss() {
	g.mu.Lock()
	g.all = true
	g.mu.Unlock()
	g.tell()
}

func (g *given) tell() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Given returns the ids of ordered deliveries that belong to this node, and forgets them.
func (s *store) Given() (ids []string, all bool) {
	g := &s.given
	g.mu.Lock()
	defer g.mu.Unlock()
	ids, all = g.ids, g.all
	g.ids, g.all = nil, false
	return ids, all
}

// GivenC returns a channel that has a token after another node has given some.
func (s *store) GivenC() <-chan struct{} { return s.given.wake }

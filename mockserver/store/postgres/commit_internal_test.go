package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// cutter breaks connections when they commit.
type cutter struct {
	net.Conn
	cuts *cuts
	cut  bool // nothing is read any more
}

// cuts says how to break connections, and counts how often it was done.
type cuts struct {
	on            atomic.Bool
	before, after atomic.Int64
}

var errCut = errors.New("the test cut the connection")

// commitBind is the message that runs the statement COMMIT, which is the second one of the writer.
func commitBind() []byte { return []byte("\x00s1\x00") }

func (c *cutter) Write(data []byte) (int, error) {
	if !c.cuts.on.Load() || !bytes.Contains(data, commitBind()) {
		return c.Conn.Write(data)
	}
	switch rand.IntN(4) {
	case 0: // the server never gets it
		c.cuts.before.Add(1)
		_ = c.Conn.Close()
		return 0, errCut
	case 1: // the server commits, but its answer is lost
		c.cuts.after.Add(1)
		c.cut = true
	}
	return c.Conn.Write(data)
}

func (c *cutter) Read(data []byte) (int, error) {
	if c.cut {
		_ = c.Conn.Close()
		return 0, errCut
	}
	return c.Conn.Read(data)
}

// TestCommitWithoutAnswer loses the connection while it commits, so that the writer does not know
// whether the batch is stored. Every append is acknowledged and stored once.
func TestCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	config, name, err := parse(pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	cuts := &cuts{}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		return &cutter{Conn: c, cuts: cuts}, err
	}
	s, err := openAt(t.Context(), config, name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	watch := s.Watch(journal.Filter{})
	defer watch.Close()
	cuts.on.Store(true)
	const senders, each = 8, 40
	var running sync.WaitGroup
	for sender := range senders {
		running.Go(func() {
			for i := range each {
				c := &journal.Capture{Bin: "a", Message: wire.Message{Body: fmt.Appendf(nil, "%d/%d", sender, i)}}
				if err := s.AppendCapture(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				got, err := s.Capture(t.Context(), c.ID)
				if err != nil || !bytes.Equal(got.Body, c.Body) {
					t.Errorf("%s: %q, %v, want %q", c.ID, got.Body, err, c.Body)
				}
			}
		})
	}
	running.Wait()
	cuts.on.Store(false)
	if cuts.before.Load() == 0 || cuts.after.Load() == 0 {
		t.Errorf("%d connections were cut before, %d after the commit", cuts.before.Load(), cuts.after.Load())
	}
	got, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit})
	if err != nil || len(got) != senders*each {
		t.Errorf("%d captures, %v; want %d", len(got), err, senders*each)
	}
	last := uint64(0)
	for last < senders*each {
		<-watch.C()
		changes, missed := watch.Next()
		for _, c := range changes {
			if last++; c.Seq != last || missed {
				t.Fatalf("change %v, want %d; missed %v", c, last, missed)
			}
		}
	}
}

func TestChangesKeepEveryField(t *testing.T) {
	t.Parallel()
	var all []journal.Change
	for kind := journal.CaptureStored; kind <= journal.DeliveryEvicted; kind++ {
		for seq := range uint64(3) {
			c := journal.Change{Kind: kind, Seq: 5 + seq}
			if kind < journal.DeliveryStored {
				c.Bin = "a\x00\xff"
			} else {
				c.Delivery = fmt.Sprint("d", seq)
			}
			all = append(all, c)
		}
	}
	names := []documentName{{"bin", "a\xff"}, {"", ""}, {"endpoint", "b"}}
	want := changeList{all, names, []givenName{{"node\x00", "a"}, {"", ""}}}
	list := packChanges(nil, want)
	if got, complete := unpackChanges(list); !complete || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v; want %v", got, complete, want)
	}
	for n := range len(list) {
		_, _ = unpackChanges(list[:n]) // does not panic
	}
	if _, complete := unpackChanges(packChanges(nil, changeList{changes: make([]journal.Change, journal.FeedSize+1)})); complete {
		t.Error("a list that is too long is complete")
	}
	if got, complete := unpackChanges(packChanges([]byte{}, changeList{})); len(got.changes) != 0 || !complete {
		t.Errorf("no changes: %v, %v", got, complete)
	}
}

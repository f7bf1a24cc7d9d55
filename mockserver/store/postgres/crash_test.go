package postgres_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// crashAddress is the environment variable that makes this test binary the child to be killed.
const crashAddress = "HOOKRIG_TEST_CRASH_ADDRESS"

func TestMain(m *testing.M) {
	if address := os.Getenv(crashAddress); address != "" {
		s, err := postgres.Open(context.Background(), address, postgres.Options{})
		if err == nil {
			err = appendUntil(context.Background(), s, func(a acknowledged) { fmt.Printf("%d %d %d\n", a.sender, a.n, a.seq) })
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

const crashSenders = 24

// crashBody returns the body of a sender's n-th capture. It contains a checksum.
func crashBody(sender, n int) []byte {
	body := fmt.Appendf(nil, "%d/%d/", sender, n)
	body = append(body, bytes.Repeat([]byte{0, byte(n), 0xff}, (sender*31+n*7)%5000)...)
	return binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
}

// acknowledged is one append that succeeded.
type acknowledged struct {
	sender, n int
	seq       uint64
}

// appendUntil appends from many senders until ctx ends, and calls ack after each append that
// succeeded. A sender whose append fails because the database is away goes on with its next one.
func appendUntil(ctx context.Context, s journal.Store, ack func(acknowledged)) error {
	var running sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for sender := range crashSenders {
		running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c := journal.Capture{Bin: fmt.Sprint("bin", sender%3), Message: wire.Message{Method: "POST", Body: crashBody(sender, n)}}
				err := s.AppendCapture(context.WithoutCancel(ctx), &c)
				mu.Lock()
				switch {
				case err == nil:
					ack(acknowledged{sender, n, c.Seq})
				case !errors.Is(err, journal.ErrUnavailable):
					failed = errors.Join(failed, err)
					n = 1 << 60
				}
				mu.Unlock()
				if n >= 1<<60 {
					return
				}
			}
		})
	}
	running.Wait()
	return failed
}

// checkStored compares the captures after a number with those that were acknowledged: all of these
// are there, byte for byte, none is there twice, and each sender's are in order.
func checkStored(t *testing.T, s journal.Store, after uint64, acks []acknowledged) (last uint64, count int) {
	t.Helper()
	last = after
	bodies := map[uint64][]byte{}
	next := map[int]int{}
	for c := range all(t, s, after) {
		if c.Seq != last+1 {
			t.Fatalf("seq %d after %d", c.Seq, last)
		}
		last = c.Seq
		bodies[c.Seq] = c.Body
		var sender, n int
		if _, err := fmt.Sscanf(string(c.Body), "%d/%d/", &sender, &n); err != nil {
			t.Fatalf("body %q: %v", c.Body, err)
		}
		if n < next[sender] || !bytes.Equal(c.Body, crashBody(sender, n)) {
			t.Fatalf("sender %d: capture %d is there after %d, or its body is wrong", sender, n, next[sender]-1)
		}
		next[sender] = n + 1
	}
	for _, a := range acks {
		if !bytes.Equal(bodies[a.seq], crashBody(a.sender, a.n)) {
			t.Fatalf("acknowledged %v: body %q", a, bodies[a.seq])
		}
	}
	return last, len(bodies)
}

// all yields the captures after a number, oldest first.
func all(t *testing.T, s journal.Store, after uint64) func(func(journal.Capture) bool) {
	return func(yield func(journal.Capture) bool) {
		for {
			page, err := s.Captures(t.Context(), journal.CaptureQuery{After: after, Oldest: true, Limit: journal.MaxLimit})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				if !yield(c) {
					return
				}
				after = c.Seq
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

// checkTotals compares the counts that the store keeps with its records.
func checkTotals(t *testing.T, s journal.Store, captures int) {
	t.Helper()
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Captures != captures {
		t.Errorf("%+v, %v; want %d captures", stats, err, captures)
	}
	bins, err := s.Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, b := range bins {
		counted += b.Count
	}
	if counted != captures {
		t.Errorf("the bins count %d captures, %d are there", counted, captures)
	}
}

// TestSurvivesSIGKILL kills a node at random times.
func TestSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	last, total := uint64(0), 0
	for range 3 {
		acks := runAndKill(t, address, 1+rand.IntN(1500))
		s := open(t, address, postgres.Options{})
		var n int
		last, n = checkStored(t, s, last, acks)
		total += n
		checkTotals(t, s, total)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill runs the child until it has acknowledged that many captures, kills it, and returns the
// lines of its output.
func runAndKill(t *testing.T, address string, after int) []acknowledged {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashAddress+"="+address)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acks []acknowledged
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // an incomplete last line is no acknowledgement
		}
		if err != nil {
			t.Fatal(err)
		}
		var a acknowledged
		if _, err := fmt.Sscanf(line, "%d %d %d\n", &a.sender, &a.n, &a.seq); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		acks = append(acks, a)
		if len(acks) == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed
	if len(acks) < after {
		t.Fatalf("the child ended by itself after %d captures", len(acks))
	}
	return acks
}

// appending appends until the returned function is called, which returns what was acknowledged.
func appending(t *testing.T, s journal.Store, progress func(acks int)) (stop func() []acknowledged) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var acks []acknowledged
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = appendUntil(ctx, s, func(a acknowledged) {
			acks = append(acks, a)
			progress(len(acks))
		})
	}()
	return func() []acknowledged {
		cancel()
		<-ended
		if err != nil {
			t.Error(err)
		}
		return acks
	}
}

// counter is how many appends were acknowledged.
type counter struct {
	mu     sync.Mutex
	n      int
	change *sync.Cond
}

func newCounter() *counter {
	c := &counter{}
	c.change = sync.NewCond(&c.mu)
	return c
}

func (c *counter) set(n int) {
	c.mu.Lock()
	c.n = n
	c.mu.Unlock()
	c.change.Broadcast()
}

// more waits for n more.
func (c *counter) more(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for want := c.n + n; c.n < want; {
		c.change.Wait()
	}
}

// TestSurvivesTerminatedBackends ends all connections of the node again and again, while it writes.
// No append fails, and none is stored twice.
func TestSurvivesTerminatedBackends(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	s := open(t, empty(address), postgres.Options{})
	defer s.Close()
	acked := newCounter()
	stop := appending(t, s, acked.set)
	admin, err := pgconn.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	for range 30 {
		acked.more(1 + rand.IntN(200))
		if _, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hookrig'").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	acks := stop()
	_, n := checkStored(t, s, 0, acks)
	if n != len(acks) {
		t.Errorf("%d are stored, %d were acknowledged: none had to fail", n, len(acks))
	}
	checkTotals(t, s, n)
}

// TestSurvivesRestart stops the server without a word and starts it again, while the node writes.
func TestSurvivesRestart(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t)
	s := open(t, empty(server.DSN), postgres.Options{})
	defer s.Close()
	acked := newCounter()
	stop := appending(t, s, acked.set)
	for range 3 {
		acked.more(1 + rand.IntN(500))
		server.Stop()
		server.Start()
	}
	acked.more(100)
	acks := stop()
	_, n := checkStored(t, s, 0, acks)
	checkTotals(t, s, n)
	t.Logf("%d acknowledged, %d stored", len(acks), n)
}

// TestOutage stops the server for longer than calls wait. They then fail with ErrUnavailable, at
// once, and work again when the server is back.
func TestOutage(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t)
	address := empty(server.DSN)
	s, other := open(t, address, postgres.Options{}), open(t, address, postgres.Options{})
	defer s.Close()
	defer other.Close()
	watch := other.Watch(journal.Filter{})
	defer watch.Close()
	server.Stop()
	for i := range 3 {
		begin := time.Now()
		if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("AppendCapture: %v, want ErrUnavailable", err)
		}
		if _, err := s.Captures(t.Context(), journal.CaptureQuery{}); !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("Captures: %v, want ErrUnavailable", err)
		}
		if took := time.Since(begin); i > 0 && took > 2*time.Second {
			t.Errorf("it took %v to fail again", took)
		}
	}
	server.Start()
	var err error
	for range 100 {
		if err = s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	<-watch.C()
	if changes, missed := watch.Next(); missed || len(changes) != 1 {
		t.Errorf("%v, missed %v", changes, missed)
	}
}

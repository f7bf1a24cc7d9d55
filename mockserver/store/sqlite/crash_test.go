package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// crashDir is the environment variable that makes this test binary the child to be killed.
const crashDir = "HOOKRIG_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendUntilKilled(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

const crashSenders = 24

// crashBody returns the body of a sender's n-th capture. It contains a checksum.
func crashBody(sender, n int) []byte {
	body := fmt.Appendf(nil, "%d/%d/", sender, n)
	body = append(body, bytes.Repeat([]byte{0, byte(n), 0xff}, (sender*31+n*7)%500)...)
	return binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
}

// appendUntilKilled appends from many senders. After each append it writes "sender n seq" to
// stdout.
func appendUntilKilled(dir string) error {
	s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	if err != nil {
		return err
	}
	failed := make(chan error)
	var out sync.Mutex
	for sender := range crashSenders {
		go func() {
			for n := 0; ; n++ {
				c := journal.Capture{Bin: fmt.Sprint("bin", sender%3), Message: wire.Message{Method: "POST", Body: crashBody(sender, n)}}
				if err := s.AppendCapture(context.Background(), &c); err != nil {
					failed <- err
					return
				}
				if n%50 == 0 {
					if err := s.SaveDeliveries(context.Background(), &journal.Delivery{ID: fmt.Sprint(c.Seq), State: journal.Pending}); err != nil {
						failed <- err
						return
					}
				}
				out.Lock()
				fmt.Printf("%d %d %d\n", sender, n, c.Seq)
				out.Unlock()
			}
		}()
	}
	return <-failed
}

// acknowledged is one line of the child's output.
type acknowledged struct {
	sender, n int
	seq       uint64
}

// TestSurvivesSIGKILL kills a process at random times. Each acknowledged capture is stored, once,
// in order, byte for byte.
func TestSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const rounds = 4
	highest, total := uint64(0), 0
	for round := range rounds {
		lines := runAndKill(t, dir, 1+rand.IntN(1500))
		s := open(t, dir, sqlite.Options{})
		seen := readAfter(t, s, highest) // an earlier round has checked the captures before
		next := map[int]int{}
		last := uint64(0)
		bodies := map[uint64][]byte{}
		for _, c := range seen {
			bodies[c.Seq] = c.Body
			if c.Seq <= last {
				t.Fatalf("round %d: seq %d after %d", round, c.Seq, last)
			}
			last = c.Seq
			var sender, n int
			if _, err := fmt.Sscanf(string(c.Body), "%d/%d/", &sender, &n); err != nil {
				t.Fatalf("round %d: body %q: %v", round, c.Body, err)
			}
			if n != next[sender] || !bytes.Equal(c.Body, crashBody(sender, n)) {
				t.Fatalf("round %d: sender %d: capture %d comes where %d was due, or its body is wrong", round, sender, n, next[sender])
			}
			next[sender]++
		}
		at := map[uint64]acknowledged{}
		for _, a := range lines {
			if a.seq <= highest {
				t.Fatalf("round %d: seq %d was reused, the highest was %d", round, a.seq, highest)
			}
			if b, twice := at[a.seq]; twice {
				t.Fatalf("round %d: seq %d was assigned to %v and %v", round, a.seq, a, b)
			}
			at[a.seq] = a
			if a.n >= next[a.sender] {
				t.Fatalf("round %d: capture %d of sender %d was acknowledged, only %d are there", round, a.n, a.sender, next[a.sender])
			}
			if body := bodies[a.seq]; !bytes.Equal(body, crashBody(a.sender, a.n)) {
				t.Fatalf("round %d: acknowledged %v: body %q", round, a, body)
			}
			if a.n%50 == 0 {
				if _, err := s.Delivery(t.Context(), fmt.Sprint(a.seq)); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
			}
		}
		bins, err := s.Bins(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counted := 0
		for _, b := range bins {
			counted += b.Count
		}
		if total += len(seen); counted != total {
			t.Fatalf("round %d: the bins count %d captures, %d are there", round, counted, total)
		}
		if round == rounds-1 {
			if all := readAll(t, s); len(all) != total {
				t.Fatalf("%d captures are there in the end, %d were stored", len(all), total)
			}
		}
		highest = max(highest, last)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if highest == 0 {
		t.Fatal("the child never stored anything")
	}
}

// runAndKill runs the child until it has acknowledged that many captures, kills it, and returns the
// lines of its output.
func runAndKill(t *testing.T, dir string, after int) []acknowledged {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
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

func readAll(t *testing.T, s journal.Store) []journal.Capture {
	t.Helper()
	return readAfter(t, s, 0)
}

func readAfter(t *testing.T, s journal.Store, seq uint64) []journal.Capture {
	t.Helper()
	var all []journal.Capture
	for q := (journal.CaptureQuery{After: seq, Oldest: true, Limit: journal.MaxLimit}); ; {
		page, err := s.Captures(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		q.After = page[len(page)-1].Seq
	}
}

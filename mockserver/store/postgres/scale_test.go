package postgres_test

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// cost is what BenchmarkCost measured, and what a deployment is like. A transaction has the lock of
// the journal for an exchange with the node, the work of the server and its write to the disk.
type cost struct {
	exchange     time.Duration // from the node to the server and back
	serverCommit time.Duration // the server's work for a transaction
	serverRow    time.Duration // and for each capture in it
	nodeCommit   time.Duration // the node's work for a transaction
	nodeRow      time.Duration // and for each capture in it
	sync         time.Duration // until the log is on the disk
	readRow      time.Duration // the server's work to tell another node of a capture
}

// measured is a result of BenchmarkCost on two cores; exchange is that of a data centre.
var measured = cost{
	exchange:     300 * time.Microsecond,
	serverCommit: 370 * time.Microsecond, serverRow: 7 * time.Microsecond,
	nodeCommit: 200 * time.Microsecond, nodeRow: 7 * time.Microsecond,
	sync: 130 * time.Microsecond, readRow: 30 * time.Nanosecond,
}

// batchLimit is how many requests one transaction takes: see batchRequests.
const batchLimit = 4096

// outcome is what a simulated load came to.
type outcome struct {
	stored  float64       // captures/s
	p50     time.Duration // from the arrival of a capture to its acknowledgement
	p99     time.Duration
	batch   float64 // captures in a transaction
	commits float64 // transactions/s
	locked  float64 // share of the time in which the lock is locked
}

// waiting is a virtual node whose transaction waits for the lock.
type waiting struct {
	node  int
	taken float64 // when the node took its batch, in seconds
	asks  float64 // when the server gets its transaction
}

type line []waiting

func (t line) Len() int           { return len(t) }
func (t line) Less(i, j int) bool { return t[i].asks < t[j].asks }
func (t line) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *line) Push(x any)        { *t = append(*t, x.(waiting)) }
func (t *line) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

// simulate lets virtual nodes store an equal part of load, in captures/s, in one database. Captures
// arrive at random, independently of each other. The lock is given in the order of the requests for
// it.
func simulate(c cost, nodes int, load float64) outcome {
	s := func(d time.Duration) float64 { return d.Seconds() }
	each := load / float64(nodes)
	random := rand.New(rand.NewPCG(uint64(nodes), math.Float64bits(load)))
	seconds := min(max(4, 10/each), 60) // virtual ones
	var queue line
	arrived := make([]float64, nodes) // the first capture that is in no batch yet
	take := func(node int, at float64) {
		at = max(at, arrived[node])
		heap.Push(&queue, waiting{node, at, at + s(c.nodeCommit) + s(c.exchange)/2})
	}
	for i := range nodes {
		arrived[i] = random.ExpFloat64() / each
		take(i, 0)
	}
	var free, locked, stored, commits float64
	var waited latencies
	for queue[0].asks < seconds {
		turn := heap.Pop(&queue).(waiting)
		first, until := arrived[turn.node], turn.taken
		more := (until - first) * each
		rows := 1 + max(0, more+math.Sqrt(more)*random.NormFloat64())
		if rows > batchLimit {
			until, rows = first+(until-first)*batchLimit/rows, batchLimit
			arrived[turn.node] = until
		} else {
			arrived[turn.node] = until + random.ExpFloat64()/each
		}
		granted := max(turn.asks, free)
		work := s(c.exchange) + s(c.serverCommit) + s(c.sync) + rows*(s(c.nodeRow)+s(c.serverRow)+s(c.readRow)*float64(nodes-1))
		free = granted + work
		acknowledged := free + s(c.exchange)/2
		if granted > seconds/5 { // the start is not typical
			locked += min(work, max(0, seconds-granted))
			stored += rows
			commits++
			waited.add(acknowledged-until, acknowledged-first, rows)
		}
		take(turn.node, acknowledged)
	}
	span := seconds - seconds/5
	return outcome{
		stored: stored / span, p50: waited.quantile(0.5), p99: waited.quantile(0.99), batch: stored / commits, commits: commits / span, locked: locked / span,
	}
}

// latencies counts captures by how long they waited, in classes of a quarter of a millisecond.
type latencies struct{ count [40_000]float64 }

const latencyClass = 250e-6

// add adds captures whose waits are spread evenly from low to high, in seconds.
func (l *latencies) add(low, high, captures float64) {
	first, last := l.class(low), l.class(high)
	for i := first; i <= last; i++ {
		l.count[i] += captures / float64(last-first+1)
	}
}

func (l *latencies) class(wait float64) int { return min(int(wait/latencyClass), len(l.count)-1) }

func (l *latencies) quantile(q float64) time.Duration {
	var all, sum float64
	for _, n := range l.count {
		all += n
	}
	for i, n := range l.count {
		if sum += n; sum >= q*all {
			return time.Duration(float64(i+1) * latencyClass * float64(time.Second))
		}
	}
	return 0
}

// capacity reline the highest load of a database, in captures/s, for which 99 of 100 captures are
// acknowledged within limit.
func capacity(c cost, nodes int, limit time.Duration) float64 {
	low, high := 0.0, 1e6
	for high-low > 0.01*high {
		load := (low + high) / 2
		if o := simulate(c, nodes, load); o.p99 <= limit && o.stored > 0.9*load {
			low = load
		} else {
			high = load
		}
	}
	return low
}

// scaleLimit is how long the acknowledgement of a capture may take here.
const scaleLimit = 250 * time.Millisecond

// TestScale simulates how many captures nodes and databases store, and compares it with the tables
// in SCALE.md. UPDATE=1 writes them.
func TestScale(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	fmt.Fprintf(&text, "| nodes | captures/s | of one node | in a transaction | transactions/s | p50 | p99 | locked |\n|---|---|---|---|---|---|---|---|\n")
	for _, nodes := range []int{1, 3, 10, 30, 100, 300, 1000} {
		o := simulate(measured, nodes, capacity(measured, nodes, scaleLimit))
		fmt.Fprintf(&text, "| %d | %s | %s | %.0f | %.0f | %s | %s | %.0f %% |\n", nodes, thousands(o.stored), thousands(o.stored/float64(nodes)), o.batch, o.commits, ms(o.p50), ms(o.p99), 100*o.locked)
	}
	fmt.Fprintf(&text, "\nThe knee, for 10 nodes:\n\n| load, captures/s | stored | in a transaction | p50 | p99 | locked |\n|---|---|---|---|---|---|\n")
	most := capacity(measured, 10, scaleLimit)
	for _, share := range []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.2} {
		o := simulate(measured, 10, share*most)
		fmt.Fprintf(&text, "| %s | %s | %.0f | %s | %s | %.0f %% |\n", thousands(share*most), thousands(o.stored), o.batch, ms(o.p50), ms(o.p99), 100*o.locked)
	}
	fmt.Fprintf(&text, "\nNodes and bins divided over several databases, captures/s:\n\n| nodes | 1 database | 4 | 16 | 64 |\n|---|---|---|---|---|\n")
	for _, nodes := range []int{10, 100, 1000} {
		fmt.Fprintf(&text, "| %d |", nodes)
		for _, databases := range []int{1, 4, 16, 64} {
			if databases > nodes {
				text.WriteString(" – |")
				continue
			}
			each := capacity(measured, (nodes+databases-1)/databases, scaleLimit)
			// What the nodes can do bounds it: see the cost of a capture.
			fmt.Fprintf(&text, " %s |", thousands(min(float64(databases)*each, float64(nodes)*nodeLimit)))
		}
		text.WriteString("\n")
	}
	checkScale(t, text.String())
}

// nodeLimit is how many captures a node of two cores takes from sockets in a second, if it does not
// wait for the database.
const nodeLimit = 30_000

func thousands(n float64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%.0f", n)
	case n < 10_000:
		return fmt.Sprintf("%.1f k", n/1000)
	}
	return fmt.Sprintf("%.0f k", n/1000)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// checkScale compares the generated part of SCALE.md.
func checkScale(t *testing.T, want string) {
	t.Helper()
	const begin, end = "<!-- generated by TestScale: UPDATE=1 go test -run TestScale ./mockserver/store/postgres -->\n", "<!-- end -->"
	page, err := os.ReadFile("SCALE.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	have, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatalf("SCALE.md has no part between %q and %q", begin, end)
	}
	if have == want {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("SCALE.md is not what the simulation gives; run UPDATE=1 go test -run TestScale ./mockserver/store/postgres:\n%s", want)
	}
	if err := os.WriteFile("SCALE.md", []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

//go:build !slim

package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// workAddress is the environment variable that makes this test binary a worker, and testLease its
// lease.
const (
	workAddress = "HOOKRIG_TEST_WORK_ADDRESS"
	testLease   = 5 * time.Second // on a busy machine
)

func TestMain(m *testing.M) {
	if address := os.Getenv(workAddress); address != "" {
		err := Work(context.Background(), address, WorkOptions{
			Workers: 2, Node: os.Getenv("HOOKRIG_TEST_WORK_NODE"), lease: testLease,
			Ready: func() { fmt.Println("ready") }, Log: func(text string) { fmt.Println(text) },
		})
		fmt.Println(err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// worker starts a process that runs two shards at a time.
func worker(t *testing.T, address, name string) *os.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workAddress+"="+address, "HOOKRIG_TEST_WORK_NODE="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, line); err != nil || string(line) != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	go func() { _, _ = io.Copy(t.Output(), out) }()
	return cmd.Process
}

// consumer keeps the bodies that arrive.
type consumer struct {
	*httptest.Server
	mu       sync.Mutex
	captures []journal.Capture
	arrived  chan struct{} // one for each, if there is room
}

func newConsumer(t *testing.T) *consumer {
	c := &consumer{arrived: make(chan struct{}, 100_000)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.captures = append(c.captures, journal.Capture{At: time.Now(), Peer: r.RemoteAddr, Message: signature.Message{Method: r.Method, Target: r.RequestURI, Body: body}})
		c.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
		c.arrived <- struct{}{}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *consumer) all() iter.Seq2[journal.Capture, error] {
	return func(yield func(journal.Capture, error) bool) {
		for _, got := range c.captures {
			if !yield(got, nil) {
				return
			}
		}
	}
}

func (c *consumer) bodies() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list [][]byte
	for _, got := range c.captures {
		list = append(list, got.Body)
	}
	slices.SortFunc(list, bytes.Compare)
	return list
}

func plan(t *testing.T, url, rate string) burst.Plan {
	t.Helper()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	plan := burst.Plan{Parts: []burst.Part{{Provider: p, Secret: "s3cret-of-the-test"}}, URLs: []string{url}, Seed: 7, Connections: 8}
	if rate != "" {
		if plan.Shape, err = burst.ParseShape(rate); err != nil {
			t.Fatal(err)
		}
	}
	return plan
}

// Four shards over two processes send the set of bytes that one process sends.
func TestFourShardsOverTwoWorkers(t *testing.T) {
	address := pgtest.Start(t)
	one, four := newConsumer(t), newConsumer(t)
	worker(t, address, "north")
	worker(t, address, "south")

	p := plan(t, four.URL, "1000")
	p.Count = 3000
	var seen burst.Progress
	r, err := Run(t.Context(), address, p, Options{Shards: 4, lease: testLease}, func(now burst.Progress) { seen = now })
	if err != nil || !r.OK() || r.Incomplete() {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Reconcile(four.all()); err != nil || !r.OK() || r.Accounting.Captured != 3000 || r.Accounting.OutOfOrder != 0 {
		t.Errorf("%+v, %v", r.Accounting, err)
	}
	if seen.Intended != 3000 || seen.Sent == 0 || seen.Response.P99 == 0 {
		t.Errorf("the last progress is %+v", seen)
	}
	nodes := map[string]int{}
	for _, s := range r.Shards {
		nodes[s.Node]++
		if s.Sent != s.Intended || s.Dead || s.ClockError <= 0 || s.ClockOffset > 1000 || s.ClockOffset < -1000 {
			t.Errorf("%+v", s)
		}
		if s.ClockErrorEnd <= 0 || s.ClockErrorEnd == s.ClockError && s.ClockOffsetEnd == s.ClockOffset || math.Abs(s.ClockOffsetEnd-s.ClockOffset) > s.ClockError+s.ClockErrorEnd+10 {
			t.Errorf("the clock was not measured again, or is another one: %+v", s)
		}
	}
	checkStart(t, r, four)
	if nodes["north"]+nodes["south"] != 4 || nodes["north"] == 0 || nodes["south"] == 0 {
		t.Errorf("%v", nodes)
	}

	p.URLs, p.Shape = []string{one.URL}, burst.Shape{}
	if _, err := burst.Run(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(one.bodies(), four.bodies(), bytes.Equal) {
		t.Errorf("one process sent %d bodies and four shards %d, or others", len(one.captures), len(four.captures))
	}
	checkEmpty(t, address)
}

// connect returns a connection to the database.
func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// checkEmpty checks that a run left no row, and so no secret, and no job that could run.
func checkEmpty(t *testing.T, address string) {
	t.Helper()
	c := connect(t, address)
	for _, table := range []string{"runs", "shards", "chunks", "points", "river_job WHERE state IN ('available', 'scheduled', 'retryable', 'pending')", "river_job j WHERE j::text LIKE '%s3cret%'"} {
		var n int
		if err := c.QueryRow(t.Context(), "SELECT count(*) FROM hookrig_bursts."+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of %s, %v", n, table, err)
		}
	}
}

// A worker that is killed is reported with what it is known to have sent and what is uncertain, and
// nothing of it is sent again.
func TestAWorkerDies(t *testing.T) {
	address := pgtest.Start(t)
	c := newConsumer(t)
	victim := worker(t, address, "victim")
	p := plan(t, c.URL, "400")
	p.Count, p.Connections = 4000, 16

	// The victim takes two shards before the other worker is there.
	type result struct {
		*burst.Report
		error
	}
	results, taken := make(chan result, 1), make(chan int, 10)
	go func() {
		r, err := Run(t.Context(), address, p, Options{Shards: 4, lease: testLease, Waiting: func(ready int) { taken <- ready }}, nil)
		results <- result{r, err}
	}()
	for n := range taken {
		if n == 2 {
			break
		}
	}
	worker(t, address, "survivor")
	for range 1500 {
		<-c.arrived
	}
	if err := victim.Kill(); err != nil {
		t.Fatal(err)
	}
	worker(t, address, "third") // which could run what the victim did not finish
	var r result
	select {
	case r = <-results:
	case <-time.After(time.Minute):
		t.Fatal("the burst goes on")
	}
	if r.error != nil || r.OK() || !r.Incomplete() {
		t.Fatalf("%+v, %v", r.Report, r.error)
	}
	lost := 0
	for _, s := range r.Shards {
		if s.Node == "third" || s.Dead != (s.Node == "victim") {
			t.Errorf("%+v", s)
		}
		if !s.Dead {
			if s.Sent != s.Intended {
				t.Errorf("%+v", s)
			}
			continue
		}
		lost++
		u := s.Uncertain
		if s.Sent == 0 || s.Sent >= s.Intended || u.Count == 0 || s.Sent+u.Count > s.Intended || !strings.Contains(s.Problem, "known to be sent") ||
			u.First >= u.Last || u.Last >= p.Count || u.Last-u.First < u.Count || !strings.HasSuffix(s.Problem, fmt.Sprintf(", of the numbers %d to %d", u.First, u.Last)) {
			t.Errorf("%+v", s)
		}
	}
	if lost != 2 {
		t.Errorf("%d shards of the victim", lost)
	}
	bodies := c.bodies()
	if len(slices.CompactFunc(slices.Clone(bodies), bytes.Equal)) != len(bodies) {
		t.Error("an event was sent twice")
	}
	known, uncertain := uint64(0), uint64(0)
	for _, s := range r.Shards {
		known, uncertain = known+s.Sent, uncertain+s.Uncertain.Count
	}
	// The seconds have what the shards did, the dead ones until they were last stored. An event is
	// sent before it is in a second.
	inSeries, measured := uint64(0), r.Report.Sent
	for _, point := range r.Series {
		inSeries += point.Sent
	}
	if inSeries != measured || inSeries > known {
		t.Errorf("the series has %d events, the figures %d, and %d are known to be sent", inSeries, measured, known)
	}
	if n := uint64(len(bodies)); n < known || n > known+uncertain {
		t.Errorf("%d events arrived, known are %d, uncertain %d", n, known, uncertain)
	}
	// What arrived is of this burst, what was acknowledged is there: only the end is missing.
	if err := r.Reconcile(c.all()); err != nil || r.Accounting.Lost != 0 || r.Accounting.Unexpected != 0 || r.Accounting.Duplicated != 0 || r.Accounting.Captured != uint64(len(bodies)) {
		t.Errorf("%+v, %v", r.Accounting, err)
	}
	checkEmpty(t, address)
}

// checkStart checks that the shards began at the agreed time: it is the same one for all of them,
// within what the clocks may be wrong by, and no request came before it.
func checkStart(t *testing.T, r *burst.Report, c *consumer) {
	t.Helper()
	for _, s := range r.Shards {
		between := s.Start.Sub(r.Shards[0].Start)
		if may := time.Duration((s.ClockError + r.Shards[0].ClockError) * float64(time.Millisecond)); s.Start.IsZero() || between.Abs() > may {
			t.Errorf("shard %d began %v after shard 0, and their clocks are wrong by %v at most", s.Number, between, may)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	first := map[string]time.Time{}
	for _, got := range c.captures {
		if _, known := first[got.Peer]; !known {
			first[got.Peer] = got.At
		}
	}
	if len(first) < len(r.Shards) {
		t.Errorf("%d connections of %d shards", len(first), len(r.Shards))
	}
	for _, at := range first {
		if at.Before(r.Start) {
			t.Errorf("a request came %v before the start", r.Start.Sub(at))
		}
	}
}

// A shard whose node died is never run again: not by the same worker after its restart, not when
// River hands out its job once more, and not by River's rescue of jobs whose worker is gone.
func TestNothingIsSentAgain(t *testing.T) {
	address := pgtest.Start(t)
	c := newConsumer(t)
	victim := worker(t, address, "victim")
	p := plan(t, c.URL, "400")
	p.Count, p.Connections = 4000, 16
	type result struct {
		*burst.Report
		error
	}
	results := make(chan result, 1)
	go func() {
		r, err := Run(t.Context(), address, p, Options{Shards: 2, lease: testLease}, nil)
		results <- result{r, err}
	}()
	for range 600 {
		<-c.arrived
	}
	if err := victim.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = victim.Wait()
	restarted := worker(t, address, "victim")
	jobs := connect(t, address)
	set := func(statement string, args ...any) {
		t.Helper()
		if tag, err := jobs.Exec(t.Context(), statement, args...); err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%v, %v", tag, err)
		}
	}
	wait := func(condition string) {
		t.Helper()
		for met := false; !met; {
			if err := jobs.QueryRow(t.Context(), "SELECT pg_sleep(0.02) IS NOT NULL AND ("+condition+") FROM hookrig_bursts.river_job").Scan(&met); err != nil {
				t.Fatal(err)
			}
		}
	}
	// River hands the jobs out again, as an operator may have it do, while the leases hold.
	again := func() {
		t.Helper()
		set("UPDATE hookrig_bursts.river_job SET state = 'available', finalized_at = NULL")
		wait("bool_and(state = 'completed')")
	}
	again()
	r := <-results
	if r.error != nil || !r.Incomplete() {
		t.Fatalf("%+v, %v", r.Report, r.error)
	}
	arrived := len(c.bodies())
	for _, s := range r.Shards {
		if !s.Dead || s.Node != "victim" {
			t.Errorf("%+v", s)
		}
	}
	again() // when the burst has ended

	// A worker that has no other one beside it rescues jobs at its start. It discards those of a
	// kind that it does not know: so one of these shows that it did.
	if err := restarted.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = restarted.Wait()
	set("DELETE FROM hookrig_bursts.river_leader")
	set("UPDATE hookrig_bursts.river_job SET state = 'running', finalized_at = NULL, attempted_at = now() - $1::interval", (neverRescue + time.Hour).String())
	set("INSERT INTO hookrig_bursts.river_job (kind, args, max_attempts, state, attempt, attempted_at) SELECT 'unknown', '{}', 1, 'running', 1, min(attempted_at) FROM hookrig_bursts.river_job")
	worker(t, address, "third")
	wait("bool_or(kind = 'unknown' AND state = 'discarded')")
	wait("bool_and(kind = 'unknown' OR state = 'running')") // it left the others alone

	bodies := c.bodies()
	if len(bodies) != arrived || len(slices.CompactFunc(bodies, bytes.Equal)) != arrived {
		t.Errorf("%d events arrived, %d when the burst ended: some were sent again", len(bodies), arrived)
	}
	if err := r.Reconcile(c.all()); err != nil || r.Accounting.Lost != 0 || r.Accounting.Duplicated != 0 || r.Accounting.Captured != uint64(arrived) {
		t.Errorf("%+v of %d, %v", r.Accounting, arrived, err)
	}
}

// Without enough workers the burst does not begin, and says why.
func TestNoWorkers(t *testing.T) {
	address := pgtest.Start(t)
	c := newConsumer(t)
	p := plan(t, c.URL, "")
	p.Count = 100
	r, err := Run(t.Context(), address, p, Options{Shards: 2, Join: 500 * time.Millisecond}, nil)
	if r != nil || !errors.Is(err, ErrNoWorkers) || !strings.Contains(err.Error(), "0 of 2 shards were taken within 500ms") {
		t.Errorf("%+v, %v", r, err)
	}
	checkEmpty(t, address)
	worker(t, address, "late") // two shards at a time
	r, err = Run(t.Context(), address, p, Options{Shards: 3, Join: 2 * time.Second, lease: testLease}, nil)
	if r != nil || !errors.Is(err, ErrNoWorkers) || !strings.Contains(err.Error(), "2 of 3 shards") {
		t.Errorf("%+v, %v", r, err)
	}
	if len(c.captures) > 0 {
		t.Error("something was sent")
	}
	checkEmpty(t, address)
}

// A burst that is interrupted stops on all nodes, and says what it did.
func TestInterrupt(t *testing.T) {
	address := pgtest.Start(t)
	c := newConsumer(t)
	worker(t, address, "north")
	p := plan(t, c.URL, "200")
	p.Count = 100_000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for range 300 {
			<-c.arrived
		}
		cancel()
	}()
	r, err := Run(ctx, address, p, Options{Shards: 2, lease: testLease}, nil)
	if !errors.Is(err, context.Canceled) || r == nil || r.Sent < 300 || r.Sent > 2000 || r.Incomplete() {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Reconcile(c.all()); err != nil || r.Accounting.Lost != 0 || r.Accounting.Captured != uint64(len(c.captures)) {
		t.Errorf("%+v of %d, %v", r.Accounting, len(c.captures), err)
	}
}

// A worker that is stopped keeps what it has done, and says why there is no more.
func TestAWorkerStops(t *testing.T) {
	address := pgtest.Start(t)
	c := newConsumer(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Work(ctx, address, WorkOptions{Workers: 1, Node: "leaver"}) }()
	worker(t, address, "north")
	go func() {
		for range 300 {
			<-c.arrived
		}
		stop()
	}()
	p := plan(t, c.URL, "300")
	p.Count = 2000
	r, err := Run(t.Context(), address, p, Options{Shards: 3, lease: testLease}, nil)
	if err != nil || r.OK() || r.Incomplete() || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "the worker was stopped") {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Reconcile(c.all()); err != nil || r.Accounting.Lost != 0 || r.Accounting.Captured != uint64(len(c.captures)) {
		t.Errorf("%+v of %d, %v", r.Accounting, len(c.captures), err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The database may restart while a burst runs.
func TestTheDatabaseRestarts(t *testing.T) {
	server := pgtest.StartServer(t)
	c := newConsumer(t)
	worker(t, server.DSN, "north")
	go func() {
		for range 300 {
			<-c.arrived
		}
		server.Stop()
		server.Start()
	}()
	p := plan(t, c.URL, "300")
	p.Count = 1500
	r, err := Run(t.Context(), server.DSN, p, Options{Shards: 2}, nil)
	if err != nil || !r.OK() || r.Sent != 1500 {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Reconcile(c.all()); err != nil || !r.OK() {
		t.Errorf("%+v, %v", r.Accounting, err)
	}
	checkEmpty(t, server.DSN)
}

// What is wrong on the nodes is said by the command that wants the burst.
func TestProblems(t *testing.T) {
	address := pgtest.Start(t)
	worker(t, address, "north")
	c := newConsumer(t)
	c.Close()
	p := plan(t, c.URL, "")
	p.Count = 100
	r, err := Run(t.Context(), address, p, Options{Shards: 2, lease: testLease}, nil)
	if !errors.Is(err, burst.ErrNoConsumer) || r == nil || r.OK() || !strings.Contains(err.Error(), "no consumer at "+c.URL) {
		t.Errorf("%+v, %v", r, err)
	}
	p = plan(t, "http://10.1.2.3/hooks", "")
	p.Count = 100
	if _, err := Run(t.Context(), address, p, Options{Shards: 2, lease: testLease}, nil); err == nil || !strings.Contains(err.Error(), "allow it with --allow-target 10.1.2.3") {
		t.Errorf("%v", err)
	}
	open := newConsumer(t)
	p = plan(t, open.URL, "100")
	p.Count = 10_000
	p.Thresholds = make([]burst.Threshold, 1)
	if p.Thresholds[0], err = burst.ParseThreshold("abort:p99<1us"); err != nil {
		t.Fatal(err)
	}
	r, err = Run(t.Context(), address, p, Options{Shards: 2, lease: testLease}, nil)
	if err != nil || r.OK() || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "ended the burst after") {
		t.Errorf("%+v, %v", r, err)
	}
}

// What is wrong with the database, and what to do, is said on one line without the password.
func TestAddresses(t *testing.T) {
	address := pgtest.Start(t)
	c := connect(t, address)
	for _, statement := range []string{"CREATE ROLE guest LOGIN", "CREATE ROLE nobody", "CREATE SCHEMA shop_bursts", "CREATE TABLE shop_bursts.orders (id int)"} {
		if _, err := c.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	as := func(user string) string { return strings.Replace(address, "hookrig@", user+":s3cret@", 1) }
	for address, want := range map[string]struct {
		cause error
		says  string
	}{
		"nothing": {ErrAddress, "want postgres://"},
		"postgres://u:s3cret@127.0.0.1:1/x?connect_timeout=1": {ErrDatabase, "connection refused; start the server"},
		"postgres://u:s3cret@[::1/x":                          {ErrAddress, "want postgres://"},
		"postgres://u:s3cret@h/x?sslmode=perhaps":             {ErrAddress, "an option"},
		as("nobody"): {ErrDatabase, "check user and password"},
		as("guest"):  {ErrDatabase, "CREATE SCHEMA hookrig_bursts AUTHORIZATION guest"},
		strings.Replace(as("hookrig"), "/postgres?", "/shpo?", 1): {ErrDatabase, "createdb shpo"},
		as("hookrig") + "&serch_path=x":                           {ErrAddress, `"serch_path"; check the options`},
		as("hookrig") + "&search_path=shop":                       {ErrForeign, "shop_bursts belongs to another application"},
	} {
		err := Work(t.Context(), address, WorkOptions{})
		if !errors.Is(err, want.cause) || !strings.Contains(err.Error(), want.says) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %v that says %q", address, err, want.cause, want.says)
		}
	}
}

// A moment of the database's clock is the same moment on a machine whose clock is wrong.
func TestClock(t *testing.T) {
	theirs := time.Now().Add(time.Hour + time.Second)
	if wait := time.Until(clock{offset: time.Hour}.here(theirs)); wait < 900*time.Millisecond || wait > time.Second {
		t.Errorf("the start is in %v, want 1 s", wait)
	}
}

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// captures starts capture servers on one database.
func captures(t *testing.T, n int) []*capture.Server {
	t.Helper()
	address := empty(pgtest.Start(t))
	servers := make([]*capture.Server, n)
	for i := range servers {
		store := open(t, address, postgres.Options{})
		s, err := capture.Start(t.Context(), capture.Options{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		servers[i] = s
		t.Cleanup(func() {
			if err := errors.Join(s.Close(context.Background()), store.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	return servers
}

// responses returns one response for each body.
func responses(bodies ...string) (list []journal.Response) {
	for _, body := range bodies {
		list = append(list, journal.Response{Body: body})
	}
	return list
}

// ask sends a request of a delivery and returns the body of its response.
func ask(t *testing.T, s *capture.Server, bin, delivery string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/"+bin, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("webhook-id", delivery)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", resp.Status, err)
	}
	return string(body)
}

// askAll sends n requests through all servers at once, and counts their responses. delivery names
// the delivery of the i-th request.
func askAll(t *testing.T, servers []*capture.Server, bin string, n int, delivery func(i int) string) map[string]int {
	t.Helper()
	const senders = 12
	var mu sync.Mutex
	counts := map[string]int{}
	var running sync.WaitGroup
	for sender := range senders {
		running.Go(func() {
			for i := sender; i < n; i += senders {
				body := ask(t, servers[i%len(servers)], bin, delivery(i))
				mu.Lock()
				counts[body]++
				mu.Unlock()
			}
		})
	}
	running.Wait()
	http.DefaultClient.CloseIdleConnections()
	return counts
}

// configure sets the script of a bin on one server. It waits until the others know that the bin has
// settings: a server that knows of none asks nobody.
func configure(t *testing.T, servers []*capture.Server, on int, bin string, script capture.Script) {
	t.Helper()
	if err := servers[on].Configure(t.Context(), bin, capture.Settings{Responses: script}); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		for {
			set, err := s.Settings(t.Context(), bin)
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Responses.Sequence) > 0 || len(script.Sequence) == 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// TestSequenceOfSeveralNodes checks that each response of a sequence is used as often as it must be
// when the requests come through three nodes at once, also right after new settings on one of them.
func TestSequenceOfSeveralNodes(t *testing.T) {
	t.Parallel()
	nodes := captures(t, 3)
	same := func(int) string { return "any" }
	for round := range 3 {
		name := func(i int) string { return fmt.Sprintf("%d/%d", round, i) }
		configure(t, nodes, round, "loop", capture.Script{Sequence: responses(name(0), name(1), name(2), name(3)), Loop: true})
		if got, want := fmt.Sprint(askAll(t, nodes, "loop", 120, same)), fmt.Sprintf("map[%s:30 %s:30 %s:30 %s:30]", name(0), name(1), name(2), name(3)); got != want {
			t.Errorf("a loop: %v, want %v", got, want)
		}
		configure(t, nodes, round, "once", capture.Script{Sequence: responses(name(0), name(1), name(2))})
		if got, want := fmt.Sprint(askAll(t, nodes, "once", 60, same)), fmt.Sprintf("map[%s:1 %s:1 %s:58]", name(0), name(1), name(2)); got != want {
			t.Errorf("without a loop: %v, want %v", got, want)
		}
	}
	// A change of something else goes on.
	handshakes := []capture.Handshake{{Kind: "slack"}}
	if _, err := nodes[1].Change(t.Context(), "once", capture.Change{Handshakes: &handshakes}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, nodes[2], "once", "any"); got != "2/2" {
		t.Errorf("after another change: %s, want 2/2", got)
	}
	if err := nodes[0].Configure(t.Context(), "once", capture.Settings{}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, nodes[2], "once", "any"); got != "" {
		t.Errorf("without settings: %s", got)
	}
}

// TestDeliveriesOfSeveralNodes checks responses by delivery, of a rule, and for the first
// deliveries, when each delivery's attempts come through three nodes.
func TestDeliveriesOfSeveralNodes(t *testing.T) {
	t.Parallel()
	nodes := captures(t, 3)
	const deliveries = 20
	turn := func(i int) string { return fmt.Sprint("delivery", i%deliveries) }
	configure(t, nodes, 0, "by", capture.Script{Sequence: responses("a", "b", "c"), By: "delivery"})
	if got := fmt.Sprint(askAll(t, nodes, "by", 5*deliveries, turn)); got != "map[a:20 b:20 c:60]" {
		t.Errorf("by delivery: %v", got)
	}
	configure(t, nodes, 0, "rule", capture.Script{Sequence: responses("x", "y"), Rules: []capture.Rule{{Where: `.method == "POST"`, Sequence: responses("a", "b"), By: "delivery", Loop: true}}})
	if got := fmt.Sprint(askAll(t, nodes, "rule", 4*deliveries, turn)); got != "map[a:40 b:40]" {
		t.Errorf("a rule: %v", got)
	}
	configure(t, nodes, 0, "first", capture.Script{Deliveries: [][]journal.Response{responses("a", "b"), responses("c")}, Sequence: responses("x", "y")})
	if got := fmt.Sprint(askAll(t, nodes, "first", 3*deliveries, turn)); got != "map[a:1 b:2 c:3 x:1 y:53]" {
		t.Errorf("the first deliveries: %v", got)
	}
}

// TestTurnsAreFree checks that a bin whose script has one response makes no transaction for it, and
// one whose sequence has two makes one.
func TestTurnsAreFree(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	store := open(t, address, postgres.Options{})
	defer store.Close()
	s, err := capture.Start(t.Context(), capture.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	get := capture.Rule{Where: `.method == "GET"`, Response: journal.Response{Status: 404}}
	one := []*capture.Server{s}
	configure(t, one, 0, "one", capture.Script{Sequence: responses("a"), Rules: []capture.Rule{get}})
	configure(t, one, 0, "two", capture.Script{Sequence: responses("a", "b"), Rules: []capture.Rule{get}})
	for bin, want := range map[string]int{"one": 1, "two": 2} {
		before := commits(t, address)
		if got := ask(t, s, bin, "any"); got != "a" {
			t.Errorf("%s: %q", bin, got)
		}
		if got := commits(t, address) - before; got != want {
			t.Errorf("%s: %d transactions, want %d", bin, got, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// commits returns how many transactions have changed the journal.
func commits(t *testing.T, address string) int {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	results, err := conn.Exec(t.Context(), "SELECT change FROM journal").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(results[0].Rows[0][0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTurnErrors checks what a node gets that does not know the current revision.
func TestTurnErrors(t *testing.T) {
	t.Parallel()
	s := shared(t, empty(pgtest.Start(t)))
	defer s.Close()
	k := journal.TurnKey{Kind: "bin", Key: "a", Revision: "1"}
	take := func(want uint64, cause error) {
		t.Helper()
		if got, err := s.Turn(t.Context(), k); !errors.Is(err, cause) || got.Taken != want {
			t.Errorf("%+v: %+v, %v; want %d, %v", k, got, err, want, cause)
		}
	}
	put := func(doc, revision string, cause error) {
		t.Helper()
		var text []byte
		if doc != "" {
			text = []byte(doc)
		}
		before, _ := s.Get(t.Context(), "bin", "a")
		if err := s.SwapScript(t.Context(), "bin", "a", []byte(`"no"`), text, revision); !errors.Is(err, journal.ErrChanged) {
			t.Errorf("SwapScript of another document: %v, want ErrChanged", err)
		}
		if err := s.SwapScript(t.Context(), "bin", "a", before, text, revision); !errors.Is(err, cause) {
			t.Errorf("SwapScript: %v, want %v", err, cause)
		}
	}
	take(0, journal.ErrOutdated) // no such document
	put("", "", journal.ErrNotFound)
	if err := s.Put(t.Context(), "bin", "a", []byte(`{}`)); err != nil { // of an earlier version
		t.Fatal(err)
	}
	take(0, nil)
	take(1, nil)
	put(`{"a":1}`, "1", nil) // goes on
	take(2, nil)
	put(`{}`, "2", nil)
	take(0, journal.ErrOutdated)
	k.Revision = "2"
	take(0, nil)
	take(1, nil)
	put("", "", nil)
	take(0, journal.ErrOutdated)
	if _, err := s.Get(t.Context(), "bin", "a"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a deleted script: %v", err)
	}
	put(`{}`, "2", nil)
	take(0, nil)
}

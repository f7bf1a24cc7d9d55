package burst

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// recorded are captures of a bin, with these bodies.
func recorded(bodies ...string) []journal.Capture {
	var list []journal.Capture
	for i, body := range bodies {
		list = append(list, journal.Capture{Bin: "shop", At: time.Unix(int64(i), 0), Message: wire.Message{
			Method: "POST", Target: fmt.Sprintf("/shop/orders/%d?x=1", i), Version: "HTTP/1.1",
			Headers: signature.Headers{{Name: "host", Value: "recorded"}, {Name: "X-Number", Value: fmt.Sprint(i)}, {Name: "Content-Length", Value: "999"}},
			Body:    []byte(body),
		}})
	}
	return list
}

func record(t *testing.T, to string, change replay.Change, bodies ...string) *Recording {
	t.Helper()
	r, err := NewRecording(each(recorded(bodies...)), to, change)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Recorded requests are sent in turn, each as it was recorded but for its address and its wrong
// length.
func TestARecordingIsSentInTurn(t *testing.T) {
	c := newConsumer(t, ok)
	p := Plan{URLs: []string{c.URL + "/base"}, Count: 7, Connections: 1, Recording: record(t, c.URL+"/base", replay.Change{KeepPath: true}, "one", "two", "")}
	r, err := Run(t.Context(), p, nil)
	if err != nil || !r.OK() || r.Sent != 7 || r.Recorded != 3 || r.Providers != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, got := range c.captures {
		n := i % 3
		want := []string{"one", "two", ""}[n]
		if string(got.Body) != want || got.Target != fmt.Sprintf("/base/orders/%d?x=1", n) || got.Headers.Get("X-Number") != fmt.Sprint(n) {
			t.Errorf("request %d: %s %v %q, want number %d", i, got.Target, got.Headers, got.Body, n)
		}
	}
	if err := r.Reconcile(c.all()); err != nil || !cmp.Equal(*r.Accounting, Accounting{Captured: 7}) {
		t.Errorf("%+v, %v; want all seven captured", r.Accounting, err)
	}
}

// What is signed anew is valid, and accounted for by its body.
func TestARecordingIsSignedAnew(t *testing.T) {
	neostore, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	c := newConsumer(t, ok)
	change := replay.Change{Resign: &replay.Resign{Provider: neostore, Secrets: []string{"new"}}}
	p := Plan{URLs: []string{c.URL}, Count: 40, Recording: record(t, c.URL, change, `{"a":1}`, `{"a":2}`)}
	r, err := Run(t.Context(), p, nil)
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, got := range c.captures {
		if v := neostore.Signing.Verify(got.Message, signature.Context{Time: time.Now()}, "new"); v.Verdict != signature.Valid {
			t.Fatalf("%+v", v)
		}
	}
	if err := r.Reconcile(c.all()); err != nil || r.Accounting.Captured != 40 || !r.OK() {
		t.Errorf("%+v, %v", r.Accounting, err)
	}
}

// Equal bodies are expected as often as they were sent: what is missing is lost, what is more is a
// copy, and a capture counts first for those that were acknowledged.
func TestEqualBodiesAreCounted(t *testing.T) {
	n := 0
	c := newConsumer(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	p := Plan{URLs: []string{c.URL}, Count: 6, Connections: 1, Recording: record(t, c.URL, replay.Change{}, "same", "same", "other")}
	r, err := Run(t.Context(), p, nil) // same ×4, the first of them not acknowledged, other ×2
	if err != nil || r.Acknowledged != 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, row := range []struct {
		bodies string
		want   Accounting
	}{
		{"same same same other other", Accounting{Captured: 5}},
		{"same same same same other other", Accounting{Captured: 6, Unacknowledged: 1}},
		{"same same other", Accounting{Captured: 3, Lost: 2}},
		{"same same same same same other other other new", Accounting{Captured: 6, Unacknowledged: 1, Duplicated: 2, Unexpected: 1}},
		{"", Accounting{Lost: 5}},
	} {
		if err := r.Reconcile(each(recorded(strings.Fields(row.bodies)...))); err != nil {
			t.Fatal(err)
		}
		r.Accounting.LostEvents = nil
		if !cmp.Equal(*r.Accounting, row.want) {
			t.Errorf("%q: %+v, want %+v", row.bodies, *r.Accounting, row.want)
		}
	}
}

func TestARecordingThatCannotBe(t *testing.T) {
	if _, err := NewRecording(each(nil), "http://127.0.0.1/", replay.Change{}); !errors.Is(err, ErrPlan) {
		t.Errorf("of nothing: %v, want ErrPlan", err)
	}
	large := strings.Repeat("x", 100<<20)
	if _, err := NewRecording(each(recorded(large, large, large)), "http://127.0.0.1/", replay.Change{}); !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), "256MiB") {
		t.Errorf("of too much: %v, want ErrPlan", err)
	}
	if _, err := NewRecording(each(recorded("x")), "nowhere", replay.Change{}); !errors.Is(err, replay.ErrInvalid) {
		t.Errorf("to no address: %v, want replay.ErrInvalid", err)
	}
}

package servertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/scenarios"
)

// received is a capture with a body.
func received(t *testing.T, body string) journal.Capture {
	t.Helper()
	m, err := wire.ParseRequest(fmt.Appendf(nil, "POST /inbox HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	if err != nil {
		t.Fatal(err)
	}
	return journal.Capture{Message: m, ID: "c00000007", Bin: "inbox", Seq: 7, At: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)}
}

// write returns captures as a scenario.
func write(t *testing.T, o export.Options, captures ...journal.Capture) string {
	t.Helper()
	f, err := export.Find("scenario")
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	if err := f.Write(&file, all(captures), o); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func all(captures []journal.Capture) export.Captures {
	return func(yield func(journal.Capture, error) bool) {
		for _, c := range captures {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// TestScenarioPlays checks and runs the scenario: its events arrive with the same bodies, newly
// signed.
func TestScenarioPlays(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	bodies := []string{ // the second provider sends its secret unchanged
		`{"__eventName":"Pass:Created","n":12345678901234567890,"s":"a\/b","r":"${steps.x} $${y}","e":"é\u0085` + "\u0085\u2028\ufeff\x7f" + `"}`,
		`{"event": "pass:scan","x":` + `{"n":12345678901234567890,"s":"a\/b"}` + "}\n",
	}
	var captures []journal.Capture
	for i, name := range []string{"neostore", "ethpass"} {
		endpoint := journal.Endpoint{URL: inbox.URL(), Secrets: []string{"hush"}}
		if _, err := server.Provider(name).Register(ctx, endpoint); err != nil {
			t.Fatal(err)
		}
		p, err := fixtures.Builtin().Provider(name)
		if err != nil {
			t.Fatal(err)
		}
		event, ok := p.Recognise(wire.Message{Body: []byte(bodies[i])})
		if !ok {
			t.Fatalf("%s is not recognised", bodies[i])
		}
		if _, err := server.Client().Emit(ctx, name, emission(event)); err != nil {
			t.Fatal(err)
		}
		if captures, err = inbox.Wait(ctx, i+1); err != nil {
			t.Fatal(err)
		}
	}
	other := received(t, `{"no":"event"}`)
	file := write(t, export.Options{Name: "Inbox, the 2nd!"}, append(captures, other, received(t, "\xff"))...)
	s, err := scenarios.Parse("captured.yaml", []byte(file), fixtures.Builtin())
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	if strings.Count(file, " is skipped: ") != 2 || strings.Contains(file, "hush") || s.Name != "captured-inbox-the-2nd" {
		t.Error(file)
	}
	client := mockserver.StartT(t).Client()
	report, err := scenarios.Run(ctx, client, s, scenarios.Options{})
	if err != nil || report.Status != scenarios.Passed {
		t.Fatalf("%v: %+v\n%s", err, report, file)
	}
	deliveries, err := client.Deliveries(ctx, journal.DeliveryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range bodies {
		if got := string(deliveries[len(deliveries)-1-i].Attempts[0].Sent.Body); got != want {
			t.Errorf("delivered %q, want %q", got, want)
		}
	}

	// Nothing is written before the first event, and at most a hundred comments about skipped
	// captures.
	f, _ := export.Find("scenario")
	many := slices.Repeat([]journal.Capture{other}, 1000)
	var nothing strings.Builder
	if err := f.Write(&nothing, all(many), export.Options{}); err == nil || nothing.Len() > 0 {
		t.Errorf("%v, after %d bytes", err, nothing.Len())
	}
	if file := write(t, export.Options{}, append(many, captures[0])...); strings.Count(file, " is skipped: ") != 100 || !strings.Contains(file, "# 900 more are skipped here") {
		t.Errorf("%.9000s", file)
	}
	if err := f.Write(&strings.Builder{}, export.One(other), export.Options{}); err == nil || !strings.Contains(err.Error(), "hookrig replay") {
		t.Errorf("a capture that is no event: %v", err)
	}
}

func emission(e fixtures.Event) delivery.Emission {
	return delivery.Emission{Event: e.Name, Body: e.Body}
}

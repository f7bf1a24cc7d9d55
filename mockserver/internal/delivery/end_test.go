package delivery

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Each condition ends the endpoint after exactly as many attempts as it says.
func TestEndsOfAnEndpoint(t *testing.T) {
	t.Parallel()
	hourly := fixtures.Retry{Base: time.Hour, Attempts: 6}
	for name, c := range map[string]struct {
		when     fixtures.Disable
		retry    fixtures.Retry
		answers  []int
		events   int
		requests int
		reason   string
	}{
		"a status":             {fixtures.Disable{On: []string{"410"}}, hourly, []int{500, 500, 410}, 1, 3, "status 410"},
		"in a row":             {fixtures.Disable{Consecutive: 4}, hourly, []int{500, 500, 500, 200, 500}, 4, 8, "4 failed attempts in a row"},
		"only failures":        {fixtures.Disable{OnlyFailuresFor: 3 * time.Hour}, hourly, []int{500}, 1, 4, "only failures for 3h0m0s"},
		"exhausted":            {fixtures.Disable{ExhaustedEvents: 2}, fixtures.Retry{Base: time.Hour, Attempts: 2}, []int{500}, 3, 5, "deliveries given up in a row: 2"},
		"a share in a window":  {fixtures.Disable{Window: 24 * time.Hour, SuccessBelow: 0.5, AtLeast: 4}, hourly, []int{200, 200, 500}, 3, 5, "2 of 5 attempts succeeded within 24h0m0s"},
		"failures in a window": {fixtures.Disable{Window: 90 * time.Minute, Failures: 2}, hourly, []int{500}, 1, 6, ""},
		"status and number":    {fixtures.Disable{On: []string{"4xx"}, Consecutive: 2}, hourly, []int{500, 500, 404}, 1, 3, "status 404, 3 failed attempts in a row"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := consume(t, inTurn(c.answers...))
			d := virtual(t)
			ruled(t, d, consumer.URL, fixtures.Rules{Ordering: "per_endpoint_fifo", Disable: []fixtures.Disable{c.when}}, c.retry)
			var ids []string
			for range c.events { // one after the other
				for _, l := range emit(t, d, "neostore", Emission{Event: created}) {
					ids = append(ids, l.ID)
				}
				waitIdle(t, d)
				advance(t, d, time.Minute)
			}
			advance(t, d, 48*time.Hour)
			if n := len(consumer.received()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			e, err := d.Endpoint(t.Context(), "ruled")
			if err != nil || e.Disabled != (c.reason != "") || e.Reason != c.reason {
				t.Errorf("disabled %v: %q, %v", e.Disabled, e.Reason, err)
			}
			notices, err := d.Notices(t.Context(), "")
			if c.reason != "" && (err != nil || len(notices) != 1 || notices[0].Action != "disable" || notices[0].Reason != c.reason || notices[0].URL != consumer.URL) {
				t.Errorf("%+v, %v", notices, err)
			}
			for _, id := range ids {
				if got := look(t, d, id); got.State == journal.Pending {
					t.Errorf("delivery %s is pending", id)
				}
			}
		})
	}
}

func TestControlLineDisables(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Webhook-Delivery", "disable")
		w.WriteHeader(500)
	}))
	t.Cleanup(server.Close)
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: server.URL, Retry: "like svix"})
	list := emit(t, d, "neostore", Emission{Event: created})
	waitIdle(t, d)
	got, err := d.Endpoint(t.Context(), e.ID)
	if err != nil || !got.Disabled || got.Reason != "the response has webhook-delivery: disable" {
		t.Errorf("%+v, %v", got, err)
	}
	if l := look(t, d, list[0].ID); l.State != journal.Stopped || l.Attempts[0].Error != got.Reason {
		t.Errorf("%s: %+v", l.State, l.Attempts)
	}
	if more := emit(t, d, "neostore", Emission{Event: created}); len(more) != 0 {
		t.Error("a disabled endpoint gets events")
	}
	// Whoever enables it again begins anew.
	enabled, err := d.Change(t.Context(), e.ID, func(e *journal.Endpoint) error { e.Disabled = false; return nil })
	if err != nil || enabled.Disabled || enabled.Reason != "" {
		t.Errorf("%+v, %v", enabled, err)
	}
}

// During a pause everything waits; then it goes on.
func TestPause(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d := virtual(t)
	rules := fixtures.Rules{Disable: []fixtures.Disable{{On: []string{"5xx"}, Action: "pause(10m)"}}}
	ruled(t, d, c.URL, rules, fixtures.Retry{Base: time.Minute, Attempts: 3})
	first := emit(t, d, "neostore", Emission{Event: created})[0].ID
	waitIdle(t, d)
	second := emit(t, d, "neostore", Emission{Event: created})[0].ID
	advance(t, d, 10*time.Minute-time.Second)
	if n := len(c.received()); n != 1 {
		t.Errorf("%d requests during the pause", n)
	}
	if e, err := d.Endpoint(t.Context(), "ruled"); err != nil || e.Disabled || e.Reason != "status 500" || !e.PausedUntil.Equal(fixtures.DefaultStart.Add(10*time.Minute)) {
		t.Errorf("%+v, %v", e, err)
	}
	advance(t, d, time.Second)
	for _, id := range []string{first, second} {
		if got := look(t, d, id); got.State != journal.Delivered {
			t.Errorf("%s is %s: %v", id, got.State, offsets(got))
		}
	}
}

// A warning is given once until the next success, and an operational event goes to who subscribes.
func TestWarnings(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 500, 500, 500, 200, 500, 500, 500))
	d := virtual(t)
	rules := fixtures.Rules{Disable: []fixtures.Disable{{Consecutive: 2, Action: "warn", Notify: "Customer:Upserted"}}}
	ruled(t, d, c.URL, rules, fixtures.Retry{Base: time.Hour, Attempts: 4})
	told := consume(t, always(200))
	register(t, d, journal.Endpoint{URL: told.URL, Events: []string{"Customer:Upserted"}, Retry: NoRetry})
	to, err := d.registry.find("ruled")
	if err != nil {
		t.Fatal(err)
	}
	event, err := knownProvider(t, "neostore").Render(fixtures.Draw{Seed: 1}, created, fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.enqueue(t.Context(), []envelope{{event: event, recipients: []recipient{{target: to}}}}); err != nil {
		t.Fatal(err)
	}
	advance(t, d, 10*time.Hour)
	notices, err := d.Notices(t.Context(), "neostore")
	if err != nil || len(notices) == 0 || !notices[0].Sent || notices[0].Action != "warn" {
		t.Fatalf("%+v, %v", notices, err)
	}
	if got := told.received(); len(got) != len(notices) || !strings.Contains(got[0].header.Get("x-neostore-eventname"), "Customer:Upserted") {
		t.Errorf("%d operational events, %d notices", len(got), len(notices))
	}
	if e, err := d.Endpoint(t.Context(), "ruled"); err != nil || e.Disabled {
		t.Errorf("%+v, %v", e, err)
	}
}

// What is counted, the pause, the notices and who holds back whom survive a restart.
func TestRestartKeepsWhatIsCounted(t *testing.T) {
	t.Parallel()
	c := consume(t, always(500))
	store := journal.NewMemory(journal.MemoryOptions{})
	var ids []string
	d := start(t, Options{Store: store, Virtual: true})
	paymongo := register(t, d, journal.Endpoint{URL: c.URL + "/paymongo", Retry: "like paymongo"})
	podium := register(t, d, journal.Endpoint{URL: c.URL + "/podium", Retry: "like podium", Tenant: "other"})
	brevo := register(t, d, journal.Endpoint{URL: "http://127.0.0.1:1/brevo", Retry: "like brevo", Tenant: "third"})
	for round := range 3 {
		emit(t, d, "neostore", Emission{Event: created})
		if round == 0 {
			for _, l := range emit(t, d, "neostore", Emission{Event: created, Tenant: "other"}, Emission{Event: created, Tenant: "other"}) {
				ids = append(ids, l.ID)
			}
			emit(t, d, "neostore", Emission{Event: created, Tenant: "third"})
		}
		waitIdle(t, d)
		if round < 2 {
			advance(t, d, 137*time.Minute)
		} else {
			advance(t, d, time.Hour)
		}
		if e, err := d.Endpoint(t.Context(), paymongo.ID); err != nil || e.Disabled {
			t.Fatalf("round %d: %+v, %v", round, e, err)
		}
		if round == 0 {
			if n := len(look(t, d, ids[1]).Attempts); n != 0 {
				t.Errorf("the second event was tried %d times, behind the first", n)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		d = start(t, Options{Store: store, Virtual: true})
	}
	if n := len(look(t, d, ids[1]).Attempts); n != 0 {
		t.Errorf("after restarts the second event was tried %d times, behind the first", n)
	}
	advance(t, d, 2*time.Hour)
	if e, err := d.Endpoint(t.Context(), paymongo.ID); err != nil || !e.Disabled || e.Reason != "deliveries given up in a row: 3" {
		t.Errorf("%+v, %v", e, err)
	}
	advance(t, d, 6*time.Hour)
	if e, err := d.Endpoint(t.Context(), podium.ID); err != nil || !e.Disabled {
		t.Errorf("%+v, %v", e, err)
	}
	if got := look(t, d, ids[1]); got.State != journal.Stopped || len(got.Attempts) != 0 {
		t.Errorf("%s after %d attempts", got.State, len(got.Attempts))
	}
	if e, err := d.Endpoint(t.Context(), brevo.ID); err != nil || e.PausedUntil.IsZero() || e.Reason != "connect" {
		t.Errorf("%+v, %v", e, err)
	}
	notices, err := d.Notices(t.Context(), "")
	if err != nil || len(notices) < 3 || notices[0].Seq != uint64(len(notices)) {
		t.Errorf("%+v, %v", notices, err)
	}
}

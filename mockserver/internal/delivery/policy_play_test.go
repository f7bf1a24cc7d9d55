package delivery

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

const created = "Pass:Created"

// ruled registers an endpoint of a neostore with other rules and another profile.
func ruled(t testing.TB, d *Dispatcher, url string, rules fixtures.Rules, retry fixtures.Retry) *target {
	t.Helper()
	p := *knownProvider(t, "neostore")
	rules.Timeout, rules.Success = 10*time.Second, []string{"2xx"}
	p.Delivery.Rules, p.Delivery.Retry = rules, "test"
	p.Delivery.Profiles = map[string]fixtures.Retry{"test": retry}
	to := targetOf(t, d, &p, journal.Endpoint{ID: "ruled", Provider: "neostore", URL: url, Events: []string{"*"}})
	d.registry.add(to)
	return to
}

func offsets(d journal.Delivery) (list []string) {
	for _, a := range d.Attempts {
		list = append(list, a.Due.Sub(d.Created).String())
	}
	return list
}

// validAttempts checks the signature of every attempt, with its timestamp, against the consumer's
// clock.
func validAttempts(t testing.TB, e journal.Endpoint, d journal.Delivery) {
	t.Helper()
	for _, a := range d.Attempts {
		if v := verify(t, e, a); v != signature.Valid {
			t.Errorf("attempt %d is %s", a.N, v)
		}
	}
}

// Thirty days of Adyen: the first event is tried a hundred times, and holds back the second.
func TestThirtyDaysOfAdyen(t *testing.T) {
	t.Parallel()
	c := consume(t, always(503))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL, Retry: "like adyen"})
	list := emit(t, d, "neostore", Emission{Event: created}, Emission{Event: created})
	advance(t, d, 30*24*time.Hour-time.Hour)
	first, second := look(t, d, list[0].ID), look(t, d, list[1].ID)
	if first.State != journal.Exhausted || len(first.Attempts) != 100 || len(second.Attempts) < 1 {
		t.Fatalf("%s after %d attempts, then %d", first.State, len(first.Attempts), len(second.Attempts))
	}
	if got := offsets(first)[:5]; !slices.Equal(got, []string{"0s", "9s", "27s", "54s", "2m54s"}) {
		t.Errorf("due %v", got)
	}
	validAttempts(t, e, first)
	validAttempts(t, e, second)
	last := first.Attempts[99].Due
	if !second.Attempts[0].Due.Equal(second.Created) || c.received()[100].header.Get("x-neostore-eventname") == "" {
		t.Errorf("the second event: %v", offsets(second))
	}
	for i, a := range second.Attempts[1:] {
		if a.Due.Before(last) {
			t.Errorf("attempt %d of the second event was at %v, before the first was given up at %v", i+2, a.Due, last)
		}
	}
}

// A failure holds back what is behind it until it is delivered; then all goes on, in order.
func TestBlockingGoesOn(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(503, 503, 200))
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: c.URL, Retry: "like podium"})
	list := emit(t, d, "neostore", Emission{Event: created}, Emission{Event: created}, Emission{Event: created})
	waitIdle(t, d)
	if n := len(c.received()); n != 1 {
		t.Fatalf("%d requests while the first event waits", n)
	}
	advance(t, d, time.Hour)
	for i, l := range list {
		if got := look(t, d, l.ID); got.State != journal.Delivered || len(got.Attempts) != []int{3, 1, 1}[i] {
			t.Errorf("event %d is %s after %d attempts", i, got.State, len(got.Attempts))
		}
	}
	if n := d.Clock().Pending; n != 0 {
		t.Errorf("%d pending", n)
	}
}

// With an order by entity only the events about the same entity wait.
func TestBlockingByEntity(t *testing.T) {
	t.Parallel()
	p := knownProvider(t, "neostore")
	life := func(seed uint64) []fixtures.Event {
		events, err := p.Journey(fixtures.Draw{Seed: seed}, "pass", []string{created, "Pass:Installed"}, fixtures.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	one, two := life(1), life(2)
	key := p.EntityOf(&one[0])
	_, id, _ := strings.Cut(key, "/")
	c := consume(t, func(_ int, r received) int {
		if strings.Contains(r.body, id) {
			return 503
		}
		return 200
	})
	d := virtual(t)
	to := ruled(t, d, c.URL, fixtures.Rules{Ordering: "per_entity_fifo", OnFailure: "block"}, fixtures.Retry{Base: time.Hour, Attempts: 3})
	var envelopes []envelope
	for _, e := range []fixtures.Event{one[0], one[1], two[0], two[1]} {
		envelopes = append(envelopes, envelope{event: e, recipients: []recipient{{target: to}}})
	}
	list, err := d.enqueue(t.Context(), envelopes)
	if err != nil {
		t.Fatal(err)
	}
	waitIdle(t, d)
	for i, want := range []int{1, 0, 1, 1} {
		if got := look(t, d, list[i].ID); len(got.Attempts) != want {
			t.Errorf("event %d has %d attempts, want %d", i, len(got.Attempts), want)
		}
	}
	advance(t, d, 10*time.Hour)
	if got := look(t, d, list[1].ID); got.State != journal.Exhausted || !got.Attempts[0].Due.Equal(got.Created) || len(got.Attempts) != 3 {
		t.Errorf("the second event is %s: %v", got.State, offsets(got))
	}
	if n := len(to.lanes); n != 0 {
		t.Errorf("%d lanes are left", n)
	}
}

// Three days of Stripe: every attempt has its own timestamp, and a valid signature.
func TestThreeDaysOfStripe(t *testing.T) {
	t.Parallel()
	c := consume(t, always(500))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{Provider: "stripe", URL: c.URL, Retry: "like stripe"})
	id := emit(t, d, "stripe", Emission{Event: "customer.created"})[0].ID
	advance(t, d, 72*time.Hour)
	got := look(t, d, id)
	if got.State != journal.Exhausted || len(got.Attempts) != 13 || offsets(got)[12] != "69h15m0s" {
		t.Errorf("%s: %v", got.State, offsets(got))
	}
	validAttempts(t, e, got)
	if e, err := d.Endpoint(t.Context(), e.ID); err != nil || e.Disabled {
		t.Errorf("%+v, %v", e, err)
	}
}

// Four hours of Shopify end with the deletion of the subscription.
func TestFourHoursOfShopify(t *testing.T) {
	t.Parallel()
	c := consume(t, always(500))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL, Retry: "like shopify"})
	id := emit(t, d, "neostore", Emission{Event: created})[0].ID
	advance(t, d, 4*time.Hour)
	got := look(t, d, id)
	if got.State != journal.Exhausted || len(got.Attempts) != 9 {
		t.Errorf("%s: %v", got.State, offsets(got))
	}
	validAttempts(t, e, got)
	if _, err := d.Endpoint(t.Context(), e.ID); err == nil {
		t.Error("the endpoint is still there")
	}
	notices, err := d.Notices(t.Context(), "neostore")
	if err != nil || len(notices) != 1 || notices[0].Action != "delete" || notices[0].Endpoint != e.ID || notices[0].Reason != "9 failed attempts in a row" {
		t.Errorf("%+v, %v", notices, err)
	}
}

// Slack's retries tell their number and the reason, and follow two redirects.
func TestSlackTellsAboutRetries(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 404, 200))
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: c.URL, Retry: "like slack"})
	id := emit(t, d, "neostore", Emission{Event: created})[0].ID
	advance(t, d, 10*time.Minute)
	if got := look(t, d, id); got.State != journal.Delivered || !slices.Equal(offsets(got), []string{"0s", "0s", "1m0s"}) {
		t.Errorf("%s: %v", got.State, offsets(got))
	}
	for i, r := range c.received() {
		num, reason := r.header.Get("X-Slack-Retry-Num"), r.header.Get("X-Slack-Retry-Reason")
		if i == 0 && num+reason != "" || i > 0 && (num != fmt.Sprint(i) || reason != "http_error") {
			t.Errorf("request %d: %q, %q", i+1, num, reason)
		}
	}
}

func TestRedirectsAreFollowed(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/twice", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/once", http.StatusPermanentRedirect)
	})
	mux.HandleFunc("/once", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/in", http.StatusTemporaryRedirect) })
	mux.HandleFunc("/found", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/got", http.StatusFound) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/in", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.ContentLength <= 0 || r.Header.Get("x-neostore-signature") == "" {
			w.WriteHeader(400)
		}
	})
	mux.HandleFunc("/got", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.ContentLength > 0 || r.Header.Get("Content-Type") != "" {
			w.WriteHeader(400)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d := virtual(t)
	for path, want := range map[string]struct {
		state  journal.State
		status int
		text   string
	}{
		"/twice": {journal.Delivered, 200, ""},
		"/found": {journal.Delivered, 200, ""},
		"/loop":  {journal.Exhausted, 307, "redirect 307 to /loop: 2 were followed before, and no more are"},
		"/away":  {journal.Exhausted, 307, "redirect 307 to http://169.254.169.254/latest"},
	} {
		list, err := d.Deliver(t.Context(), journal.Endpoint{Provider: "neostore", URL: server.URL + path, Retry: "like slack"}, Emission{Event: created})
		if err != nil {
			t.Fatal(err)
		}
		advance(t, d, time.Hour)
		got := look(t, d, list[0].ID)
		last := got.Attempts[len(got.Attempts)-1]
		if got.State != want.state || last.Status != want.status || !strings.Contains(last.Error, want.text) {
			t.Errorf("%s: %s, %d, %q", path, got.State, last.Status, last.Error)
		}
		if want.state == journal.Exhausted && last.Sent.Headers.Get("x-slack-retry-reason") != "too_many_redirects" {
			t.Errorf("%s: %v", path, last.Sent.Headers)
		}
	}
	if hits.Load() != 4*3 {
		t.Errorf("the loop was asked %d times", hits.Load())
	}
	// Without follow a redirect is a failure.
	list, err := d.Deliver(t.Context(), journal.Endpoint{Provider: "neostore", URL: server.URL + "/once", Retry: "like github"}, Emission{Event: created})
	if err != nil {
		t.Fatal(err)
	}
	waitIdle(t, d)
	if got := look(t, d, list[0].ID); got.State != journal.Exhausted || got.Attempts[0].Status != 307 {
		t.Errorf("%s %d", got.State, got.Attempts[0].Status)
	}
}

func TestBodyOfASuccess(t *testing.T) {
	t.Parallel()
	answers := []string{"accepted", "[accepted]\n"}
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, answers[min(n, 1)])
		n++
	}))
	t.Cleanup(server.Close)
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: server.URL, Retry: "like adyen-classic"})
	id := emit(t, d, "neostore", Emission{Event: created})[0].ID
	advance(t, d, time.Hour)
	got := look(t, d, id)
	if got.State != journal.Delivered || len(got.Attempts) != 2 || !strings.Contains(got.Attempts[0].Error, `want "[accepted]"`) {
		t.Errorf("%s: %+v", got.State, got.Attempts)
	}
}

// The signature, body and address of a retry are those that the policy says.
func TestWhatARetryIs(t *testing.T) {
	t.Parallel()
	old, now := consume(t, always(500)), consume(t, always(500))
	d := virtual(t)
	p := *knownProvider(t, "stripe")
	p.Delivery.Profiles = map[string]fixtures.Retry{"as-is": {Base: time.Hour, Attempts: 3, Resign: "never", Address: "current"}}
	to := targetOf(t, d, &p, journal.Endpoint{ID: "e1", Provider: "stripe", URL: old.URL, Retry: "as-is"})
	event, err := p.Render(fixtures.Draw{Seed: 1}, "customer.created", fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.enqueue(t.Context(), []envelope{{event: event, recipients: []recipient{{target: to}}}}); err != nil {
		t.Fatal(err)
	}
	waitIdle(t, d)
	e := to.config.Load().endpoint
	e.URL = now.URL
	config, err := newEndpointConfig(&p, e)
	if err != nil {
		t.Fatal(err)
	}
	to.config.Store(config)
	advance(t, d, 3*time.Hour)
	if len(old.received()) != 1 || len(now.received()) != 2 {
		t.Fatalf("%d and %d requests", len(old.received()), len(now.received()))
	}
	first := old.received()[0].header.Get("Stripe-Signature")
	for _, r := range now.received() {
		if got := r.header.Get("Stripe-Signature"); got != first || first == "" {
			t.Errorf("signature %q, first %q", got, first)
		}
	}
}

func TestRefreshedPayload(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d := virtual(t)
	to := ruled(t, d, c.URL, fixtures.Rules{}, fixtures.Retry{Base: time.Hour, Attempts: 3, Payload: "refreshed"})
	render := func(seed uint64) fixtures.Event {
		event, err := to.config.Load().provider.Render(fixtures.Draw{Seed: seed}, created, fixtures.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	first, other := render(1), render(2)
	newer := first
	newer.Body = []byte(strings.Replace(string(first.Body), "{", `{"newer":true,`, 1))
	for _, e := range []fixtures.Event{first, newer, other} {
		if _, err := d.enqueue(t.Context(), []envelope{{event: e, recipients: []recipient{{target: to}}}}); err != nil {
			t.Fatal(err)
		}
		waitIdle(t, d)
	}
	advance(t, d, time.Hour)
	if got := c.received(); len(got) != 4 || got[3].body != string(newer.Body) || got[0].body != string(first.Body) {
		t.Errorf("%d requests, the retry %s", len(got), got[len(got)-1].body)
	}
}

package subscribfy_test

import (
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// What is queued when the token is regenerated goes on with the new one.
func TestARegeneratedTokenSignsWhatIsQueued(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), receive(t)
	old := r.token("demo")
	r.everything("demo", c.URL)
	r.want(200, "PUT", "/stores/demo/webhooks/settings", `{"retry":"spatie-default"}`)
	c.answers(500)
	r.want(201, "POST", "/stores/demo/loyalty/rules", "")
	r.waitIdle()
	first := c.take()[0]
	fresh := r.token("demo")
	c.answers(200)
	if _, err := r.dispatcher.Advance(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	second := c.take()[0]
	if first.signature != signed(first.body, old) || second.signature != signed(first.body, fresh) || second.body != first.body {
		t.Errorf("first %v\nthen %v", first, second)
	}
}

// An endpoint that was registered elsewhere is in the panel too, and what the panel saves is seen
// elsewhere.
func TestThePanelShowsWhatOthersRegistered(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), receive(t)
	one, err := r.Client().Register(t.Context(), journal.Endpoint{Provider: "subscribfy", URL: c.URL + "/one", Retry: "spatie-default"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Client().Register(t.Context(), journal.Endpoint{Provider: "subscribfy", URL: c.URL + "/off", Disabled: true}); err != nil {
		t.Fatal(err)
	}
	out := r.want(200, "GET", "/stores/demo/webhooks/loyalty/tier_lost", "")
	if member[string](t, out, "urls") != c.URL+"/one" {
		t.Errorf("%s", out.body)
	}
	token := r.token("demo")
	r.want(200, "PUT", "/stores/demo/webhooks/loyalty/rule_created", `{"urls":"`+c.URL+`/two"}`)
	list, err := r.Client().Endpoints(t.Context(), "subscribfy")
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	if e := list[0]; e.ID != one.ID || len(e.Events) != 29 || e.Secrets[0] != token || e.Retry != "spatie-default" {
		t.Errorf("%+v", e)
	}
	if e := list[2]; e.URL != c.URL+"/two" || len(e.Events) != 1 || e.Secrets[0] != token {
		t.Errorf("%+v", e)
	}
	r.want(201, "POST", "/stores/demo/loyalty/rules", "")
	r.want(201, "POST", "/stores/demo/loyalty/coupons", "")
	r.waitIdle()
	if got := paths(c.take()); len(got) != 2 || got[0] != "/one" || got[1] != "/two" {
		t.Errorf("delivered to %v", got)
	}
	// Without a topic left an endpoint is removed.
	r.everything("demo")
	if list, err = r.Client().Endpoints(t.Context(), "subscribfy"); err != nil || len(list) != 1 || !list[0].Disabled {
		t.Errorf("%v, %v", list, err)
	}
}

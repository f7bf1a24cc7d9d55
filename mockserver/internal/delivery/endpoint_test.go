package delivery

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestRegisterGivesWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	for name, secret := range map[string]int{"neostore": 64, "subscribfy": 40, "ethpass": 0} {
		e := register(t, d, journal.Endpoint{Provider: name, URL: "http://127.0.0.1/in"})
		if len(e.ID) != 5 || strings.Trim(e.ID, idAlphabet) != "" {
			t.Errorf("%s: id %q, want five letters and digits", name, e.ID)
		}
		if len(e.Events) == 0 || !e.Created.Equal(fixtures.DefaultStart) || e.Disabled {
			t.Errorf("%s: %+v", name, e)
		}
		if secret == 0 && len(e.Secrets) != 0 || secret > 0 && (len(e.Secrets) != 1 || len(e.Secrets[0]) != secret) {
			t.Errorf("%s: secrets %q, want one of %d characters", name, e.Secrets, secret)
		}
		for _, event := range knownProvider(t, name).Events {
			if matches, _ := d.registry.subscribers(&fixtures.Event{Provider: name, Name: event.Name}, ""); len(matches) != 1 {
				t.Errorf("%s: without patterns %s does not reach it", name, event.Name)
			}
		}
		again := register(t, d, journal.Endpoint{Provider: name, URL: "http://127.0.0.1/in"})
		if again.ID == e.ID || secret > 0 && again.Secrets[0] == e.Secrets[0] {
			t.Errorf("%s: a second one has the same id or secret", name)
		}
	}
	given := journal.Endpoint{
		ID: "my-endpoint", URL: "https://consumer.test/in?x=1", Events: []string{"Pass:*", "customer.*"}, Secrets: []string{"new", "old"},
		Tenant: "acme", Description: "mine", Retry: "none", Timeout: journal.Duration(time.Second),
	}
	got := register(t, d, given)
	given.Provider, given.Created = "neostore", fixtures.DefaultStart
	if got.ID != given.ID || !slices.Equal(got.Events, given.Events) || !slices.Equal(got.Secrets, given.Secrets) || got.Retry != "none" ||
		got.Tenant != "acme" || got.Description != "mine" || got.Timeout != given.Timeout || got.URL != given.URL {
		t.Errorf("got %+v, gave %+v", got, given)
	}
	got.Events[0] = "changed by the caller"
	if kept, err := d.Endpoint(testContext(t), given.ID); err != nil || kept.Events[0] != "Pass:*" {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// A provider with a handshake sends it to a new endpoint, whatever that subscribes to, before
// anything else; with the option it sends none.
func TestRegisterSendsTheHandshake(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{Provider: "github", URL: c.URL, Events: []string{"push"}, Secrets: []string{"s"}, Tenant: "octo/cat"})
	waitIdle(t, d)
	list := all(t, d)
	if len(list) != 1 || list[0].Event.Name != "ping" || list[0].State != journal.Delivered || list[0].Endpoint != e.ID || list[0].Event.Tenant != "octo/cat" {
		t.Fatalf("%+v", list)
	}
	ping := list[0].Attempts[0]
	if got := verify(t, e, ping); got != signature.Valid {
		t.Errorf("the ping is %s", got)
	}
	sent := ping.Sent.Headers
	if sent.Get("X-GitHub-Event") != "ping" || sent.Get("X-GitHub-Delivery") != list[0].Event.ID || !strings.Contains(string(ping.Sent.Body), `"hook_id":`+sent.Get("X-GitHub-Hook-ID")+`,`) ||
		!strings.Contains(string(ping.Sent.Body), `"url":"`+c.URL+`"`) {
		t.Errorf("%v\n%s", sent, ping.Sent.Body)
	}
	emit(t, d, "github", Emission{Event: "push", Tenant: "octo/cat"}, Emission{Event: "issues.opened", Tenant: "octo/cat"})
	waitIdle(t, d)
	if list := all(t, d); len(list) != 2 {
		t.Errorf("%d deliveries, want the ping and the push", len(list))
	}
	off, err := fixtures.Builtin().With(fixtures.OptionSetting{Provider: "github", Name: "ping", Value: "off"})
	if err != nil {
		t.Fatal(err)
	}
	d = start(t, Options{Virtual: true, Catalogue: off})
	register(t, d, journal.Endpoint{Provider: "github", URL: c.URL, Secrets: []string{"s"}})
	waitIdle(t, d)
	if list := all(t, d); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// asks is a provider whose handshake has a challenge, and whose events have an id, a secret and
// header lines of a form.
func asks(t *testing.T) *fixtures.Catalogue {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"provider.yaml": `name: asks
title: Asks
sources: [{tag: S, title: None}]
delivery: {timeout: 5s, success: [2xx], headers: [{name: X-First, value: "${triggered | unix}"}], retry: steady, profiles: {steady: {schedule: [1m]}}}
subscription: {kind: names, secret: {minted: provider, prefix: whsec_, form: base64, bytes: 24}}
handshake: {event: hello, echo: /challenge}
event_id: evt_${alnum(24)}
signing:
  signatures: [{alg: hmac-sha256, key: {strip_prefix: whsec_, decode: base64}, content: ["${id}.", "${body}"], emit: [{header: X-Id, value: "${id}"}, {header: X-Sig, value: "${sig}"}]}]
entities:
  thing: {key: "${hex_digits(8)}"}
events:
  - {name: hello, title: Hello, when: At first., entity: thing, template: events/hello.json, schema: schemas/any.json}
  - {name: made, title: Made, when: A thing is made., entity: thing, template: events/made.json, schema: schemas/any.json, headers: [{name: X-Key, value: "${key}"}]}
`,
		"events/hello.json": `{"id": "${id}", "challenge": "${key}"}`,
		"events/made.json":  `{"id": "${id}", "key": "${key}"}`,
		"schemas/any.json":  `{"type": "object"}`,
		"vectors.yaml":      "- {name: x, source: S, secret: whsec_aw==, id: '1', body: '', expect: {X-Id: '1'}}\n",
	} {
		fsys["asks/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := fixtures.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A response to a handshake without its challenge is a failed attempt.
func TestHandshakeWantsItsChallenge(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Challenge string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		select {
		case text := <-answers:
			_, _ = io.WriteString(w, text)
		default:
			_, _ = io.WriteString(w, body.Challenge)
		}
	}))
	t.Cleanup(server.Close)
	answers <- "ok"
	d := start(t, Options{Virtual: true, Catalogue: asks(t)})
	register(t, d, journal.Endpoint{Provider: "asks", URL: server.URL})
	waitIdle(t, d)
	got := all(t, d)[0]
	if got.State != journal.Pending || !strings.Contains(got.Attempts[0].Error, "the response does not hold the challenge of hello, the value at /challenge") {
		t.Errorf("%s: %q", got.State, got.Attempts[0].Error)
	}
	advance(t, d, time.Minute)
	if got := all(t, d)[0]; got.State != journal.Delivered || len(got.Attempts) != 2 || got.Attempts[1].Error != "" {
		t.Errorf("%s after %d attempts", got.State, len(got.Attempts))
	}
}

// The id, the secret and the header lines of an event have the provider's form wherever they come
// from, and outlive a restart.
func TestFormsOfEvents(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(200, 500, 200, 200, 200))
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Virtual: true, Catalogue: asks(t), Store: store})
	e := register(t, d, journal.Endpoint{Provider: "asks", URL: c.URL, Events: []string{"made"}, Timeout: journal.Duration(5 * time.Second)})
	waitIdle(t, d)
	if !regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{32}$`).MatchString(e.Secrets[0]) {
		t.Errorf("secret %q", e.Secrets[0])
	}
	id := regexp.MustCompile(`^evt_[A-Za-z0-9]{24}$`)
	first := emit(t, d, "asks", Emission{Event: "made"})[0]
	waitIdle(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = start(t, Options{Virtual: true, Catalogue: asks(t), Store: store})
	advance(t, d, 2*time.Minute)
	got := look(t, d, first.ID)
	if len(got.Attempts) != 2 || got.State != journal.Delivered {
		t.Fatalf("%s after %d attempts", got.State, len(got.Attempts))
	}
	for _, a := range got.Attempts {
		key := a.Sent.Headers.Get("X-Key")
		if key == "" || !strings.Contains(string(a.Sent.Body), `"key":"`+key+`"`) || !id.MatchString(got.Event.ID) || !strings.Contains(string(a.Sent.Body), got.Event.ID) {
			t.Errorf("%s %v: %s", got.Event.ID, a.Sent.Headers, a.Sent.Body)
		}
		p, err := asks(t).Provider("asks")
		if err != nil {
			t.Fatal(err)
		}
		if v := p.Signing.Verify(a.Sent, signature.Context{}, e.Secrets...); v.Verdict != signature.Valid {
			t.Error(v)
		}
	}
	given := emit(t, d, "asks", Emission{Event: "made", Body: []byte(`{"key":1}`), Headers: signature.Headers{{Name: "X-Key", Value: "1"}}})[0]
	if !id.MatchString(given.Event.ID) || given.Event.Headers.Get("X-Key") != "1" {
		t.Errorf("%+v", given.Event)
	}
	if own := emit(t, d, "asks", Emission{Event: "made", Body: []byte(`{"id":"evt_mine"}`)})[0]; own.Event.ID != "evt_mine" {
		t.Errorf("the body's id is evt_mine, the event's %q", own.Event.ID)
	}
	waitIdle(t, d)
	for _, line := range []signature.Header{{Name: "a b", Value: "x"}, {Name: "a", Value: "x\r\ny"}, {Name: "Host", Value: "x"}, {Name: "content-length", Value: "1"}} {
		_, err := d.Emit(testContext(t), "asks", Emission{Event: "made", Body: []byte(`{}`), Headers: signature.Headers{line}})
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	register(t, d, journal.Endpoint{ID: "taken", URL: "http://127.0.0.1/in"})
	good := journal.Endpoint{Provider: "neostore", URL: "http://127.0.0.1/in"}
	for _, c := range []struct {
		change func(e *journal.Endpoint)
		want   string
	}{
		{func(e *journal.Endpoint) { e.URL = "" }, `url "": want an absolute URL without a fragment, as in http://127.0.0.1:3000/hooks`},
		{func(e *journal.Endpoint) { e.URL = "127.0.0.1:80/in" }, `url "127.0.0.1:80/in": want an absolute URL`},
		{func(e *journal.Endpoint) { e.URL = "/in" }, `url "/in": want an absolute URL`},
		{func(e *journal.Endpoint) { e.URL = "ftp://127.0.0.1/in" }, `url "ftp://127.0.0.1/in": want`},
		{func(e *journal.Endpoint) { e.URL = "http:///in" }, `url "http:///in": want`},
		{func(e *journal.Endpoint) { e.URL = "http://127.0.0.1/in#x" }, `without a fragment`},
		{func(e *journal.Endpoint) { e.URL = "http://127.0.0.1/a b" }, `url "http://127.0.0.1/a b": want`},
		{func(e *journal.Endpoint) { e.URL = "http://127.0.0.1/" + strings.Repeat("x", 3000) }, `want an absolute URL`},
		{func(e *journal.Endpoint) { e.Events = []string{"Pass:*", "Pa*ss:Created"} }, `events: pattern "Pa*ss:Created"`},
		{func(e *journal.Endpoint) { e.Events = make([]string, 300) }, `events: 300 patterns, at most 256`},
		{func(e *journal.Endpoint) { e.Retry = "at-least-onse" }, `retry "at-least-onse": unknown retry profile: neostore has at-least-once, none, and like NAME for the policy of a vendor; did you mean "at-least-once"?`},
		{func(e *journal.Endpoint) { e.Timeout = -1 }, `timeout -1ns: want more than 0`},
		{func(e *journal.Endpoint) { e.Timeout = journal.Duration(time.Hour) }, `timeout 1h0m0s: want more than 0`},
		{func(e *journal.Endpoint) { e.Secrets = []string{"a\r\nb"} }, `secret 1: it holds a line end`},
		{func(e *journal.Endpoint) { e.Secrets = []string{""} }, `secret 1 of 0 bytes`},
		{func(e *journal.Endpoint) { e.Secrets = make([]string, 9) }, `secrets: 9 of them, at most 8`},
		{func(e *journal.Endpoint) { e.Description = strings.Repeat("x", 5000) }, `description of 5000 bytes`},
		{func(e *journal.Endpoint) { e.ID = "taken" }, `id "taken": another endpoint has it`},
		{func(e *journal.Endpoint) { e.ID = "a/b" }, `id "a/b": want at most 64 letters`},
		{func(e *journal.Endpoint) { e.ID = ".." }, `id "..": want at most 64 letters`},
	} {
		e := good
		c.change(&e)
		_, err := d.Register(testContext(t), e)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v\nwant: %s", e, err, c.want)
		}
		for _, secret := range e.Secrets {
			if secret != "" && strings.Contains(err.Error(), secret) {
				t.Errorf("a secret is quoted: %v", err)
			}
		}
	}
	if _, err := d.Register(testContext(t), journal.Endpoint{Provider: "neostor", URL: good.URL}); !errors.Is(err, fixtures.ErrUnknownProvider) {
		t.Errorf("unknown provider: %v", err)
	}
	if list, _ := d.Endpoints(testContext(t), ""); len(list) != 1 {
		t.Errorf("%d endpoints", len(list))
	}
	if docs, _ := d.store.List(testContext(t), endpointKind); len(docs) != 1 {
		t.Errorf("%d documents", len(docs))
	}
}

func TestEndpointsAreListedOldestFirst(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	var ids []string
	for i := range 12 {
		ids = append(ids, register(t, d, journal.Endpoint{Provider: []string{"neostore", "ethpass"}[i%2], URL: "http://127.0.0.1/"}).ID)
	}
	listed := func(provider string) (out []string) {
		list, err := d.Endpoints(testContext(t), provider)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			out = append(out, e.ID)
		}
		return out
	}
	if got := listed(""); !slices.Equal(got, ids) {
		t.Errorf("all: %v, want %v", got, ids)
	}
	if got := listed("ethpass"); len(got) != 6 || got[0] != ids[1] || got[5] != ids[11] {
		t.Errorf("ethpass: %v of %v", got, ids)
	}
	if got := listed("nobody"); got != nil {
		t.Errorf("nobody: %v", got)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL + "/old", Retry: "at-least-once"})
	delivery := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0]
	waitIdle(t, d)
	changed := e
	changed.URL, changed.Provider, changed.Created, changed.Secrets = c.URL+"/new", "ethpass", time.Time{}, []string{"rotated"}
	changed, err := d.Update(testContext(t), changed)
	if err != nil || changed.Provider != "neostore" || !changed.Created.Equal(e.Created) {
		t.Fatalf("%+v, %v", changed, err)
	}
	emit(t, d, "neostore", Emission{Event: "Pass:Created"})
	waitIdle(t, d)
	advance(t, d, time.Hour)
	var paths []string
	for _, r := range c.received() {
		paths = append(paths, r.path)
	}
	if want := []string{"/old", "/new", "/old"}; !slices.Equal(paths, want) {
		t.Errorf("requests to %v, want %v: a delivery keeps its address", paths, want)
	}
	got := look(t, d, delivery.ID)
	if v := verify(t, changed, got.Attempts[1]); got.State != journal.Delivered || v != signature.Valid {
		t.Errorf("%s, by the new secret %s", got.State, v)
	}
	changed.Secrets = nil
	if kept, err := d.Update(testContext(t), changed); err != nil || !slices.Equal(kept.Secrets, []string{"rotated"}) {
		t.Errorf("%+v, %v: want the secret kept", kept, err)
	}
	changed.URL = "nowhere"
	if _, err := d.Update(testContext(t), changed); !errors.Is(err, ErrInvalid) {
		t.Errorf("a wrong URL: %v", err)
	}
	if _, err := d.Update(testContext(t), journal.Endpoint{ID: "nobody"}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestADisabledEndpointGetsNothing(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once"})
	delivery := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0]
	waitIdle(t, d)
	e.Disabled = true
	if _, err := d.Update(testContext(t), e); err != nil {
		t.Fatal(err)
	}
	if got := look(t, d, delivery.ID); got.State != journal.Stopped || !got.Next.IsZero() {
		t.Errorf("what was queued is %s, next %v", got.State, got.Next)
	}
	if list := emit(t, d, "neostore", Emission{Event: "Pass:Created"}); len(list) != 0 {
		t.Errorf("a new event made %+v", list)
	}
	if _, err := d.Emit(testContext(t), "neostore", Emission{Event: "Pass:Created", Endpoint: e.ID}); !errors.Is(err, ErrInvalid) {
		t.Errorf("an event for it: %v", err)
	}
	advance(t, d, 100*time.Hour)
	if n := len(c.received()); n != 1 {
		t.Errorf("%d requests", n)
	}
	e.Disabled = false
	if _, err := d.Update(testContext(t), e); err != nil {
		t.Fatal(err)
	}
	list := emit(t, d, "neostore", Emission{Event: "Pass:Created"})
	waitIdle(t, d)
	if got := look(t, d, list[0].ID); got.State != journal.Delivered || len(c.received()) != 2 {
		t.Errorf("enabled again: %s", got.State)
	}
}

func TestRemoveStopsWhatIsQueuedAndInFlight(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 10)
	release := make(chan struct{})
	c := consume(t, func(n int, _ received) int {
		arrived <- struct{}{}
		<-release
		return 200
	})
	t.Cleanup(func() { close(release) })
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once"})
	first := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0]
	<-arrived
	waiting := emit(t, d, "neostore", Emission{Event: "Pass:Updated"})[0] // behind the first
	late := emit(t, d, "neostore", Emission{Event: "Pass:Updated", Faults: []Fault{{Kind: "delay", Arg: "1h"}}})[0]
	if err := d.Remove(testContext(t), e.ID); err != nil {
		t.Fatal(err)
	}
	got := look(t, d, first.ID)
	if got.State != journal.Stopped || len(got.Attempts) != 1 || !strings.Contains(got.Attempts[0].Error, errRemoved.Error()) {
		t.Errorf("in flight: %s, %+v", got.State, got.Attempts)
	}
	for _, id := range []string{waiting.ID, late.ID} {
		if got := look(t, d, id); got.State != journal.Stopped || len(got.Attempts) != 0 {
			t.Errorf("queued: %s with %d attempts", got.State, len(got.Attempts))
		}
	}
	waitIdle(t, d)
	clock := advance(t, d, 100*time.Hour)
	if n := len(c.received()); n != 1 || clock.Pending != 0 {
		t.Errorf("%d requests, %d pending", n, clock.Pending)
	}
	if _, err := d.Endpoint(testContext(t), e.ID); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	if err := d.Remove(testContext(t), e.ID); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("removed again: %v", err)
	}
}

// Two who change an endpoint at the same time both succeed.
func TestChangesAreNotLost(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: "http://127.0.0.1:1/", Events: []string{"Pass:*"}})
	var changing sync.WaitGroup
	for range 50 {
		changing.Go(func() {
			if _, err := d.Change(testContext(t), e.ID, func(e *journal.Endpoint) error {
				e.Description += "x"
				e.ID, e.Provider = "other", "ethpass" // these stay
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	changing.Wait()
	refused := errors.New("refused")
	if _, err := d.Change(testContext(t), e.ID, func(e *journal.Endpoint) error {
		e.Events[0], e.URL = "Customer:*", "http://127.0.0.1:2/"
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("%v, want what change returned", err)
	}
	after, err := d.Endpoint(testContext(t), e.ID)
	if err != nil || len(after.Description) != 50 || after.Provider != "neostore" || after.URL != e.URL || after.Events[0] != "Pass:*" {
		t.Errorf("%+v, %v", after, err)
	}
	if _, err := d.Change(testContext(t), "other", func(*journal.Endpoint) error { return nil }); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// A provider that is in production never calls an http URL, whatever was registered before.
func TestHTTPSOnly(t *testing.T) {
	t.Parallel()
	catalogue, err := fixtures.Builtin().With(fixtures.OptionSetting{Provider: "neostore", Name: "production", Value: "on"})
	if err != nil {
		t.Fatal(err)
	}
	store := journal.NewMemory(journal.MemoryOptions{})
	c := consume(t, always(200))
	before := start(t, Options{Store: store, Virtual: true})
	register(t, before, journal.Endpoint{URL: c.URL, Retry: "at-least-once"})
	before.Close()

	d := start(t, Options{Store: store, Virtual: true, Catalogue: catalogue})
	register(t, d, journal.Endpoint{URL: strings.Replace(c.URL, "http:", "HTTP:", 1)})
	list := emit(t, d, "neostore", Emission{Event: "Pass:Created"})
	advance(t, d, 100*time.Hour)
	if len(list) != 2 || len(c.received()) != 0 {
		t.Errorf("%d deliveries, %d requests", len(list), len(c.received()))
	}
	for _, l := range list {
		got := look(t, d, l.ID)
		if got.State != journal.Stopped || len(got.Attempts) != 1 || got.Attempts[0].Outcome != wire.NotSent || !strings.Contains(got.Attempts[0].Error, "https only") {
			t.Errorf("%+v", got)
		}
	}
	if (&endpointConfig{provider: knownProvider(t, "neostore")}).reaches("http://h/") != nil {
		t.Error("without the option http is delivered to")
	}
}

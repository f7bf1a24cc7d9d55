package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// endpoint is an endpoint of the run.
type endpoint struct {
	mockserver.Endpoint
}

// subscribe registers an endpoint.
func (r *run) subscribe(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	sub := s.Subscribe
	e := mockserver.Endpoint{
		Provider: sub.Provider, Tenant: sub.Tenant, URL: sub.To, Events: sub.Events, Retry: sub.Retry, Timeout: sub.Timeout.toServer(),
		Description: "scenario " + r.scenario.Name + ", step " + s.ID,
	}
	if e.Timeout == 0 {
		e.Timeout = mockserver.Duration(r.options.Timeout)
	}
	secret := sub.Secret
	if e.URL == "" {
		e.URL = r.targetURL
		if current, ok := r.scope.target["secret"].(string); ok && secret == "" {
			secret = current
		}
	}
	if secret == "" {
		secret = r.mintSecret(s, e.URL)
	}
	if secret != "" {
		e.Secrets = []string{secret}
	}
	e, err := r.client.Register(ctx, e)
	if err != nil {
		return err
	}
	registered := &endpoint{e}
	r.endpoints[e.ID], r.subs[s.ID] = registered, registered
	r.tracker.own(e.ID)
	secret = ""
	if len(e.Secrets) > 0 {
		secret = e.Secrets[0]
	}
	r.scope.steps[s.ID] = map[string]any{"id": e.ID, "url": e.URL, "secret": secret, "tenant": e.Tenant}
	events := "every event"
	if len(sub.Events) > 0 {
		events = strings.Join(sub.Events, ", ")
	}
	v.note("%s sends %s to %s", sub.Provider, events, e.URL)
	if err := r.addSecrets(ctx, e); err != nil {
		return err
	}
	return r.awaitHandshake(ctx, e, record, v)
}

// awaitHandshake waits until the provider's handshake with a new endpoint has ended, so that its
// request belongs to the subscribe step.
func (r *run) awaitHandshake(ctx context.Context, e mockserver.Endpoint, record *stepRecord, v *result) error {
	p, err := r.catalogue.Provider(e.Provider)
	if err != nil || p.Handshake == nil || p.Handshake.Event == "" {
		return nil
	}
	if err := r.client.WaitIdle(ctx); err != nil {
		return err
	}
	list, err := r.client.Deliveries(ctx, mockserver.DeliveryQuery{Endpoint: e.ID, Limit: 1})
	if err != nil || len(list) == 0 {
		return err
	}
	before := len(r.events)
	r.recordEvent(&runEvent{Event: list[0].Event, journey: "handshake " + e.ID})
	r.report.Counts.Handshakes += len(r.events) - before
	r.handshakes[list[0].ID], record.deliveries = &list[0], []string{list[0].ID}
	v.note("handshake %s %s", list[0].Event.Name, list[0].State)
	return nil
}

// mintSecret returns a secret for the step's endpoint, so that runs with the same seed sign alike.
// It returns "" when only the consumer at the URL can choose it, or when there is none.
func (r *run) mintSecret(s *Step, url string) string {
	p, err := r.catalogue.Provider(s.Subscribe.Provider)
	if err != nil {
		return ""
	}
	bin := slices.ContainsFunc(keys(r.bins), func(label string) bool { return leadsTo(url, r.bins[label].url) })
	if p.Subscription.Secret.Minted != "provider" && !bin {
		return ""
	}
	return p.MintSecret(r.draw(s.ID, 0))
}

// journey renders journeys and delivers their events in order, unless the step has hold.
func (r *run) journey(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	j := s.Journey
	p, err := r.catalogue.Provider(j.Provider)
	if err != nil {
		return err
	}
	name := j.Name
	if name == "" && len(p.Journeys) > 0 {
		name = p.Journeys[0].Name
	}
	options := fixtures.RenderOptions{Tenant: j.Tenant, Start: r.now, SameTime: j.SameTime, Set: j.Set.toFixtures()}
	var list []runEvent
	for i := range max(j.Count, 1) {
		events, err := p.Journey(r.draw(s.ID, uint64(i)), name, j.Events, options)
		if err != nil {
			return err
		}
		for index, e := range events {
			list = append(list, runEvent{Event: e, journey: fmt.Sprintf("%s/%d", s.ID, i), index: index})
		}
	}
	r.journeys[s.ID] = list
	if j.Hold {
		r.output(s.ID, list, nil)
		v.note("journey %s: %s rendered, not sent", name, plural(len(list), "event"))
		return nil
	}
	if err := r.send(ctx, s, record, list, nil, "", false, v); err != nil {
		return err
	}
	r.output(s.ID, list, record.deliveries)
	return nil
}

// entities returns the keys of the entities whose events a journey step rendered.
func (r *run) entities(step string) []string {
	var list []string
	for _, e := range r.journeys[step] {
		p, err := r.catalogue.Provider(e.Provider)
		if err != nil {
			continue
		}
		_, key, _ := strings.Cut(p.EntityOf(&e.Event), "/")
		if key != "" && !slices.Contains(list, key) {
			list = append(list, key)
		}
	}
	return list
}

// deliver sends new events or events of a journey.
func (r *run) deliver(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	d := s.Deliver
	list, err := r.source(s.ID, d)
	if err != nil {
		return err
	}
	if d.Order == Shuffled {
		list = shuffled(list, r.scope.seed, s.ID)
	}
	if d.Times > 1 {
		list = repeated(list, d.Times)
	}
	to := ""
	if d.To != "" {
		sub := r.subs[d.To]
		if sub == nil {
			return fmt.Errorf("step %s was skipped, so it has no endpoint", d.To)
		}
		to = sub.ID
	}
	if err := r.send(ctx, s, record, list, d.Faults, to, d.Parallel, v); err != nil {
		return err
	}
	r.output(s.ID, list, record.deliveries)
	return nil
}

// source returns the events that a deliver step selects.
func (r *run) source(step string, d *Deliver) ([]runEvent, error) {
	if d.From != "" {
		return r.selectEvents(d)
	}
	p, err := r.catalogue.Provider(d.Provider)
	if err != nil {
		return nil, err
	}
	if d.Body != "" {
		return []runEvent{{Event: r.withBody(step, p, d), journey: step + "/0"}}, nil
	}
	names := []string(d.Events)
	if d.Event != "" {
		names = []string{d.Event}
	} else if d.Events.All() {
		names = eventNames(p)
	}
	options := fixtures.RenderOptions{Tenant: d.Tenant, Start: r.now, Set: d.Set.toFixtures()}
	list := make([]runEvent, len(names))
	for i, name := range names {
		e, err := p.Render(r.draw(step, uint64(i)), name, options)
		if err != nil {
			return nil, err
		}
		list[i] = runEvent{Event: e, journey: fmt.Sprintf("%s/%d", step, i)}
	}
	return list, nil
}

// withBody returns an event with the body of a deliver step.
func (r *run) withBody(step string, p *fixtures.Provider, d *Deliver) fixtures.Event {
	e, ok := p.Recognise(signature.Message{Body: []byte(d.Body)})
	if !ok || e.Name != d.Event {
		e = fixtures.Event{Provider: p.Name, Body: []byte(d.Body)} // the server chooses the id
	}
	e.Name, e.Tenant, e.At, e.Draw = d.Event, d.Tenant, r.now, r.draw(step, 0)
	return e
}

// selectEvents returns the events that a deliver step selects from a journey.
func (r *run) selectEvents(d *Deliver) ([]runEvent, error) {
	events, ok := r.journeys[d.From]
	if !ok {
		return nil, fmt.Errorf("step %s was skipped, so it has no events", d.From)
	}
	if len(d.Events) == 0 || d.Events.All() {
		return slices.Clone(events), nil
	}
	names := make([]string, len(events))
	for i := range events {
		names[i] = events[i].Name
	}
	var list []runEvent
	for _, selector := range d.Events {
		i := pick(names, selector)
		if i < 0 {
			return nil, fmt.Errorf("journey %s has no event %q: its events are %s", d.From, selector, strings.Join(names, ", "))
		}
		list = append(list, events[i])
	}
	return list, nil
}

// send has the provider emit events: all at once, or each after the attempts of the event before it
// are made.
func (r *run) send(ctx context.Context, s *Step, record *stepRecord, list []runEvent, faults []mockserver.Fault, to string, parallel bool, v *result) error {
	emissions := make([]mockserver.Emission, len(list))
	for i := range list {
		r.recordEvent(&list[i])
		seed, index := list[i].Draw.Seed, list[i].Draw.Index
		emissions[i] = mockserver.Emission{
			Event: list[i].Name, Tenant: list[i].Tenant, ID: list[i].ID, At: list[i].At, Headers: list[i].Headers, Body: list[i].Body,
			Seed: &seed, Stream: list[i].Draw.Stream, Index: &index, Faults: faults, Endpoint: to,
		}
	}
	// A reorder fault swaps events, so it needs them in one batch.
	together := parallel || slices.ContainsFunc(faults, func(f mockserver.Fault) bool { return f.Kind == "reorder" })
	for len(emissions) > 0 {
		batch := emissions[:1]
		if together {
			batch = emissions
		}
		emissions = emissions[len(batch):]
		deliveries, err := r.client.Emit(ctx, list[0].Provider, batch...)
		if (r.options.SkipImpossible || r.scenario.Conformance != nil) && len(faults) > 0 && errors.Is(err, mockserver.ErrInvalid) {
			v.skip("%s", strings.TrimPrefix(err.Error(), mockserver.ErrInvalid.Error()+": "))
			record.impossible = true
			return nil
		}
		if err != nil {
			return err
		}
		ids := r.recordDeliveries(s, record, deliveries)
		if s.Deliver != nil && s.Deliver.Background {
			r.background = true
			continue
		}
		if err := r.awaitAttempts(ctx, ids); err != nil {
			return err
		}
		if err := r.checkSent(ctx, ids); err != nil {
			return err
		}
	}
	v.note("%s, %s", plural(len(list), "event"), plural(len(record.deliveries), "delivery"))
	checked := slices.ContainsFunc(s.Expect, func(e Expectation) bool { return e.Deliveries != nil })
	if len(record.deliveries) == 0 && !checked {
		v.inconclusive("no subscription selects %s: nothing was sent, so there is nothing to check", list[0].Name)
	}
	return nil
}

// recordDeliveries records the deliveries to the run's endpoints and returns their ids. If the run
// has no endpoint at the provider, the consumer has registered itself, and all deliveries belong to
// the run.
func (r *run) recordDeliveries(s *Step, record *stepRecord, deliveries []mockserver.Delivery) []string {
	var ids []string
	for i := range deliveries {
		d := &deliveries[i]
		if r.endpoints[d.Endpoint] == nil && r.subscribed(d.Provider) {
			continue
		}
		record.deliveries = append(record.deliveries, d.ID)
		r.deliveries = append(r.deliveries, runDelivery{id: d.ID, seq: d.Seq, url: d.URL, step: s.ID, number: len(record.deliveries), event: d.Event.Name, faults: d.Faults})
		r.byID[d.ID] = len(r.deliveries) - 1
		ids = append(ids, d.ID)
	}
	return ids
}

func (r *run) subscribed(provider string) bool {
	for _, e := range r.endpoints {
		if e.Provider == provider {
			return true
		}
	}
	return false
}

// recordEvent records an event that is sent, so that its captures are recognised by their body.
func (r *run) recordEvent(e *runEvent) {
	known := r.events[string(e.Body)]
	if known == nil {
		r.sequence++
		e.rank = r.sequence
		copied := *e
		r.events[string(e.Body)] = &copied
	} else if !known.At.Equal(e.At) {
		known.again = append(known.again, e.Event)
	}
	r.eventTypes[e.Provider+" "+e.Name] = true
}

// replay repeats the deliveries of an earlier step.
func (r *run) replay(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	of := r.steps[s.Replay.Of]
	if of == nil || len(of.deliveries) == 0 {
		return fmt.Errorf("step %s has no deliveries to replay", s.Replay.Of)
	}
	for range max(s.Replay.Times, 1) {
		for _, id := range of.deliveries {
			d, err := r.client.Redeliver(ctx, id)
			if err != nil {
				return err
			}
			ids := r.recordDeliveries(s, record, []mockserver.Delivery{d})
			if err := r.awaitAttempts(ctx, ids); err != nil {
				return err
			}
			if err := r.checkSent(ctx, ids); err != nil {
				return err
			}
		}
	}
	r.output(s.ID, nil, record.deliveries)
	v.note("%s repeated", plural(len(record.deliveries), "delivery"))
	return nil
}

// advance moves the virtual clock.
func (r *run) advance(ctx context.Context, by Duration, v *result) error {
	clock, err := r.client.Advance(ctx, by.or(0))
	if err != nil {
		return err
	}
	r.now = r.now.Add(by.or(0))
	v.note("clock advanced by %s", by)
	if clock.Pending > 0 {
		v.note("%d pending", clock.Pending)
	}
	return nil
}

// restart restarts the consumer. A consumer that does not start again cannot be checked.
func (r *run) restart(ctx context.Context, v *result) error {
	if r.options.Restart == nil {
		v.skip("this run cannot restart the consumer")
		return nil
	}
	if err := r.options.Restart(ctx); err != nil {
		return fmt.Errorf("the consumer could not be restarted: %w", err)
	}
	v.note("the consumer was restarted")
	return nil
}

// output sets what later steps can refer to.
func (r *run) output(step string, list []runEvent, deliveries []string) {
	events, ids := make([]any, len(list)), make([]any, len(deliveries))
	for i := range list {
		events[i] = map[string]any{"id": list[i].ID, "name": list[i].Name, "body": parsed(list[i].Body)}
	}
	for i := range deliveries {
		ids[i] = map[string]any{"id": deliveries[i]}
	}
	r.scope.steps[step] = map[string]any{"events": events, "deliveries": ids}
}

// draw returns the random stream of the step's event or journey number i.
func (r *run) draw(step string, i uint64) fixtures.Draw {
	return fixtures.Draw{Seed: r.scope.seed, Stream: r.scenario.Name + "/" + step, Index: i}
}

// toFixtures returns the settings in the form of package fixtures, sorted by pointer.
func (s Settings) toFixtures() []fixtures.Setting {
	var list []fixtures.Setting
	for _, pointer := range keys(s) {
		list = append(list, fixtures.Setting{Pointer: pointer, Value: json.RawMessage(s[pointer])})
	}
	return list
}

// shuffled returns the list in another order, which depends on the seed.
func shuffled(list []runEvent, seed uint64, step string) []runEvent {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(step + "/order"))
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	out := slices.Clone(list)
	for range 32 { // until the order differs
		random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		if !slices.EqualFunc(out, list, func(a, b runEvent) bool { return a.journey == b.journey && a.index == b.index }) {
			break
		}
	}
	return out
}

// repeated returns a list with n copies of each event.
func repeated(list []runEvent, n int) []runEvent {
	out := make([]runEvent, 0, len(list)*n)
	for _, e := range list {
		for range n {
			out = append(out, e)
		}
	}
	return out
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// endpoint is a subscription of the run.
type endpoint struct {
	mockserver.Endpoint
}

// subscribe registers an endpoint.
func (r *run) subscribe(ctx context.Context, s *Step, v *result) error {
	sub := s.Subscribe
	e := mockserver.Endpoint{
		Provider: sub.Provider, Tenant: sub.Tenant, URL: sub.To, Events: sub.Events, Retry: sub.Retry, Timeout: sub.Timeout.journal(),
		Description: "scenario " + r.scenario.Name + ", step " + s.ID,
	}
	secret := sub.Secret
	if e.URL == "" {
		e.URL = r.targetURL
		if current, ok := r.scope.target["secret"].(string); ok && secret == "" {
			secret = current
		}
	}
	if secret != "" {
		e.Secrets = []string{secret}
	}
	e, err := r.client.Register(ctx, e)
	if err != nil {
		return err
	}
	mine := &endpoint{e}
	r.endpoints[e.ID], r.subs[s.ID] = mine, mine
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
	return r.knowSecrets(ctx, e)
}

// journey renders lives and, unless it holds them, delivers their events in order.
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
	options := fixtures.RenderOptions{Tenant: j.Tenant, Start: r.now, Set: j.Set.fixtures()}
	var list []sent
	for i := range max(j.Count, 1) {
		life, err := p.Journey(r.draw(s.ID, uint64(i)), name, j.Events, options)
		if err != nil {
			return err
		}
		for place, e := range life {
			list = append(list, sent{Event: e, life: fmt.Sprintf("%s/%d", s.ID, i), place: place})
		}
	}
	r.journeys[s.ID] = list
	if j.Hold {
		r.output(s.ID, list, nil)
		v.note("%s of %s rendered, not sent", name, plural(len(list), "event"))
		return nil
	}
	if err := r.send(ctx, s, record, list, nil, "", false, v); err != nil {
		return err
	}
	r.output(s.ID, list, record.deliveries)
	return nil
}

// deliver sends fresh events, or those of a journey.
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
			return fmt.Errorf("step %s has not subscribed: it was left out", d.To)
		}
		to = sub.ID
	}
	if err := r.send(ctx, s, record, list, d.Faults, to, d.Parallel, v); err != nil {
		return err
	}
	r.output(s.ID, list, record.deliveries)
	return nil
}

// source returns the events that a deliver step names.
func (r *run) source(step string, d *Deliver) ([]sent, error) {
	if d.From != "" {
		return r.selectEvents(d)
	}
	p, err := r.catalogue.Provider(d.Provider)
	if err != nil {
		return nil, err
	}
	if d.Body != "" {
		return []sent{{Event: r.withBody(step, p, d), life: step + "/0"}}, nil
	}
	names := []string(d.Events)
	if d.Event != "" {
		names = []string{d.Event}
	} else if d.Events.All() {
		names = eventNames(p)
	}
	options := fixtures.RenderOptions{Tenant: d.Tenant, Start: r.now, Set: d.Set.fixtures()}
	list := make([]sent, len(names))
	for i, name := range names {
		e, err := p.Render(r.draw(step, uint64(i)), name, options)
		if err != nil {
			return nil, err
		}
		list[i] = sent{Event: e, life: fmt.Sprintf("%s/%d", step, i)}
	}
	return list, nil
}

// withBody is the event whose body a deliver step gives.
func (r *run) withBody(step string, p *fixtures.Provider, d *Deliver) fixtures.Event {
	e, ok := p.Recognise(signature.Message{Body: []byte(d.Body)})
	if !ok || e.Name != d.Event {
		e = fixtures.Event{Provider: p.Name, Body: []byte(d.Body)} // whose id is the server's
	}
	e.Name, e.Tenant, e.At, e.Draw = d.Event, d.Tenant, r.now, r.draw(step, 0)
	return e
}

// selectEvents returns the events of a journey that a deliver step selects.
func (r *run) selectEvents(d *Deliver) ([]sent, error) {
	life, ok := r.journeys[d.From]
	if !ok {
		return nil, fmt.Errorf("step %s has no events: it was left out", d.From)
	}
	if len(d.Events) == 0 || d.Events.All() {
		return slices.Clone(life), nil
	}
	names := make([]string, len(life))
	for i := range life {
		names[i] = life[i].Name
	}
	var list []sent
	for _, selector := range d.Events {
		i := pick(names, selector)
		if i < 0 {
			return nil, fmt.Errorf("journey %s has no event %q: it went %s", d.From, selector, strings.Join(names, ", "))
		}
		list = append(list, life[i])
	}
	return list, nil
}

// send hands events to the provider: one after the other, each when the attempts of the one before are made, or all at once.
func (r *run) send(ctx context.Context, s *Step, record *stepRecord, list []sent, faults []mockserver.Fault, to string, parallel bool, v *result) error {
	emissions := make([]mockserver.Emission, len(list))
	for i := range list {
		r.remember(&list[i])
		seed, index := list[i].Draw.Seed, list[i].Draw.Index
		emissions[i] = mockserver.Emission{
			Event: list[i].Name, Tenant: list[i].Tenant, ID: list[i].ID, At: list[i].At, Headers: list[i].Headers, Body: list[i].Body,
			Seed: &seed, Stream: list[i].Draw.Stream, Index: &index, Faults: faults, Endpoint: to,
		}
	}
	// A reorder fault has events change places, so it needs them together.
	together := parallel || slices.ContainsFunc(faults, func(f mockserver.Fault) bool { return f.Kind == "reorder" })
	for len(emissions) > 0 {
		batch := emissions[:1]
		if together {
			batch = emissions
		}
		emissions = emissions[len(batch):]
		deliveries, err := r.client.Emit(ctx, list[0].Provider, batch...)
		if err != nil {
			return err
		}
		mine := r.keep(s, record, deliveries)
		if err := r.client.WaitIdle(ctx); err != nil {
			return err
		}
		if err := r.checkSent(ctx, mine); err != nil {
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

// keep records the deliveries that go to the run's own endpoints. Where the run has registered none with the provider, the consumer has done so
// itself, and all are the run's.
// It returns their ids.
func (r *run) keep(s *Step, record *stepRecord, deliveries []mockserver.Delivery) []string {
	var mine []string
	for i := range deliveries {
		d := &deliveries[i]
		if r.endpoints[d.Endpoint] == nil && r.subscribed(d.Provider) {
			continue
		}
		record.deliveries = append(record.deliveries, d.ID)
		r.made = append(r.made, made{id: d.ID, seq: d.Seq, url: d.URL, step: s.ID, number: len(record.deliveries), event: d.Event.Name, faults: d.Faults})
		r.byID[d.ID] = len(r.made) - 1
		mine = append(mine, d.ID)
	}
	return mine
}

func (r *run) subscribed(provider string) bool {
	for _, e := range r.endpoints {
		if e.Provider == provider {
			return true
		}
	}
	return false
}

// remember notes an event that is sent, so that a capture of its body is known again.
func (r *run) remember(e *sent) {
	known := r.events[string(e.Body)]
	if known == nil {
		r.sequence++
		e.rank = r.sequence
		copied := *e
		r.events[string(e.Body)] = &copied
	}
	r.kinds[e.Provider+" "+e.Name] = true
}

// replay has deliveries made again.
func (r *run) replay(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	of := r.steps[s.Replay.Of]
	if of == nil || len(of.deliveries) == 0 {
		return fmt.Errorf("step %s delivered nothing that could be replayed", s.Replay.Of)
	}
	for range max(s.Replay.Times, 1) {
		for _, id := range of.deliveries {
			d, err := r.client.Redeliver(ctx, id)
			if err != nil {
				return err
			}
			mine := r.keep(s, record, []mockserver.Delivery{d})
			if err := r.client.WaitIdle(ctx); err != nil {
				return err
			}
			if err := r.checkSent(ctx, mine); err != nil {
				return err
			}
		}
	}
	r.output(s.ID, nil, record.deliveries)
	v.note("%s again", plural(len(record.deliveries), "delivery"))
	return nil
}

// advance moves the virtual clock.
func (r *run) advance(ctx context.Context, by Duration, v *result) error {
	clock, err := r.client.Advance(ctx, by.or(0))
	if err != nil {
		return err
	}
	r.now = r.now.Add(by.or(0))
	v.note("%s later", by)
	if clock.Pending > 0 {
		v.note("%d pending", clock.Pending)
	}
	return nil
}

// output is what later references see of a step.
func (r *run) output(step string, list []sent, deliveries []string) {
	events, made := make([]any, len(list)), make([]any, len(deliveries))
	for i := range list {
		events[i] = map[string]any{"id": list[i].ID, "name": list[i].Name, "body": parsed(list[i].Body)}
	}
	for i := range deliveries {
		made[i] = map[string]any{"id": deliveries[i]}
	}
	r.scope.steps[step] = map[string]any{"events": events, "deliveries": made}
}

// draw names the generator of the step's event or life number i.
func (r *run) draw(step string, i uint64) fixtures.Draw {
	return fixtures.Draw{Seed: r.scope.seed, Stream: r.scenario.Name + "/" + step, Index: i}
}

// fixtures is the settings as a renderer takes them, in a fixed order.
func (s Settings) fixtures() []fixtures.Setting {
	var list []fixtures.Setting
	for _, pointer := range keys(s) {
		list = append(list, fixtures.Setting{Pointer: pointer, Value: json.RawMessage(s[pointer])})
	}
	return list
}

// shuffled returns the list in another order, drawn from the seed; one of a single event is as it was.
func shuffled(list []sent, seed uint64, step string) []sent {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(step + "/order"))
	chance := rand.New(rand.NewPCG(seed, hash.Sum64()))
	out := slices.Clone(list)
	for range 32 { // enough to find one, if there is another
		chance.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		if !slices.EqualFunc(out, list, func(a, b sent) bool { return a.life == b.life && a.place == b.place }) {
			break
		}
	}
	return out
}

// repeated returns each event n times over.
func repeated(list []sent, n int) []sent {
	out := make([]sent, 0, len(list)*n)
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

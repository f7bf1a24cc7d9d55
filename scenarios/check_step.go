package scenarios

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/expression"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// step checks one step. Its references to earlier steps must be valid.
func (c *checker) step(s *Step, path string) {
	c.name("step id", s.ID, path+".id")
	if s.ID == "" && c.isLiteral(path+".id", "!!str") {
		c.add("", path+".id", "a step needs an id")
	}
	if c.earlier[s.ID] != nil {
		c.add("", path+".id", "step id %q is used twice", s.ID)
	}
	if verbs := s.verbs(); len(verbs) > 1 {
		c.add("split it into several steps", path, "want one verb, got %d: %s", len(verbs), strings.Join(verbs, ", "))
	} else if s.Verb() == "" && !c.isSet(path+".expect") && !c.unknownKeys(path) {
		c.add("want one of "+strings.Join(allVerbs, ", "), path, "the step does nothing")
	}
	switch s.Verb() {
	case "subscribe":
		c.subscribe(s.Subscribe, path+".subscribe")
	case "journey":
		c.journey(s.Journey, path+".journey")
	case "deliver":
		c.deliver(s.Deliver, path+".deliver")
		if s.Deliver.Background && len(s.Expect) > 0 {
			c.add("expect something of a later step", path+".expect", "the attempts of a delivery in the background may not be done")
		}
	case "advance":
		if c.s.Clock.Mode == RealClock {
			c.add("clock: {mode: virtual}", path+".advance", "a real clock cannot be advanced")
		}
	case "respond":
		c.binOrTarget(s.Respond.Bin, path+".respond.bin")
		c.rules(path+".respond", s.Respond.Rules)
	case "replay":
		c.refersTo(s.Replay.Of, "journey, deliver, replay", path+".replay.of")
		c.positive(s.Replay.Times, path+".replay.times")
	case "burst":
		c.burst(s.Burst, path+".burst")
	case "call":
		c.call(s.Call, path+".call")
	}
	c.table(s.Each, path+".each")
	c.saves(s, path+".save")
	for j := range s.Expect {
		at := path + ".expect"
		if c.s.root != nil && target(child(s.node, "expect")).Kind == yaml.SequenceNode {
			at = index(at, j)
		}
		c.expectation(s, &s.Expect[j], at)
	}
	if s.ID != "" {
		c.earlier[s.ID] = s
	}
}

// unknownKeys reports whether the step has an unknown key, which may be a misspelt verb. The
// decoder has reported it already.
func (c *checker) unknownKeys(path string) bool {
	if c.s.root == nil {
		return false
	}
	n := strictyaml.Find(c.s.root, path)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i].Value; !slices.Contains([]string{"id", "when", "timeout", "each", "save"}, key) {
			return true
		}
	}
	return false
}

func (c *checker) subscribe(s *Subscribe, path string) {
	p := c.needsProvider(s.Provider, path)
	if p == nil {
		return
	}
	c.patterns(p, s.Events, path+".events")
	c.retry(p, s.Retry, path+".retry")
	if s.To == "" && !c.isSet(path+".to") {
		c.needsTarget(path)
	}
}

// needsProvider returns the provider of a verb. It reports a missing one.
func (c *checker) needsProvider(name, path string) *fixtures.Provider {
	if name == "" && !c.isSet(path+".provider") {
		c.add("name it here, or once for the whole scenario", path, "key \"provider\" is missing")
		return nil
	}
	return c.provider(name, path+".provider")
}

func (c *checker) retry(p *fixtures.Provider, profile string, path string) {
	if _, _, err := p.RulesFor(profile); err != nil {
		c.add(didYouMean(profile, p.RetryNames()), path, "provider %s has no retry profile %q", p.Name, profile)
	}
}

func (c *checker) needsTarget(path string) {
	if t := c.s.Target; t.URL == "" && t.Bin == "" && !c.isSet("target.url") {
		c.add("add target: {bin: NAME}, or set to: \"${bins.NAME.url}\"", path, "the events have no destination")
	}
}

func (c *checker) journey(j *Journey, path string) {
	p := c.needsProvider(j.Provider, path)
	c.positive(j.Count, path+".count")
	c.pointers(j.Set, path+".set")
	if p == nil {
		return
	}
	kind := c.journeyType(p, j.Name, path+".name")
	if kind == nil || c.isSet(path+".name") && j.Name == "" {
		return
	}
	for i, event := range j.Events {
		if event != "" && !slices.Contains(kind.Events, event) {
			c.add(didYouMean(event, kind.Events), index(path+".events", i), "journey %s of provider %s has no event %q", kind.Name, p.Name, event)
		}
	}
}

func (c *checker) journeyType(p *fixtures.Provider, name string, path string) *fixtures.JourneyType {
	var names []string
	for i := range p.Journeys {
		if name == "" || p.Journeys[i].Name == name {
			return &p.Journeys[i]
		}
		names = append(names, p.Journeys[i].Name)
	}
	c.add(didYouMean(name, names), path, "provider %s has no journey %q", p.Name, name)
	return nil
}

func (c *checker) deliver(d *Deliver, path string) {
	c.positive(d.Times, path+".times")
	c.pointers(d.Set, path+".set")
	if d.To != "" {
		c.refersTo(d.To, "subscribe", path+".to")
	}
	has := func(key string, set bool) bool { return set || c.isSet(path+"."+key) }
	from, event, events := has("from", d.From != ""), has("event", d.Event != ""), has("events", len(d.Events) > 0)
	switch {
	case from && event:
		c.add("use events", path+".event", "event cannot be combined with from")
	case from:
		c.deliverFrom(d, path)
		return
	case event == events:
		c.add("", path, "want exactly one of event, events and from")
	}
	if d.Body != "" {
		if !event {
			c.add("add event: NAME", path+".body", "body needs one event")
		}
		if len(d.Set) > 0 {
			c.add("change the body itself", path+".set", "set cannot be combined with body, which is delivered unchanged")
		}
	}
	p := c.needsProvider(d.Provider, path)
	c.event(p, d.Event, path+".event")
	if !d.Events.All() {
		for i, name := range d.Events {
			c.event(p, name, index(path+".events", i))
		}
	}
}

// deliverFrom checks a delivery of events that a journey step rendered.
func (c *checker) deliverFrom(d *Deliver, path string) {
	for _, key := range []string{"provider", "tenant", "set", "body"} {
		if c.isSet(path + "." + key) {
			c.add("set it in the journey step", path+"."+key, "%s cannot be combined with from, whose events are already rendered", key)
		}
	}
	if d.From == "" {
		return
	}
	c.refersTo(d.From, "journey", path+".from")
	source := c.earlier[d.From]
	if source == nil || source.Journey == nil || len(source.Journey.Events) == 0 || d.Events.All() {
		return
	}
	for i, name := range d.Events {
		if name == "" {
			continue
		}
		if pick(source.Journey.Events, name) < 0 {
			c.add(didYouMean(name, source.Journey.Events), index(path+".events", i), "journey %s has no event %q", d.From, name)
		}
	}
}

// pick returns the index of NAME or NAME#n in a list of names. It returns -1 when there is none.
func pick(names []string, selector string) int {
	name, nth := selector, 1
	if base, number, ok := strings.Cut(selector, "#"); ok {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			name, nth = base, n
		}
	}
	for i := range names {
		if names[i] == name {
			if nth--; nth == 0 {
				return i
			}
		}
	}
	return -1
}

func (c *checker) burst(b *Burst, path string) {
	p := c.needsProvider(b.Provider, path)
	c.patterns(p, b.Events, path+".events")
	c.burstTexts(b, path)
	if b.To == "" && !c.isSet(path+".to") {
		c.needsTarget(path)
	}
}

// burstTexts checks the texts of a burst, except those that have references.
func (c *checker) burstTexts(b *Burst, path string) {
	var plan burst.Plan
	for _, part := range []struct {
		key  string
		only Burst
	}{{"rate", Burst{Rate: b.Rate}}, {"overload", Burst{Overload: b.Overload}}} {
		if err := part.only.read(&plan); err != nil && !expression.Holds(part.only.Rate+part.only.Overload) {
			c.add("", path+"."+part.key, "%v", err)
		}
	}
	for i, text := range b.Faults {
		if err := (&Burst{Faults: []string{text}}).read(&plan); err != nil && !expression.Holds(text) {
			c.add("", index(path+".faults", i), "%v", err)
		}
	}
	if b.Count == 0 && b.For == 0 && !c.isSet(path+".count") && !c.isSet(path+".for") && plan.Shape.Duration() == 0 && !expression.Holds(b.Rate) {
		c.add("", path, "a burst needs a limit: count, for, or a rate whose shape ends")
	}
}

// refersTo checks the id of an earlier step. verbs lists the verbs that the step may have; "" is
// any.
func (c *checker) refersTo(id, verbs string, path string) {
	if id == "" {
		return
	}
	s := c.earlier[id]
	if s == nil {
		c.add(didYouMean(id, keys(c.earlier)), path, "no step before this one has the id %q", id)
		return
	}
	if verbs != "" && !slices.Contains(strings.Split(verbs, ", "), s.Verb()) {
		c.add("", path, "step %s is %s: want one of %s", id, article(s.Verb()), verbs)
	}
}

func article(verb string) string {
	if verb == "" {
		return "no such step"
	}
	if strings.ContainsRune("aeiou", rune(verb[0])) {
		return "an " + verb
	}
	return "a " + verb
}

func (c *checker) positive(n int, path string) {
	if n < 0 || n == 0 && c.isSet(path) && isScalar(target(strictyaml.Find(c.s.root, path)), "!!int") {
		c.add("", path, "want a number from 1, got %d", n)
	}
	if n > maxTimes {
		c.add("use a burst for load", path, "%d is too many: at most %d", n, maxTimes)
	}
}

// maxTimes is the largest number of repetitions in a step. Scenarios check behaviour; use bursts
// for load.
const maxTimes = 10_000

func (c *checker) pointers(set Settings, path string) {
	for _, pointer := range keys(set) {
		if !strings.HasPrefix(pointer, "/") {
			c.add("/passId", path+"."+pointer, "%q is not a JSON pointer: it must begin with /", pointer)
		}
	}
}

// binOrTarget checks the name of a bin. It may be missing when the scenario has a target bin.
func (c *checker) binOrTarget(name string, path string) {
	if name == "" && c.s.Target.Bin == "" && !c.isSet(path) {
		c.add("name one of the scenario's bins", strings.TrimSuffix(path, ".bin"), "no bin is named, and the scenario has no target bin")
	}
	c.bin(name, path)
}

func (c *checker) call(call *Call, path string) {
	if (call.Body != "" || c.isSet(path+".body")) && (call.JSON != nil || c.isSet(path+".json")) {
		c.add("", path, "want one of body and json, got both")
	}
	if call.Method != "" && !methodForm.MatchString(call.Method) {
		c.add("POST", path+".method", "%q is not an HTTP method", call.Method)
	}
	if call.URL != "" && !urlForm.MatchString(call.URL) && !strings.Contains(call.URL, "${") {
		c.add("${target.origin}/path", path+".url", "%q is not an absolute URL", call.URL)
	}
}

var (
	methodForm = regexp.MustCompile(`^[A-Za-z]+$`)
	urlForm    = regexp.MustCompile(`^https?://[^/?#]`)
)

// saves checks that a step has something to save values of, and that their names are free.
func (c *checker) saves(s *Step, path string) {
	if len(s.Save) == 0 {
		return
	}
	switch verb := s.Verb(); verb {
	case "call", "journey", "deliver", "replay":
	case "expect":
		if !slices.ContainsFunc(s.Expect, func(e Expectation) bool { return e.Captures != nil }) {
			c.add("add expect: {captures: …}", path, "the step has neither a response nor captures to save values of")
		}
	default:
		c.add("", path, "%s step has no response to save values of", article(verb))
	}
	for _, name := range keys(s.Save) {
		c.name("saved value", name, path+"."+name)
		if slices.Contains(outputs(s.Verb()), name) {
			c.add("choose another name", path+"."+name, "${steps.%s.%s} exists without save", s.ID, name)
		}
	}
}

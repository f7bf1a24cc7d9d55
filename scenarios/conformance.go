package scenarios

import (
	"slices"
	"strings"
)

// Conformance makes a scenario a check of a consumer: `hookrig check` plays it and grades the
// result. Package exam does so in Go.
type Conformance struct {
	// Level says how much the check counts: must, should or info.
	Level Level `yaml:"level" json:"level" strict:"required,oneof=must|should|info"`
	// Theme groups the checks.
	Theme Theme `yaml:"theme" json:"theme" strict:"required,oneof=signature|body|time|duplicates|order|schema|transport|method|handshake|rotation|load|recovery|privacy"`
	// Title is what a correct consumer does, in one sentence without a full stop: "Refuses a
	// signature made with another secret".
	Title string `yaml:"title" json:"title" strict:"required"`
	// Why says what goes wrong in production when the check fails.
	Why string `yaml:"why" json:"why" strict:"required"`
	// Fix says in one sentence what to change in the consumer.
	Fix string `yaml:"fix" json:"fix" strict:"required"`
	// Sources are the documents that the rule comes from: addresses, or names.
	Sources []string `yaml:"sources" json:"sources" strict:"required"`
	// Hint is the name of a code example that belongs to the fix.
	Hint string `yaml:"hint" json:"hint,omitempty"`
	// Applies limits the check to some providers; without it, it applies to all.
	Applies Applies `yaml:"applies" json:"applies,omitzero"`
	// Needs lists what a run must give, without which the result is inconclusive: effect (a number
	// that counts what the consumer did), state (the state of one entity), restart (a command
	// that restarts the consumer), old_secret (a second secret that the consumer accepts),
	// verification (the consumer refuses a signature made with another secret; the check proves
	// nothing of one that takes any). With review, no request can show it, so it is never graded:
	// the fix says what to look for in the code.
	Needs []Need `yaml:"needs" json:"needs,omitempty" strict:"oneof=effect|state|restart|old_secret|verification|review"`
	// Effect is how often the consumer must act on the events of the check: none, once or
	// at_most_once on each event, however often it is delivered, or each: on every delivery that is
	// sent, and every event of a burst that gets a 2xx. It is compared with what one good delivery
	// changes, when the run can read it; unset is not compared.
	Effect Effects `yaml:"effect" json:"effect,omitempty" strict:"oneof=none|once|at_most_once|each"`
	// State are the ids of steps whose entities must end in the same state.
	State []string `yaml:"state" json:"state,omitempty"`
	// Assumes are facts that the check rests on: timeout, tolerance, duplicates, ordering, refusal.
	// It only warns where the provider's file assumes one, as fixtures.Assumption.About says, or
	// has timeout in the list unstated of its delivery.
	Assumes []string `yaml:"assumes" json:"assumes,omitempty" strict:"oneof=timeout|tolerance|duplicates|ordering|refusal"`
	// Gate lists the vendors that make this check when an endpoint is registered. It is made only
	// for the gate of one of them.
	Gate []Gate `yaml:"gate" json:"gate,omitempty" strict:"oneof=xero|discord|shopify"`
}

// Level says how much a check counts.
type Level string

// The levels, the highest first.
const (
	Must   Level = "must"
	Should Level = "should"
	Info   Level = "info"
)

// Theme is what a check is about.
type Theme string

// Need is something that a run must give for a check.
type Need string

// The values of Need.
const (
	NeedsEffect       Need = "effect"
	NeedsState        Need = "state"
	NeedsRestart      Need = "restart"
	NeedsOldSecret    Need = "old_secret"
	NeedsVerification Need = "verification"
	NeedsReview       Need = "review"
)

// Effects is how often a consumer must act on the events of a check.
type Effects string

// The values of Effects; the zero value is not compared.
const (
	NoEffect   Effects = "none"
	OneEffect  Effects = "once"
	OneAtMost  Effects = "at_most_once"
	EachEffect Effects = "each"
)

// Gate is a vendor that checks an endpoint when it is registered.
type Gate string

// Applies are conditions on the data of the provider. All that are set must be true.
type Applies struct {
	// Secret: the requests carry a signature, or the secret itself.
	Secret bool `yaml:"secret" json:"secret,omitempty"`
	// Signed: the requests carry a signature. A secret that is sent as it is, as a password, is
	// none.
	Signed bool `yaml:"signed" json:"signed,omitempty"`
	// Covers are the parts that the signature protects, all of them: body, id, ts, nonce, url,
	// subscription, fields, headers.
	Covers []string `yaml:"covers" json:"covers,omitempty"`
	// Timestamp: the signature has a timestamp, and the provider states a tolerance.
	Timestamp bool `yaml:"timestamp" json:"timestamp,omitempty"`
	// ID is where a request has the id of its event: header, body, or any of them.
	ID IDPlace `yaml:"id" json:"id,omitempty" strict:"oneof=header|body|any"`
	// JSON: the bodies are JSON.
	JSON bool `yaml:"json" json:"json,omitempty"`
	// Encoding of the signature.
	Encoding Encoding `yaml:"encoding" json:"encoding,omitempty" strict:"oneof=hex|base64"`
	// Label: there is a label before the signature, such as sha256= or v1=.
	Label bool `yaml:"label" json:"label,omitempty"`
	// Rotation: a request has a signature for each active secret.
	Rotation bool `yaml:"rotation" json:"rotation,omitempty"`
	// Handshake: the provider sends an event when an endpoint is registered.
	Handshake bool `yaml:"handshake" json:"handshake,omitempty"`
	// Journey is the smallest number of different events that one entity has.
	Journey int `yaml:"journey" json:"journey,omitempty"`
	// Dated: the bodies of these events say when they happened.
	Dated bool `yaml:"dated" json:"dated,omitempty"`
	// Batch: one request has several items, each with its signature.
	Batch bool `yaml:"batch" json:"batch,omitempty"`
	// Providers are the names of the only providers that the check is for.
	Providers []string `yaml:"providers" json:"providers,omitempty"`
}

// IDPlace is where a request has the id of its event.
type IDPlace string

// The values of IDPlace; the zero value is not checked.
const (
	IDInHeader IDPlace = "header"
	IDInBody   IDPlace = "body"
	IDAnywhere IDPlace = "any"
)

// Encoding is the text form of a signature.
type Encoding string

// The values of Encoding; the zero value is not checked.
const (
	HexEncoding    Encoding = "hex"
	Base64Encoding Encoding = "base64"
)

// ExamParams are the parameters that the exam sets, and what they are. A check declares those that
// it uses, each with a default, so that `hookrig run` plays it too.
func ExamParams() map[string]string {
	return map[string]string{
		"provider":    "the provider",
		"event":       "the event to deliver: the first of the provider's first journey, or --event",
		"other_event": "another event type of the provider",
		"journey":     "the name of the first journey with the most different events, up to three",
		"first":       "the first event of that journey",
		"second":      "the second event of that journey",
		"third":       "the third event of that journey; the second where there are only two",
		"time_limit":  "how long the provider waits for a response",
		"tolerance":   "how far a timestamp may be from now",
		"old_secret":  "the consumer's second secret, or an empty text",
		"handshake":   "the event that the provider sends when an endpoint is registered, or an empty text",
		"in_time":     "how far a timestamp may be from now, with ten seconds to spare",
	}
}

// conformance checks the key check.
func (c *checker) conformance() {
	k := c.s.Conformance
	if k == nil {
		return
	}
	for _, text := range []struct{ key, value string }{{"title", k.Title}, {"why", k.Why}, {"fix", k.Fix}} {
		if text.value == "" {
			c.add("", "check."+text.key, "want a sentence, found an empty text")
		}
	}
	if strings.HasSuffix(k.Title, ".") {
		c.add("", "check.title", "title %q: want no full stop at the end", k.Title)
	}
	if len(k.Sources) == 0 {
		c.add("", "check.sources", "want at least one source")
	}
	needsState := slices.Contains(k.Needs, NeedsState)
	if needsState != (len(k.State) > 0) {
		c.add("", "check", "needs: [state] and state belong together")
	}
	if slices.Contains(k.Needs, NeedsEffect) && k.Effect == "" {
		c.add("effect: once", "check.needs", "needs: [effect] without effect: there is nothing to compare")
	}
	if len(k.State) == 1 {
		c.add("state: [ordered, mixed]", "check.state", "want the ids of at least two steps")
	}
	for i, id := range k.State {
		c.stateStep(id, index("check.state", i))
	}
	for i, name := range k.Applies.Providers {
		c.provider(name, index("check.applies.providers", i))
	}
	known := ExamParams()
	for _, name := range keys(c.s.Params) {
		if _, ok := known[name]; !ok {
			c.add(didYouMean(name, keys(known)), "params."+name, "the exam sets no parameter %q", name)
		} else if c.s.Params[name].Default == nil {
			c.add("", "params."+name, "parameter %s of a check needs a default, so that hookrig run can play it", name)
		}
	}
}

// stateStep checks that a step renders the events of entities.
func (c *checker) stateStep(id, path string) {
	var ids []string
	for _, s := range c.s.all() {
		if s.ID == id && s.Verb() == "journey" {
			return
		}
		if s.Verb() == "journey" {
			ids = append(ids, s.ID)
		}
	}
	c.add(didYouMean(id, ids), path, "no journey step has the id %q", id)
}

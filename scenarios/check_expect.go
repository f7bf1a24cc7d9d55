package scenarios

import (
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/expression"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// expectation checks one expectation of a step.
func (c *checker) expectation(s *Step, e *Expectation, path string) {
	if e.Captures == nil && e.Never == nil && e.Deliveries == nil && e.Response == nil && len(e.Effects) == 0 && e.Burst == nil && !c.unknownKeys(path) {
		c.add("want captures, never, deliveries, response, effects or burst", path, "the expectation is empty")
	}
	if x := e.Captures; x != nil {
		at := path + ".captures"
		c.binOrTarget(x.Bin, at+".bin")
		c.since(s, x.Since, at+".since")
		if p := c.binProvider(x.Bin); p == "" && (x.Verified != "" || x.Schema != "" || x.Headers.Documented || x.Events.All()) && c.withoutProvider(x.Bin) {
			c.add("bins: {NAME: {provider: …}}", at, "verified, schema, headers: documented and events: all need a bin with a provider")
		} else if p != "" && !x.Events.All() {
			provider, err := c.catalogue.Provider(p)
			for i, name := range x.Events {
				if err == nil {
					c.event(provider, name, index(at+".events", i))
				}
			}
		}
	}
	if x := e.Never; x != nil {
		at := path + ".never"
		c.binOrTarget(x.Bin, at+".bin")
		c.since(s, x.Since, at+".since")
	}
	if x := e.Deliveries; x != nil {
		c.refersTo(x.Of, "subscribe, journey, deliver, replay", path+".deliveries.of")
	}
	if x := e.Response; x != nil {
		c.response(s, x, path+".response")
	}
	for _, name := range keys(e.Effects) {
		c.observation(name, e.Effects[name], path+".effects."+name)
	}
	if x := e.Burst; x != nil {
		if x.Of == "" && s.Burst == nil {
			c.add("add of: ID", path+".burst", "no burst step is named")
		}
		c.refersTo(x.Of, "burst", path+".burst.of")
		c.bin(x.Bin, path+".burst.bin")
		for i, text := range x.Thresholds {
			if _, err := burst.ParseThreshold(text); err != nil && !expression.Holds(text) {
				c.add("", index(path+".burst.thresholds", i), "%v", err)
			}
		}
	}
}

// response checks an expectation on responses.
func (c *checker) response(s *Step, x *Answer, path string) {
	const verbs = "subscribe, journey, deliver, replay, call"
	if x.Of == "" && !c.isSet(path+".of") && !slices.Contains(strings.Split(verbs, ", "), s.Verb()) {
		c.add("add of: ID", path, "the step gets no response: want one of %s", verbs)
	}
	c.refersTo(x.Of, verbs, path+".of")
	if len(x.Status) == 0 && len(x.Headers) == 0 && x.JQ == "" && x.Within == 0 && len(x.Hides) == 0 && !c.unknownKeys(path) {
		c.add("want status, headers, jq, within or hides", path, "the expectation is empty")
	}
	verb := s.Verb()
	if of := c.earlier[x.Of]; of != nil {
		verb = of.Verb()
	}
	if len(x.Hides) > 0 && verb == "call" {
		c.add("", path+".hides", "hides is for the responses to deliveries: a call has no secret and no event")
	}
	for _, name := range keys(x.Headers) {
		if _, err := wholeLine(x.Headers[name]); err != nil {
			c.add("", path+".headers."+name, "%v", err)
		}
	}
}

// since checks the id of an earlier step or of this step.
func (c *checker) since(s *Step, id string, path string) {
	if id != "" && id != s.ID {
		c.refersTo(id, "", path)
	}
}

func (c *checker) withoutProvider(bin string) bool {
	if bin == "" {
		bin = c.s.Target.Bin
	}
	_, ok := c.s.Bins[bin]
	return ok && !c.isSet("bins."+bin+".provider")
}

func (c *checker) binProvider(bin string) string {
	if bin == "" {
		bin = c.s.Target.Bin
	}
	return c.s.Bins[bin].Provider
}

func (c *checker) observation(name string, o Observation, path string) {
	if _, ok := c.s.Effects[name]; !ok {
		c.add(didYouMean(name, keys(c.s.Effects)), path, "unknown effect %q", name)
	}
	exactly := o.Exactly != nil || c.isSet(path+".exactly")
	delta := o.Delta != nil || c.isSet(path+".delta")
	if o.Eventually == nil && o.Never == nil && !exactly && !delta && !c.unknownKeys(path) {
		c.add("", path, "want eventually, exactly, delta or never")
	}
	if n := count(o.Eventually != nil, exactly, delta); n > 1 {
		c.add("", path, "want only one of eventually, exactly and delta")
	}
	for key, is := range map[string]*Is{"eventually": o.Eventually, "never": o.Never} {
		if is == nil {
			continue
		}
		hasEq, hasJQ := is.Eq != nil || c.isSet(path+"."+key+".eq"), is.JQ != "" || c.isSet(path+"."+key+".jq")
		if hasEq == hasJQ {
			c.add("", path+"."+key, "want exactly one of eq and jq")
		}
	}
}

// count returns how many of the values are true.
func count(values ...bool) (n int) {
	for _, v := range values {
		if v {
			n++
		}
	}
	return n
}

package matchers

import (
	"fmt"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
)

// BeEvent succeeds when a capture, message or delivery is an event of the provider with that name.
// The provider is the name of a built-in one, or a *fixtures.Provider. The name may be a matcher:
// BeEvent("neostore", HavePrefix("Pass:")).
func BeEvent(provider, name any) types.GomegaMatcher {
	of := nameOfProvider(provider)
	c := &condition{subject: "the event"}
	known, err := providerOf("BeEvent", provider)
	want, wrong := textWanted("BeEvent", name)
	switch {
	case err != nil:
		c.err = err
	case wrong != nil:
		c.err = wrong
	case want.matcher == nil:
		if _, err := known.Event(want.exact); err != nil {
			c.err = fmt.Errorf("BeEvent: %w", err)
		}
	}
	c.name = fmt.Sprintf("BeEvent(%q, %s)", of, want)
	c.to = fmt.Sprintf("%s of %s", want.to(), of)
	c.calls = want.matcher != nil
	c.check = func(actual any) (string, bool, error) {
		if d, ok := deliveryOf(actual); ok {
			if d.Provider != known.Name {
				return fmt.Sprintf("it is %q of %s", d.Event.Name, d.Provider), false, nil
			}
			found, matched := want.compare(d.Event.Name)
			return "it is " + found, matched, nil
		}
		capture, err := captureOf("BeEvent", actual)
		if err != nil {
			return "", false, err
		}
		event, ok := known.Recognise(capture.Message)
		if !ok {
			return "it is " + unknownEvent(known, capture.Message), false, nil
		}
		found, matched := want.compare(event.Name)
		return "it is " + found, matched, nil
	}
	return c
}

// unknownEvent describes a message that is no event of the provider.
func unknownEvent(known *fixtures.Provider, m mockserver.Message) string {
	text := "no event of " + known.Name + " that could be recognised"
	if sender := fixtures.Builtin().Sender(m); sender != nil && sender.Name != known.Name {
		text += ": it looks like one of " + sender.Name
	}
	return text
}

package consumers_test

import (
	"testing"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

func TestRightConsumer(t *testing.T) {
	t.Parallel()
	for _, provider := range consumers.Providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			l := linked(t, consumers.Options{Provider: provider, Secrets: []string{secret}})
			for _, c := range []struct {
				fault, want string
				effects     int
			}{
				{"", "204", 1},
				{"signature:wrong_secret", "401", 1},
				{"duplicate:3", "204 204 204", 2},
				{"parallel:5", "204 204 204 204 204", 3},
			} {
				var faults []string
				if c.fault != "" {
					faults = append(faults, c.fault)
				}
				if got := l.emit(faults...); got != c.want {
					t.Errorf("%s: status %s, want %s", c.fault, got, c.want)
				}
				if got := l.effects(); got != c.effects {
					t.Errorf("%s: %d effects, want %d", c.fault, got, c.effects)
				}
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]consumers.Options{
		`unknown provider "stripes": want one of ethpass, github, neostore, stripe, subscribfy`: {Provider: "stripes", Secrets: []string{"S"}},
		`a secret is missing or empty: anybody could sign with an empty secret`:                 {Provider: "stripe", Secrets: []string{"S", ""}},
		`unknown mistake "nap": --mistakes lists all`:                                           {Provider: "stripe", Secrets: []string{"S"}, Mistake: "nap"},
		`mistake ignores-timestamp is not possible with github: it needs one of stripe`:         {Provider: "github", Secrets: []string{"S"}, Mistake: "ignores-timestamp"},
	} {
		if _, err := consumers.New(o); err == nil || err.Error() != want {
			t.Errorf("%+v: error %v, want %s", o, err, want)
		}
	}
}

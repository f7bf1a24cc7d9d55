package consumers_test

import (
	"testing"
	"time"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// What the consumers of others do. The receivers with a flaw differ from the right one.
func TestConsumersOfOthers(t *testing.T) {
	t.Parallel()
	// The rule of webhook fails, and answers 500, at each signature but a missing one.
	rows := map[string]map[string]struct {
		do   stimulus
		want string
	}{
		"webhook": {
			"a good delivery": {sent(), "200 1"},
			"no signature":    {sent("signature:missing"), "401 0"},
			"an empty one":    {sent("signature:empty"), "500 0"},
			"a wrong secret":  {sent("signature:wrong_secret"), "500 0"},
			"half of one":     {sent("signature:truncated"), "500 0"},
			"a duplicate":     {retried, "200 200 2"},
			"no JSON":         {sent("body:malformed"), "200 1"},
			"compressed":      {sent("transport:gzip"), "500 0"},
			"GET":             {sent("method:GET"), "405 0"},
		},
		"right": {
			"a good delivery": {sent(), "204 1"},
			"a wrong secret":  {sent("signature:wrong_secret"), "400 0"},
			"a retry":         {retried, "204 204 1"},
			"two copies":      {sent("parallel:2"), "204 204 1"},
			"the wrong order": {refundFirst, "204"},
			"another form":    {otherForm, "400 1"},
			"an old one":      {sent("timestamp:stale"), "400 0"},
			"in chunks":       {sent("transport:chunked"), "204 1"},
			"HEAD":            {sent("method:HEAD"), "405 0"},
		},
		"acknowledge-before-commit":        {"a good delivery": {sent(), "204 0"}},
		"check-then-insert-race":           {"two copies": {sent("parallel:2"), "204 204 2"}},
		"crash-after-effect-before-ack":    {"a retry": {retried, "500 204 2"}},
		"no-idempotency-record":            {"a retry": {retried, "204 204 2"}},
		"order-assuming":                   {"the wrong order": {refundFirst, "409"}},
		"sensitive-logging":                {"a good delivery": {sent(), "204 1"}}, // which only its log shows
		"side-effect-before-deduplication": {"a retry": {retried, "500 204 2"}},
		"signature-after-parse":            {"another form": {otherForm, "204 1"}},
		"stale-signature-accepting":        {"an old one": {sent("timestamp:stale"), "204 1"}},
	}
	for _, o := range consumers.Outsiders() {
		if len(rows[o.Name]) == 0 {
			t.Errorf("%s has no row", o.Name)
		}
		for name, row := range rows[o.Name] {
			t.Run(o.Name+" "+name, func(t *testing.T) {
				t.Parallel()
				needs(t, o.Runtime)
				l := &link{t: t, outside: &o, limit: 20 * time.Second}
				l.options.Provider = o.Provider
				if got := row.do(l.start()); got != row.want {
					t.Errorf("got %s, want %s", got, row.want)
				}
			})
		}
	}
}

package sender_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// ids returns the ids of the checks with a result.
func ids(r exam.Report, of ...exam.Verdict) []string {
	var list []string
	for _, c := range r.Checks {
		if slices.Contains(of, c.Result) {
			list = append(list, c.ID)
		}
	}
	slices.Sort(list)
	return list
}

// Each wrong sender fails the checks of its mistake, and no other.
func TestWrongSenders(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	own := *p // its policy is stated, so that nothing only warns
	own.Delivery.Unstated = nil
	for name, row := range map[string]struct {
		habits habits
		want   string
	}{
		"right":                      {habits{}, ""},
		"a new id for each attempt":  {habits{newID: true}, "event-id-stable"},
		"one id for two events":      {habits{sharedID: true}, "event-id-unique"},
		"the timestamp of the first": {habits{oldStamp: true}, "signature-renewed"},
		"a clock that is wrong":      {habits{staleStamp: true}, "signature-fresh"},
		"a bad signature":            {habits{badSignature: true}, "signature-valid"},
		"a bad signature on a retry": {habits{badRetrySignature: true}, "signature-valid"},
		"another body on a retry":    {habits{newBody: true}, "event-body-same"},
		"no retries":                 {habits{noRetry: true}, "redirect retry-429 retry-4xx retry-5xx retry-reset retry-timeout"},
		"retries of 5xx only":        {habits{only5xx: true}, "redirect retry-429 retry-4xx"},
		"no retry after a reset":     {habits{noRetryAfterReset: true}, "retry-reset"},
		"no retry after a timeout":   {habits{noRetryAfterTimeout: true}, "retry-timeout"},
		"retries after 410":          {habits{keepsGoing: true}, "stop-failure"},
		"other events after 410":     {habits{ignoresGone: true}, "stop-endpoint"},
		"Retry-After is not read":    {habits{ignoresRetryAfter: true}, "retry-after"},
		"retries that are too fast":  {habits{hurries: true}, "retry-schedule"},
		"retries that are too slow":  {habits{dawdles: true}, "retry-schedule"},
		"redirects are followed":     {habits{follows: true}, "redirect"},
		"a repetition after 200":     {habits{repeatsSuccess: true}, "stop-success"},
		"a short time limit":         {habits{impatient: 3 * time.Second}, "timeout"},
		"a long time limit":          {habits{patient: 6 * time.Hour}, "timeout"},
		"no timestamp":               {habits{noTimestamp: true}, "header-required"},
		"no User-Agent":              {habits{noUserAgent: true}, "header-user-agent"},
		"PUT":                        {habits{get: true}, "http-method"},
		"a body that is not JSON":    {habits{brokenJSON: true}, "body-valid"},
		"a body that is large":       {habits{large: true}, "body-size"},
		"a body of unknown length":   {habits{chunked: true}, "http-length"},
		"the secret in the URL":      {habits{secretInURL: true}, "secret-kept"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := simulate(t, &own, row.habits)
				if got := strings.Join(ids(r, exam.Fail), " "); got != row.want {
					for _, c := range r.Checks {
						if c.Result == exam.Fail || c.Result == exam.Inconclusive {
							t.Logf("%s %s: %s", c.Result, c.ID, c.Why)
						}
					}
					t.Errorf("fails %q, want %q", got, row.want)
				}
				if row.want == "" {
					if got := ids(r, exam.Inconclusive, exam.Warn); len(got) > 0 {
						t.Errorf("a right sender: inconclusive or warned %v", got)
					}
				}
			})
		})
	}
}

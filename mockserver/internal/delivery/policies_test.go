package delivery

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// likePolicy returns a vendor's retry profile without jitter, as "NAME" or "NAME in ENVIRONMENT".
func likePolicy(t testing.TB, name string) fixtures.Retry {
	t.Helper()
	_, retry, err := knownProvider(t, "neostore").RulesFor("like " + name)
	if err != nil {
		t.Fatal(err)
	}
	retry.Jitter = 0
	return retry
}

// dueTimes returns when each attempt is due after the first, when all fail in the same way.
func dueTimes(r fixtures.Retry, event string, failure fixtures.Failure) (due []time.Duration) {
	since := time.Duration(0)
	for n := 1; n < 1000; n++ {
		next := Next(r.For(event, failure), Failed{N: n, Failure: failure, Since: since}, nil)
		if !next.Again {
			break
		}
		since += next.Wait
		due = append(due, since)
	}
	return due
}

// Every documented policy makes its attempts when its documents say, or what is assumed.
func TestVendorSchedules(t *testing.T) {
	t.Parallel()
	refused := fixtures.Failure{Kind: fixtures.FailedConnect}
	error500 := fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}
	type row struct {
		event   string
		failure fixtures.Failure
		want    string // the first due times, as durations
		count   int    // all retries
		last    string // when the last is due
	}
	rows := map[string]row{
		"standard-webhooks":    {want: "5s 5m5s 35m5s", count: 9, last: "75h35m5s"},
		"svix":                 {want: "5s 5m5s 35m5s 2h35m5s", count: 7, last: "27h35m5s"},
		"outpost":              {want: "30s 1m30s 3m30s", count: 10, last: "8h31m30s"},
		"stripe":               {want: "5m 15m 35m", count: 12, last: "69h15m"},
		"stripe in sandbox":    {want: "10m 1h10m", count: 3, last: "4h10m"},
		"github":               {},
		"shopify":              {want: "56s 2m48s", count: 8, last: "3h58m"},
		"slack":                {want: "0s 1m", count: 3, last: "6m"},
		"square":               {want: "1m 3m", count: 10, last: "17h3m"},
		"paypal":               {want: "1m50s 4m13s", count: 25},
		"mailgun":              {want: "5m 15m 30m", count: 6, last: "7h30m"},
		"adyen":                {want: "9s 27s 54s 2m54s", count: 12 + 87, last: "712h2m54s"},
		"adyen-classic":        {want: "9s 27s 54s 2m54s", count: 12 + 87, last: "712h2m54s"},
		"zendesk":              {failure: fixtures.Failure{Kind: fixtures.FailedTimeout}, want: "10s", count: 3, last: "30s"},
		"linear":               {want: "1m 1h1m", count: 3, last: "7h1m"},
		"discord":              {want: "5s 15s", count: 6, last: "5m15s"},
		"twilio":               {failure: refused, want: "0s", count: 1, last: "0s"},
		"postmark":             {want: "1m 6m 16m", count: 10, last: "10h21m"},
		"podium":               {want: "10s 26.5s", count: 15},
		"dialpad":              {want: "100ms 300ms", count: 4, last: "1.5s"},
		"strike":               {want: "3s 12s 39s", count: 12, last: "221h26m0s"},
		"brevo":                {want: "10m 1h10m", count: 4, last: "11h10m"},
		"wix":                  {want: "1m 11m", count: 12, last: "47h11m"},
		"circle":               {want: "1s 11s 41s", count: 11, last: "36h16m41s"},
		"circle in sandbox":    {want: "1s 11s 41s", count: 6, last: "1h16m41s"},
		"razorpay":             {want: "1m 3m", count: 10, last: "17h3m"},
		"paymongo":             {want: "2s 6s", count: 12, last: "136m30s"},
		"alloy":                {want: "1s 1m1s 10m1s", count: 9, last: "24h0m1s"},
		"tickettailor":         {want: "1s 16s 1m21s 4m16s", count: 22, last: "65h4m16s"},
		"encompass":            {want: "20s", count: 2, last: "40s"},
		"encompass in backoff": {want: "20s 1m", count: 10, last: "5h41m"},
		"recurly":              {want: "10s 1m24s", count: 10, last: "72h51m48s"},
		"paddle":               {want: "1m 2m6.6s", count: 59},
		"paddle in sandbox":    {want: "5m", count: 2, last: "15m"},
		"hubspot":              {want: "1m24s 4m12s", count: 10, last: "23h52m12s"},
		"zoom":                 {want: "5m 25m", count: 3, last: "1h25m"},
		"intercom":             {want: "1m", count: 1, last: "1m"},
		"calendly":             {want: "1m 3m", count: 10, last: "17h3m"},
		"woocommerce":          {},
		"jira":                 {want: "10m 20m", count: 5, last: "50m"},
		"gitlab":               {},
	}
	for _, p := range fixtures.VendorPolicies() {
		if _, tested := rows[p.Name]; !tested {
			t.Errorf("%s has no row", p.Name)
		}
	}
	for name, r := range map[string]row{
		"dialpad/call": {event: "call.hangup", want: "2s 6s 14s", count: 3, last: "14s"},
		"dialpad/sms":  {event: "sms.sent", want: "30s 1m30s", count: 10, last: "4h3m30s"},
		"dialpad/cut":  {event: "sms.sent", failure: refused, want: "1s 2s", count: 2, last: "2s"},
		"dialpad/429":  {event: "sms.sent", failure: fixtures.Failure{Kind: fixtures.FailedStatus, Status: 429}},
		"twilio/500":   {},
	} {
		rows[name] = r
	}
	for name, r := range rows {
		policy, _, _ := strings.Cut(name, "/")
		if r.failure == (fixtures.Failure{}) {
			r.failure = error500
		}
		due := dueTimes(likePolicy(t, policy), r.event, r.failure)
		var first []string
		for i := range strings.Fields(r.want) {
			if i < len(due) {
				first = append(first, due[i].String())
			}
		}
		var want []string
		for text := range strings.FieldsSeq(r.want) {
			want = append(want, span(t, text).String())
		}
		if len(due) != r.count || !slices.Equal(first, want) || r.last != "" && due[len(due)-1].Truncate(time.Millisecond) != span(t, r.last) {
			t.Errorf("%s: %d retries, due %v; want %d, %s … %s", name, len(due), due, r.count, r.want, r.last)
		}
	}
}

func span(t testing.TB, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// With jitter every wait stays within the policy's bounds.
func TestVendorJitter(t *testing.T) {
	t.Parallel()
	for _, p := range fixtures.VendorPolicies() {
		if p.Retry.Jitter == 0 {
			continue
		}
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(1, 5).Draw(t, "attempt")
			seed := rapid.Uint64().Draw(t, "seed")
			f := Failed{N: n, Failure: fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}}
			got := Next(&p.Retry, f, rand.New(rand.NewPCG(seed, 1))).Wait
			middle, j := float64(p.Retry.Waits().Of(n)), float64(p.Retry.Jitter)
			if float64(got) < middle*(1-j)-1 || float64(got) > middle*(1+j)+1 {
				t.Fatalf("%s waits %v around %v", p.Name, got, time.Duration(middle))
			}
		})
	}
	full := fixtures.Retry{Base: time.Hour, Attempts: 2, Jitter: fixtures.FullJitter}
	rng := rand.New(rand.NewPCG(1, 1))
	least, most := time.Hour, time.Duration(0)
	for range 200 {
		w := Next(&full, failed(1, 500), rng).Wait
		least, most = min(least, w), max(most, w)
	}
	if least < 0 || least > 5*time.Minute || most > time.Hour || most < 55*time.Minute {
		t.Errorf("full jitter waits %v to %v", least, most)
	}
}

// What a response says, beside that it failed.
func TestNextHeedsTheResponse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		policy  string
		failure fixtures.Failure
		header  string
		want    Decision
	}{
		"Retry-After below the clamp":  {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: 1", Decision{Again: true, Wait: 5 * time.Second}},
		"Retry-After within the clamp": {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: 7", Decision{Again: true, Wait: 7 * time.Second}},
		"Retry-After above the clamp":  {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "retry-after: 7200", Decision{Again: true, Wait: 10 * time.Second}},
		"Retry-After as a date":        {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: Thu, 15 Jan 2026 09:00:08 GMT", Decision{Again: true, Wait: 8 * time.Second}},
		"a date in the past":           {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: Thu, 15 Jan 2026 08:00:08 GMT", Decision{Again: true, Wait: 5 * time.Second}},
		"no time":                      {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: soon", Decision{Again: true, Wait: 5 * time.Second}},
		"honoured":                     {"standard-webhooks", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: 7200", Decision{Again: true, Wait: 2 * time.Hour}},
		"never ending":                 {"standard-webhooks", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: 9223372036854775807", Decision{Again: true, Wait: 100 * 365 * 24 * time.Hour}},
		"ignored":                      {"stripe", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "Retry-After: 7200", Decision{Again: true, Wait: 5 * time.Minute}},
		"a minute after 429":           {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 429}, "", Decision{Again: true, Wait: time.Minute}},
		"a minute after a timeout":     {"svix", fixtures.Failure{Kind: fixtures.FailedTimeout}, "", Decision{Again: true, Wait: time.Minute}},
		"410 of Strike":                {"strike", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 410}, "", Decision{Stopped: true}},
		"501 of Strike":                {"strike", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 501}, "", Decision{Stopped: true}},
		"410 of Svix goes on":          {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 410}, "", Decision{Again: true, Wait: 5 * time.Second}},
		"406 of Mailgun":               {"mailgun", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 406}, "", Decision{Stopped: true}},
		"403 of Postmark":              {"postmark", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 403}, "", Decision{Stopped: true}},
		"400 of Brevo":                 {"brevo", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 400}, "", Decision{Stopped: true}},
		"429 of Brevo":                 {"brevo", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 429}, "", Decision{Again: true, Wait: 10 * time.Minute}},
		"TLS of Ticket Tailor":         {"tickettailor", fixtures.Failure{Kind: fixtures.FailedTLS}, "", Decision{Stopped: true}},
		"503 of Jira":                  {"jira", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}, "", Decision{Again: true, Wait: 10 * time.Minute}},
		"404 of Jira":                  {"jira", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 404}, "", Decision{Stopped: true}},
		"X-Slack-No-Retry":             {"slack", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}, "x-slack-no-retry: 1", Decision{Stopped: true, Why: "the response has X-Slack-No-Retry: 1"}},
		"X-Slack-No-Retry: 0":          {"slack", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}, "X-Slack-No-Retry: 0", Decision{Again: true}},
		"abort-message":                {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}, "webhook-delivery: Abort-Message", Decision{Stopped: true, Why: "the response has webhook-delivery: Abort-Message"}},
		"disable":                      {"svix", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}, "webhook-delivery: disable", Decision{Stopped: true, Disable: true, Why: "the response has webhook-delivery: disable"}},
	} {
		retry := likePolicy(t, c.policy)
		f := Failed{N: 1, Failure: c.failure, Now: now}
		if name, value, ok := strings.Cut(c.header, ": "); ok {
			f.Headers = signature.Headers{{Name: name, Value: value}}
		}
		if got := Next(&retry, f, nil); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

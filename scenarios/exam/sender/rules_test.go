package sender_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// request is one request of a sender, in a row.
type request struct {
	at     float64 // seconds after the first
	id     string
	body   string // "" is one with the id
	answer string // a status, hang or reset; with header lines behind it
	lines  string // of the request, beyond the id: name: value
	waited float64
}

// captures returns the captures of requests.
func captures(t testing.TB, p *fixtures.Provider, list ...request) []mockserver.Capture {
	t.Helper()
	start := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	var out []mockserver.Capture
	for i, r := range list {
		m := signature.Message{Method: "POST", Target: "/inbox", Version: "HTTP/1.1", Body: []byte(r.body)}
		if r.body == "" {
			m.Body = fmt.Appendf(nil, `{"id":%q}`, r.id)
		}
		for line := range strings.SplitSeq(r.lines, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				m.Headers = append(m.Headers, signature.Header{Name: name, Value: value})
			}
		}
		at := start.Add(seconds(r.at))
		if err := p.Signing.Sign(&m, signature.Context{ID: r.id, Time: at}, secret); err != nil {
			t.Fatal(err)
		}
		response := mockserver.Response{}
		answer, line, _ := strings.Cut(r.answer, " ")
		switch answer {
		case "hang":
			response.Hang, response.Delay = true, mockserver.Duration(seconds(r.waited))
		case "reset":
			response.Reset = true
		default:
			if _, err := fmt.Sscan(answer, &response.Status); err != nil {
				t.Fatal(err)
			}
		}
		if name, value, ok := strings.Cut(line, ": "); ok {
			response.Headers = map[string]string{name: value}
		}
		out = append(out, mockserver.Capture{Message: m, Seq: uint64(i + 1), ID: fmt.Sprintf("c%d", i+1), At: at, Response: &response})
	}
	return out
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// What a check finds, by policy.
func TestRules(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		provider string // "" is standard-webhooks
		retry    string
		change   func(*fixtures.Provider)
		requests []request
		now      float64 // seconds after the first request; 0 is a day
		began    float64 // when the server started, likewise; 0 is before
		evicted  bool
		check    string
		want     exam.Verdict
		why      string // a part of it
	}{
		"the next event before the one before is delivered": {
			retry: "like podium", check: "order", want: exam.Fail, why: "it came 5s after an attempt of a",
			requests: []request{{0, "a", "", "500", "", 0}, {5, "b", "", "200", "", 0}, {10, "a", "", "200", "", 0}},
		},
		"the next event after the one before": {
			retry: "like podium", check: "order", want: exam.Pass,
			requests: []request{{0, "a", "", "500", "", 0}, {10, "a", "", "200", "", 0}, {11, "b", "", "200", "", 0}},
		},
		"no order": {
			check: "order", want: exam.NotApplicable, why: "promises no order",
			requests: []request{{0, "a", "", "200", "", 0}},
		},
		"the number of the retry": {
			retry: "like slack", check: "header-attempt", want: exam.Pass,
			requests: []request{{0, "a", "", "500", "", 0}, {0.1, "a", "", "200", "x-slack-retry-num: 1\nx-slack-retry-reason: http_error", 0}},
		},
		"a wrong number of the retry": {
			retry: "like slack", check: "header-attempt", want: exam.Fail, why: "x-slack-retry-num: 2; documented: 1",
			requests: []request{{0, "a", "", "500", "", 0}, {0.1, "a", "", "200", "x-slack-retry-num: 2\nx-slack-retry-reason: http_error", 0}},
		},
		"no reason of the retry": {
			retry: "like slack", check: "header-attempt", want: exam.Fail, why: "x-slack-retry-reason: nothing; documented: http_timeout",
			requests: []request{{0, "a", "", "hang", "", 3}, {3.1, "a", "", "200", "x-slack-retry-num: 1", 0}},
		},
		"the header line that stops": {
			retry: "like slack", check: "stop-failure", want: exam.Fail, why: "the response has X-Slack-No-Retry: 1",
			requests: []request{{0, "a", "", "500 X-Slack-No-Retry: 1", "", 0}, {0.1, "a", "", "200", "", 0}},
		},
		"an id in the body that changes": {
			provider: "stripe", check: "event-id-stable", want: exam.Fail, why: "evt_1: the same body came again with other ids: evt_2",
			requests: []request{{0, "", `{"id":"evt_1","object":"event","n":1}`, "500", "", 0}, {600, "", `{"id":"evt_2","object":"event","n":1}`, "200", "", 0}},
		},
		"two events with equal bodies": {
			check: "event-id-stable", want: exam.Pass,
			requests: []request{{0, "a", "{}", "200", "", 0}, {1, "b", "{}", "500", "", 0}, {6, "b", "{}", "200", "", 0}},
		},
		"two events with equal bodies, one without its retry": {
			check: "retry-5xx", want: exam.Fail, why: "b: no attempt followed 500",
			requests: []request{{0, "a", "{}", "200", "", 0}, {1, "b", "{}", "500", "", 0}, {9, "c", "{}", "200", "", 0}},
		},
		"a new signature where the first is to be repeated": {
			change: func(p *fixtures.Provider) {
				p.Delivery.Profiles = profile(p, fixtures.Retry{Schedule: []time.Duration{5 * time.Second}, Resign: "never"})
			},
			check: "signature-renewed", want: exam.Fail, why: "attempt 2 has another webhook-timestamp",
			requests: []request{{0, "a", "", "500", "", 0}, {5, "a", "", "200", "", 0}},
		},
		"the latest body": {
			change: func(p *fixtures.Provider) {
				p.Delivery.Profiles = profile(p, fixtures.Retry{Schedule: []time.Duration{5 * time.Second}, Payload: "refreshed"})
			},
			check: "event-body-same", want: exam.NotApplicable, why: "a retry has the latest body",
			requests: []request{{0, "a", "{}", "500", "", 0}, {5, "a", "[]", "200", "", 0}},
		},
		"a retry that is not due yet": {
			check: "retry-5xx", want: exam.Inconclusive, why: "is due 5.5s after 500, and 6s have passed", now: 6,
			requests: []request{{0, "a", "", "500", "", 0}},
		},
		"a retry that is due": {
			check: "retry-5xx", want: exam.Fail, why: "no attempt followed 500 within 10s; it was due after 4.5s to 5.5s", now: 10,
			requests: []request{{0, "a", "", "500", "", 0}},
		},
		"a sender that still waits": {
			check: "retry-timeout", want: exam.Inconclusive, why: "may still wait", now: 31,
			requests: []request{{0, "a", "", "hang", "", 0}},
		},
		"a sender that may still give up": {
			check: "timeout", want: exam.Inconclusive, why: "may still wait", now: 31,
			requests: []request{{0, "a", "", "hang", "", 0}},
		},
		"a sender that never gives up": {
			check: "timeout", want: exam.Fail, why: "attempt 1 still waits for a response after 24h0m0s; documented: 15s, and at most 32s pass",
			requests: []request{{0, "a", "", "hang", "", 0}},
		},
		"a sender that never gives up, and does not try again": {
			check: "retry-timeout", want: exam.Fail, why: "the sender still waits for a response after 24h0m0s; documented: 15s",
			requests: []request{{0, "a", "", "hang", "", 0}},
		},
		"a sender that gives up after hours": {
			check: "timeout", want: exam.Fail, why: "attempt 1 was given up only after 6h0m0s; documented: 15s",
			requests: []request{{0, "a", "", "hang", "", 6 * 3600}},
		},
		"a sender that waits twice as long": {
			check: "timeout", want: exam.Pass,
			requests: []request{{0, "a", "", "hang", "", 31}},
		},
		"a connection that stays open": {
			check: "timeout", want: exam.Inconclusive, why: "the sender tried again and left the connection open",
			requests: []request{{0, "a", "", "hang", "", 0}, {20, "a", "", "200", "", 0}},
		},
		"a server that ended meanwhile": {
			check: "timeout", want: exam.Inconclusive, why: "the server ended while", began: 10,
			requests: []request{{0, "a", "", "hang", "", 0}, {20, "b", "[]", "200", "", 0}},
		},
		"a retry after a server that ended": {
			check: "retry-timeout", want: exam.Inconclusive, why: "the server ended while", began: 10,
			requests: []request{{0, "a", "", "hang", "", 0}, {20, "b", "[]", "200", "", 0}},
		},
		"the second wait, after an eviction": {
			check: "retry-schedule", want: exam.Inconclusive, why: "the first attempts may be gone", evicted: true,
			requests: []request{{0, "a", "", "500", "", 0}, {300, "a", "", "200", "", 0}},
		},
		"the last attempt, after an eviction": {
			check: "retry-5xx", want: exam.Inconclusive, why: "use another bin", evicted: true, now: 1e6,
			requests: []request{{0, "a", "", "500", "", 0}},
		},
		"an attempt after the last, after an eviction": {
			retry: "like strike", check: "stop-failure", want: exam.Inconclusive, why: "may be gone", evicted: true,
			requests: []request{{0, "a", "", "501", "", 0}, {3, "a", "", "200", "", 0}},
		},
		"Retry-After, after an eviction": {
			check: "retry-after", want: exam.Inconclusive, why: "may be gone", evicted: true,
			requests: []request{{0, "a", "", "503 Retry-After: 60", "", 0}, {5, "a", "", "200", "", 0}},
		},
		"a redirect, after an eviction": {
			check: "redirect", want: exam.Inconclusive, why: "may be gone", evicted: true,
			requests: []request{{0, "a", "", "302", "", 0}},
		},
		"the number of the retry, after an eviction": {
			retry: "like slack", check: "header-attempt", want: exam.Inconclusive, why: "may be gone", evicted: true,
			requests: []request{{0, "a", "", "500", "", 0}, {0.1, "a", "", "200", "x-slack-retry-num: 2\nx-slack-retry-reason: http_error", 0}},
		},
		"the order, after an eviction": {
			retry: "like podium", check: "order", want: exam.Inconclusive, why: "may be gone", evicted: true,
			requests: []request{{0, "a", "", "500", "", 0}, {5, "b", "", "200", "", 0}, {10, "a", "", "200", "", 0}},
		},
		"a delivery that began later than an eviction": {
			change: func(p *fixtures.Provider) {
				p.Delivery.Profiles = profile(p, fixtures.Retry{Schedule: []time.Duration{5 * time.Second}})
				p.Delivery.Unstated = nil
			},
			check: "retry-5xx", want: exam.Fail, why: "b: no attempt followed 500", evicted: true,
			requests: []request{{0, "a", "", "500", "", 0}, {60, "b", "[]", "500", "", 0}},
		},
		"an endpoint that gone failures may have disabled": {
			change: func(p *fixtures.Provider) {
				p.Delivery.Profiles = profile(p, fixtures.Retry{Schedule: []time.Duration{5 * time.Second}})
				p.Delivery.Disable = []fixtures.Disable{{Consecutive: 5}}
			},
			check: "retry-5xx", want: exam.Inconclusive, why: "older captures", evicted: true,
			requests: []request{{0, "a", "", "500", "", 0}, {60, "b", "[]", "500", "", 0}},
		},
		"the timestamp of a first attempt that is gone": {
			change: func(p *fixtures.Provider) {
				p.Delivery.Profiles = profile(p, fixtures.Retry{Schedule: []time.Duration{time.Hour}, Resign: "never"})
			},
			check: "signature-fresh", want: exam.Inconclusive, why: "may be gone", evicted: true,
			requests: []request{{0, "a", "", "200", "", 0}},
		},
		"a sender that waits long enough": {
			check: "timeout", want: exam.Pass,
			requests: []request{{0, "a", "", "hang", "", 14.5}},
		},
		"a sender that gives up early": {
			check: "timeout", want: exam.Fail, why: "attempt 1 was given up after 13s; documented: 15s",
			requests: []request{{0, "a", "", "hang", "", 13.4}},
		},
		"the wait after a timeout counts from its end": {
			check: "retry-schedule", want: exam.Pass,
			requests: []request{{0, "a", "", "hang", "", 20}, {25, "a", "", "200", "", 0}},
		},
		"Retry-After of the schedule's wait": {
			check: "retry-after", want: exam.Inconclusive, why: "asks for the wait that the schedule has anyway (4.5s to 5.5s)",
			requests: []request{{0, "a", "", "503 Retry-After: 5", "", 0}, {5, "a", "", "200", "", 0}},
		},
		"Retry-After as a date": {
			check: "retry-after", want: exam.Fail, why: "attempt 2 came 5s after attempt 1 (503): too early",
			requests: []request{{0, "a", "", "503 Retry-After: Thu, 15 Jan 2026 09:00:30 GMT", "", 0}, {5, "a", "", "200", "", 0}},
		},
		"Retry-After above the clamp": {
			retry: "like svix", check: "retry-after", want: exam.Pass,
			requests: []request{{0, "a", "", "503 Retry-After: 60", "", 0}, {10, "a", "", "200", "", 0}},
		},
		"Retry-After that no policy mentions": {
			retry: "like strike", check: "retry-after", want: exam.NotApplicable, why: "does not mention Retry-After",
			requests: []request{{0, "a", "", "503 Retry-After: 60", "", 0}},
		},
		"an endpoint that the policy may have disabled": {
			change: func(p *fixtures.Provider) { p.Delivery.Disable = []fixtures.Disable{{Consecutive: 2}} },
			check:  "retry-5xx", want: exam.Inconclusive, why: "2 attempts in a row had failed",
			requests: []request{{0, "a", "", "429", "", 0}, {1, "b", "", "500", "", 0}},
		},
		"a failure that the policy does not retry": {
			retry: "like dialpad", check: "retry-4xx", want: exam.NotApplicable, why: "it ends the delivery",
			requests: []request{{0, "a", "", "400", "", 0}},
		},
		"a retry of it": {
			retry: "like strike", check: "stop-failure", want: exam.Fail, why: "attempt 2 came 3s after attempt 1; by the policy, 501 ends the delivery",
			requests: []request{{0, "a", "", "501", "", 0}, {3, "a", "", "200", "", 0}},
		},
		"more attempts than the policy has": {
			change: func(p *fixtures.Provider) {
				p.Delivery.Profiles = profile(p, fixtures.Retry{Schedule: []time.Duration{time.Second}})
			},
			check: "stop-failure", want: exam.Warn, why: "attempt 3 came 1s after attempt 2; by the policy, attempt 2 is the last\nno document states this rule",
			requests: []request{{0, "a", "", "500", "", 0}, {1, "a", "", "500", "", 0}, {2, "a", "", "200", "", 0}},
		},
		"what no document states only warns": {
			check: "retry-schedule", want: exam.Warn, why: "the policy of Standard Webhooks does not state its waits",
			requests: []request{{0, "a", "", "500", "", 0}, {60, "a", "", "200", "", 0}},
		},
		"a signature that an option of the provider describes": {
			provider: "neostore", change: func(p *fixtures.Provider) {
				p.Signing.Signatures = slices.Clone(p.Signing.Signatures)
				p.Signing.Signatures[0].Encode = "base64"
			},
			check: "signature-valid", want: exam.Warn, why: "they are valid with --option neostore.encoding=base64",
			requests: []request{{0, "", `{"__id":"a"}`, "200", "", 0}},
		},
		"a signature that no option describes": {
			provider: "neostore", change: func(p *fixtures.Provider) {
				p.Signing.Signatures = slices.Clone(p.Signing.Signatures)
				p.Signing.Signatures[0].Alg = "hmac-sha512"
			},
			check: "signature-valid", want: exam.Fail, why: "capture c1: attempt 1, malformed",
			requests: []request{{0, "", "{}", "200", "", 0}},
		},
		"a body that is no event": {
			provider: "stripe", check: "body-documented", want: exam.Fail, why: "it is none of the documented events",
			requests: []request{{0, "", `{"id":"evt_1","object":"event"}`, "200", "", 0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := row.provider
			if provider == "" {
				provider = "standard-webhooks"
			}
			builtin, err := fixtures.Builtin().Provider(provider)
			if err != nil {
				t.Fatal(err)
			}
			p := *builtin
			if row.change != nil {
				row.change(&p)
			}
			list := captures(t, &p, row.requests...)
			now := list[0].At.Add(24 * time.Hour)
			if row.now > 0 {
				now = list[0].At.Add(time.Duration(row.now * float64(time.Second)))
			}
			if strings.HasPrefix(row.check, "signature-valid") {
				p = *builtin // what signed is not what is documented
			}
			o := sender.Options{Provider: &p, Retry: row.retry, Secrets: []string{secret}, Now: now, Evicted: row.evicted}
			if row.began > 0 {
				o.Began = list[0].At.Add(time.Duration(row.began * float64(time.Second)))
			}
			r, err := sender.Grade(list, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Checks {
				if c.ID == row.check {
					if c.Result != row.want || !strings.Contains(c.Why, row.why) {
						t.Errorf("%s: %s %q, want %s %q", c.ID, c.Result, c.Why, row.want, row.why)
					}
					return
				}
			}
			t.Errorf("there is no check %s", row.check)
		})
	}
}

// The captures beyond the most that are graded are gone, like those that a bin evicted.
func TestMostCaptures(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	requests := []request{{at: 0, id: "a", answer: "500"}, {at: 5, id: "a", answer: "500"}, {at: 305, id: "a", answer: "200"}}
	for n := len(requests); n < sender.MaxCaptures+1; n++ {
		requests = append(requests, request{at: 305, id: fmt.Sprint(n), answer: "200"})
	}
	r, err := sender.Grade(captures(t, p, requests...), sender.Options{Provider: p})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(r.Checks, func(c exam.Result) bool { return c.ID == "retry-schedule" })
	if c := r.Checks[at]; c.Result != exam.Inconclusive || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "the newest 10000 are graded") {
		t.Errorf("%s %q, %q; want it inconclusive, and a note", c.Result, c.Why, r.Notes)
	}
}

// With an order by entity, only the events about one entity wait for each other.
func TestOrderByEntity(t *testing.T) {
	t.Parallel()
	builtin, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	p := *builtin
	p.Delivery.Ordering, p.Delivery.OnFailure = "per_entity_fifo", "block"
	p.Delivery.Profiles = profile(&p, fixtures.Retry{Schedule: []time.Duration{time.Minute}})
	p.Delivery.Unstated = nil
	plan, err := sender.NewPlan(sender.Options{Provider: &p}, 0)
	if err != nil || !strings.Contains(strings.Join(plan.Notes, "\n"), "let two events in a row be about the same entity") {
		t.Errorf("%v: the plan says %q", err, plan.Notes)
	}
	silent := p
	silent.Journeys = nil
	pass := func(seed uint64) (created, installed string) {
		events, err := p.Journey(fixtures.Draw{Seed: seed}, "pass", []string{"Pass:Created", "Pass:Installed"}, fixtures.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return string(events[0].Body), string(events[1].Body)
	}
	created, installed := pass(1)
	other, _ := pass(2)
	for name, row := range map[string]struct {
		provider *fixtures.Provider
		requests []request
		want     exam.Verdict
		why      string
	}{
		"the next event of the entity too early": {
			&p,
			[]request{{0, "", created, "500", "", 0}, {5, "", installed, "200", "", 0}, {60, "", created, "200", "", 0}},
			exam.Fail, "it came 5s after an attempt of ",
		},
		"the next event of the entity afterwards, and one of another meanwhile": {
			&p,
			[]request{{0, "", created, "500", "", 0}, {5, "", other, "200", "", 0}, {60, "", created, "200", "", 0}, {61, "", installed, "200", "", 0}},
			exam.Pass, "",
		},
		"events of different entities": {
			&p,
			[]request{{0, "", created, "500", "", 0}, {5, "", other, "200", "", 0}, {60, "", created, "200", "", 0}},
			exam.Inconclusive, "send several about one entity",
		},
		"a provider without entities": {
			&silent,
			[]request{{0, "", created, "500", "", 0}},
			exam.NotApplicable, "does not say which entity an event is about",
		},
	} {
		r, err := sender.Grade(captures(t, row.provider, row.requests...), sender.Options{Provider: row.provider})
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(r.Checks, func(c exam.Result) bool { return c.ID == "order" })
		if c := r.Checks[at]; c.Result != row.want || !strings.Contains(c.Why, row.why) {
			t.Errorf("%s: %s %q, want %s %q", name, c.Result, c.Why, row.want, row.why)
		}
	}
}

// profile is the provider's default profile, changed.
func profile(p *fixtures.Provider, r fixtures.Retry) map[string]fixtures.Retry {
	return map[string]fixtures.Retry{p.Delivery.Retry: r}
}

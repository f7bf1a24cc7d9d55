package exam

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// TestReferenceMistakes checks that the mistakes of the reference consumer fail the checks of
// duplicates, order, recovery, handshakes and load that are about them, and that the consumer
// without a mistake passes these.
func TestReferenceMistakes(t *testing.T) {
	const delay = 200 * time.Millisecond // the work for one event where a mistake is about slow work
	for _, c := range []struct {
		provider, mistake string
		passes, fails     []string
		delay             time.Duration
	}{
		{"neostore", "no-deduplication", []string{"recovery-cut-body", "recovery-outage"}, []string{
			"duplicate-concurrent-copies", "duplicate-first-race", "duplicate-same-id-other-body", "duplicate-sequential",
			"duplicate-two-subscriptions", "duplicate-while-working", "recovery-lost-answer",
		}, 0},
		{"stripe", "no-deduplication", nil, []string{"duplicate-recorded", "duplicate-signed-anew"}, 0},
		{"stripe", "deduplicates-by-signature", []string{"duplicate-two-subscriptions"}, []string{"duplicate-same-id-other-body", "duplicate-signed-anew"}, 0},
		{"github", "deduplicates-by-id-and-body", []string{"duplicate-two-subscriptions"}, []string{"duplicate-same-id-other-body"}, 0},
		{"stripe", "409-on-duplicate", []string{"duplicate-first-race", "duplicate-same-id-other-body"}, []string{"duplicate-recorded", "duplicate-signed-anew"}, 0},
		{"subscribfy", "500-on-duplicate", nil, []string{"duplicate-first-race", "duplicate-while-working"}, 0},
		{"subscribfy", "checks-then-inserts", []string{"recovery-cut-body"}, []string{"duplicate-concurrent-copies", "duplicate-first-race", "duplicate-while-working"}, delay},
		{"ethpass", "marks-before-work", []string{"duplicate-while-working"}, []string{"recovery-lost-answer"}, delay},
		{"stripe", "works-before-mark", nil, []string{"duplicate-while-working", "recovery-lost-answer"}, delay},
		{"neostore", "assumes-order", []string{"order-reversed"}, []string{"order-first-missing"}, 0},
		{"stripe", "overwrites-newer", []string{"order-first-missing"}, []string{"order-equal-times", "order-last-first", "order-reversed"}, 0},
		{"subscribfy", "overwrites-newer", nil, []string{"order-last-first", "order-reversed"}, 0},
		{"ethpass", "keeps-last-of-equal-times", []string{"order-last-first", "order-reversed"}, []string{"order-equal-times"}, 0},
		{"github", "500-on-equal-times", []string{"order-last-first", "order-reversed"}, []string{"order-equal-times"}, 0},
		{"github", "refuses-ping", nil, []string{"handshake-answered"}, 0},
		{"neostore", "drops-when-busy", []string{"load-answer-soon"}, []string{"load-answer-in-time", "load-burst"}, delay},
	} {
		t.Run(c.provider+"/"+c.mistake, func(t *testing.T) {
			t.Parallel()
			ids := slices.Concat(c.passes, c.fails)
			right := reference(t, ids, consumers.Options{Provider: c.provider})
			if passed := counted(right, Pass); len(passed) != len(ids) {
				t.Errorf("without the mistake: want %v passed, got %v\n%s", ids, passed, text(t, right))
			}
			wrong := reference(t, ids, consumers.Options{Provider: c.provider, Mistake: c.mistake, Delay: c.delay})
			failed, want := append(counted(wrong, Fail), counted(wrong, Warn)...), slices.Clone(c.fails)
			slices.Sort(failed)
			slices.Sort(want)
			if !slices.Equal(failed, want) {
				t.Errorf("want %v failed, got %v\n%s", want, failed, text(t, wrong))
			}
		})
	}
}

// reference makes checks of the reference consumer.
func reference(t *testing.T, ids []string, o consumers.Options) Report {
	t.Helper()
	o.Secrets = []string{testSecret}
	origin := consumers.StartT(t, o)
	effect, err := ParseEffect("http " + origin + "/effects .body.count")
	if err != nil {
		t.Fatal(err)
	}
	state, err := ParseEffect("http " + origin + "/states/${entity} .body.state")
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(t.Context(), nil, Consumer{
		URL: origin + "/hooks", Provider: o.Provider, Secret: testSecret, Effect: effect, State: state, Only: ids,
		Timeout: 30 * time.Second, Settle: 5 * time.Millisecond, Within: 500 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// one makes one check of a program.
func one(t *testing.T, c *program, id string, change func(*Consumer)) (Result, Report) {
	t.Helper()
	consumer := c.consumer()
	consumer.Only, consumer.Settle, consumer.Within, consumer.Seed = []string{id}, 5*time.Millisecond, 500*time.Millisecond, 0
	if change != nil {
		change(&consumer)
	}
	report, err := Run(t.Context(), nil, consumer)
	if err != nil {
		t.Fatal(err)
	}
	return byID(report)[id], report
}

// TestWrongRecovery checks further mistakes, each in one check. Without the mistake, the consumer
// passes it.
func TestWrongRecovery(t *testing.T) {
	for _, c := range []struct {
		name, provider, check string
		right, wrong          handler
		change                func(c *program, consumer *Consumer, wrong bool)
	}{
		{"notes the id before it reads the body", "github", "recovery-cut-body", reading((*program).pass), func(c *program, w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Github-Delivery")
			c.mu.Lock()
			again := c.noted(id)
			c.mu.Unlock()
			if !again {
				c.leaveTo(w, r)
			}
		}, nil},
		{"fails after an outage", "stripe", "recovery-outage", reading((*program).pass), func() handler {
			var broken atomic.Int64
			return func(c *program, w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					broken.Add(1)
					return
				}
				if broken.Load() > 8 && broken.Add(-1) > 8 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				c.pass(w, r, body)
			}
		}(), nil},
		{"forgets at a restart", "neostore", "recovery-restart", reading((*program).pass), reading((*program).pass), func(c *program, consumer *Consumer, wrong bool) {
			consumer.Restart = func(context.Context) error {
				c.mu.Lock()
				defer c.mu.Unlock()
				if wrong {
					clear(c.seen)
				}
				return nil
			}
		}},
		{"loses its effects at a restart", "github", "recovery-restart", reading((*program).pass), reading((*program).pass), func(c *program, consumer *Consumer, wrong bool) {
			consumer.Restart = func(context.Context) error {
				c.mu.Lock()
				defer c.mu.Unlock()
				if wrong {
					c.count--
				}
				return nil
			}
		}},
		{"takes what arrives for the newest", "neostore", "order-late-retry", reading((*program).pass), reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			c.mu.Lock()
			c.mistake = "last event wins"
			if key := gjson.GetBytes(body, "passId").String(); c.states[key] != nil && c.seen[gjson.GetBytes(body, "__id").String()] {
				c.states[key] = append(c.states[key], gjson.GetBytes(body, "__eventName").String())
			}
			c.mu.Unlock()
			c.pass(w, r, body)
		}), nil},
		{"forgets the challenge", "challenge", "handshake-answered", reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			if gjson.GetBytes(body, "type").String() == "endpoint.verified" {
				_, _ = w.Write([]byte(gjson.GetBytes(body, "challenge").String()))
				return
			}
			c.pass(w, r, body)
		}), reading((*program).pass), nil},
		{"checks the last item", "batch", "signature-batch-item", reading((*program).pass), reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			last, err := sjson.DeleteBytes(body, "items.0")
			if err != nil {
				panic(err)
			}
			c.pass(w, r, last)
		}), nil},
		{"is too slow for the provider now and then", "challenge", "load-answer-in-time", reading((*program).pass), func() handler {
			var requests atomic.Int64
			return reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
				if requests.Add(1) == 8 { // one of the eight of the check
					<-r.Context().Done() // after the 2 s of the provider
				}
				c.pass(w, r, body)
			})
		}(), nil},
		{"takes its time", "neostore", "load-answer-soon", reading((*program).pass), func() handler {
			var requests atomic.Int64
			return func(c *program, w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) == 4 { // one of the three of the check
					time.Sleep(3100 * time.Millisecond)
				}
				c.leaveTo(w, r)
			}
		}(), nil},
		{"answers 503 in a burst", "github", "load-burst", reading((*program).pass), func() handler {
			var requests atomic.Int64
			return func(c *program, w http.ResponseWriter, r *http.Request) {
				if n := requests.Add(1); n > 50 && n < 60 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				c.leaveTo(w, r)
			}
		}(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, wrong := range []bool{false, true} {
				h, want := c.right, Pass
				if wrong {
					h, want = c.wrong, Fail
				}
				program := startBehind(t, c.provider, h)
				result, report := one(t, program, c.check, func(consumer *Consumer) {
					if c.change != nil {
						c.change(program, consumer, wrong)
					}
				})
				if result.Result != want {
					t.Errorf("wrong %v: %s is %s\n%s", wrong, c.check, result.Result, text(t, report))
				}
			}
		})
	}
}

// pass leaves a request to the program.
func (c *program) pass(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.ServeHTTP(w, r)
}

// leaveTo leaves a request, whose body was not read, to the program.
func (c *program) leaveTo(w http.ResponseWriter, r *http.Request) { c.ServeHTTP(w, r) }

// noted reports whether an id was noted before, and notes it.
func (c *program) noted(id string) bool {
	again := c.seen["noted "+id]
	c.seen["noted "+id] = true
	return again
}

// TestRefusesAfterTheStart checks that a consumer which refuses everything passes nothing, even
// when it accepted the first good deliveries.
func TestRefusesAfterTheStart(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	c := startBehind(t, "neostore", func(c *program, w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 2 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		c.leaveTo(w, r)
	})
	report, err := Run(t.Context(), nil, c.consumer())
	if err != nil {
		t.Fatal(err)
	}
	if passed := counted(report, Pass); len(passed) > 0 || len(counted(report, Fail)) == 0 {
		t.Errorf("passed: %v\n%s", passed, text(t, report))
	}
}

package delivery

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures"
)

func TestNext(t *testing.T) {
	t.Parallel()
	const s, m, h = time.Second, time.Minute, time.Hour
	list := fixtures.Retry{Schedule: []time.Duration{5 * s, 5 * m, 30 * m}}
	formula := fixtures.Retry{Base: 30 * s, Factor: 2, Attempts: 12, Cap: h}
	for _, c := range []struct {
		name    string
		retry   fixtures.Retry
		attempt int
		status  int
		wait    time.Duration
		again   bool
	}{
		{"the zero profile never", fixtures.Retry{}, 1, 500, 0, false},
		{"list, first", list, 1, 500, 5 * s, true},
		{"list, no response", list, 1, 0, 5 * s, true},
		{"list, second", list, 2, 500, 5 * m, true},
		{"list, last", list, 3, 500, 30 * m, true},
		{"list, over", list, 4, 500, 0, false},
		{"list, far over", list, 40, 500, 0, false},
		{"list cut by attempts", fixtures.Retry{Schedule: list.Schedule, Attempts: 2}, 2, 500, 0, false},
		{"list's last wait repeats", fixtures.Retry{Schedule: list.Schedule, Attempts: 9}, 8, 500, 30 * m, true},
		{"list's last wait repeats, over", fixtures.Retry{Schedule: list.Schedule, Attempts: 9}, 9, 500, 0, false},
		{"list with a cap", fixtures.Retry{Schedule: list.Schedule, Cap: m}, 2, 500, m, true},
		{"formula, first", formula, 1, 500, 30 * s, true},
		{"formula, fourth", formula, 4, 500, 240 * s, true},
		{"formula, capped", formula, 8, 500, h, true},
		{"formula, last", formula, 11, 500, h, true},
		{"formula, over", formula, 12, 500, 0, false},
		{"base alone is constant", fixtures.Retry{Base: 7 * s, Attempts: 5}, 4, 500, 7 * s, true},
		{"base without attempts never", fixtures.Retry{Base: 7 * s, Factor: 2}, 1, 500, 0, false},
		{"one attempt is no retry", fixtures.Retry{Base: s, Attempts: 1}, 1, 500, 0, false},
		{"without a wait", fixtures.Retry{Attempts: 3}, 1, 500, 0, true},
		{"status that stops", fixtures.Retry{Schedule: list.Schedule, StopOn: []string{"410"}}, 1, 410, 0, false},
		{"class that stops", fixtures.Retry{Schedule: list.Schedule, StopOn: []string{"4xx"}}, 1, 404, 0, false},
		{"status that does not stop", fixtures.Retry{Schedule: list.Schedule, StopOn: []string{"410", "4xx"}}, 1, 500, 5 * s, true},
		{"no status stops nothing", fixtures.Retry{Schedule: list.Schedule, StopOn: []string{"4xx"}}, 1, 0, 5 * s, true},
		{"no overflow", fixtures.Retry{Base: h, Factor: 10, Attempts: 1000}, 900, 500, 100 * 365 * 24 * h, true},
		{"no attempt yet", list, 0, 500, 0, false},
	} {
		got := Next(&c.retry, failed(c.attempt, c.status), nil)
		if got.Wait != c.wait || got.Again != c.again {
			t.Errorf("%s: Next = %v, %v; want %v, %v", c.name, got.Wait, got.Again, c.wait, c.again)
		}
	}
}

func TestNextJitter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := fixtures.Retry{
			Base:     time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "base")),
			Factor:   rapid.Float64Range(0, 4).Draw(t, "factor"),
			Cap:      time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "cap")),
			Attempts: rapid.IntRange(2, 30).Draw(t, "attempts"),
			Jitter:   fixtures.Jitter(rapid.Float64Range(0.01, 1).Draw(t, "jitter")),
		}
		attempt := rapid.IntRange(1, r.Attempts-1).Draw(t, "attempt")
		seed := rapid.Uint64().Draw(t, "seed")
		plain := r
		plain.Jitter = 0
		middle := Next(&plain, failed(attempt, 500), nil).Wait
		next := Next(&r, failed(attempt, 500), rand.New(rand.NewPCG(seed, 1)))
		got := next.Wait
		same := Next(&r, failed(attempt, 500), rand.New(rand.NewPCG(seed, 1))).Wait
		low, high := float64(middle)*(1-float64(r.Jitter))-1, float64(middle)*(1+float64(r.Jitter))+1
		if !next.Again || float64(got) < low || float64(got) > high || got < 0 {
			t.Fatalf("wait %v around %v: want within %v and %v", got, middle, time.Duration(low), time.Duration(high))
		}
		if got != same {
			t.Fatalf("the same generator gave %v and %v", got, same)
		}
	})
	small := fixtures.Retry{Base: 5, Factor: 0.625, Attempts: 4, Jitter: 0.75}
	if next := Next(&small, failed(3, 500), rand.New(rand.NewPCG(0x1f, 1))); next.Wait > 2 {
		t.Errorf("wait %v around 1ns: want at most 2ns", next.Wait)
	}
	r := fixtures.Retry{Base: time.Hour, Attempts: 2, Jitter: 0.2}
	rng := rand.New(rand.NewPCG(1, 2))
	waits := map[time.Duration]bool{}
	for range 100 {
		waits[Next(&r, failed(1, 500), rng).Wait] = true
	}
	if len(waits) < 90 {
		t.Errorf("100 draws gave %d waits: want them spread", len(waits))
	}
}

// failed is an attempt that failed with a status, or without one.
func failed(n, status int) Failed {
	kind := fixtures.FailedStatus
	if status == 0 {
		kind = fixtures.FailedConnect
	}
	return Failed{N: n, Failure: fixtures.Failure{Kind: kind, Status: status}}
}

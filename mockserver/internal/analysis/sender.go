package analysis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Sender describes the program that sent a bin's captures: how it retries, and what it repeats.
type Sender struct {
	Bin      string `json:"bin"`
	Captures int    `json:"captures"` // captures analysed: the newest, up to 10,000
	// Complete reports whether these are all captures that the bin ever stored. If not, the first
	// attempts of some deliveries may be missing.
	Complete   bool `json:"complete"`
	Deliveries int  `json:"deliveries"` // grouped as in Attempts
	Retried    int  `json:"retried"`    // deliveries with more than one attempt
	// After lists what followed each kind of response, sorted by name.
	After []Followed `json:"after"`
	// BackOff is how long it waited before its second attempt, its third, and so on, up to the
	// twentieth.
	BackOff []Gap `json:"back_off"`
	// RetryAfter counts the responses with a Retry-After (RFC 9110 §10.2.3) that were followed by
	// another attempt, and how often the sender waited that long.
	RetryAfter Kept `json:"retry_after"`
	// Vary are the header lines, in lower case, that differ between attempts of one delivery.
	Vary []string `json:"vary"`
	// SameBody counts attempts that repeat the body of the attempt before byte for byte.
	SameBody Kept `json:"same_body"`
	// Connections is how many connections it used: fewer than captures when it keeps them open.
	Connections int `json:"connections"`
	// UserAgents, Versions and Verdicts count captures per value.
	UserAgents map[string]int `json:"user_agents"`
	Versions   map[string]int `json:"versions"`
	Verdicts   map[string]int `json:"verdicts"`
	// Findings summarise the observations in sentences.
	Findings []string `json:"findings"`
}

// Followed counts a kind of response and the retries after it.
type Followed struct {
	Response string `json:"response"` // a status, or hang, reset, cut
	Times    int    `json:"times"`
	Retried  int    `json:"retried"` // how often another attempt of the delivery followed
}

// Gap is how long a sender waited before an attempt, measured from the capture of the attempt
// before.
type Gap struct {
	Attempt int              `json:"attempt"` // 2 is the first retry
	N       int              `json:"n"`
	Min     journal.Duration `json:"min"`
	Median  journal.Duration `json:"median"`
	Max     journal.Duration `json:"max"`
}

// Kept counts how often the sender did something, out of Of opportunities.
type Kept struct {
	Of    int `json:"of"`
	Times int `json:"times"`
}

// Bounds of a Sender.
const (
	maxObserved = 10_000 // captures
	maxGaps     = 19     // attempts after the first
	maxKinds    = 50     // of user agents, and of header lines that vary
)

// SenderOf profiles the program that sent the newest captures of a bin, up to 10,000. stored is how
// many captures the bin ever stored; p is the provider that the bin names, or nil. Errors come from
// the store.
func SenderOf(ctx context.Context, store journal.Store, bin string, stored uint64, p *fixtures.Provider) (Sender, error) {
	o := newObserver(bin, p)
	q := journal.CaptureQuery{Bin: bin, Limit: journal.MaxLimit}
	for o.out.Captures < maxObserved {
		page, err := store.Captures(ctx, q)
		if err != nil {
			return Sender{}, err
		}
		for i := range page {
			o.add(&page[i])
		}
		if len(page) < q.Limit {
			break
		}
		q.Before = page[len(page)-1].Seq
	}
	o.out.Complete = uint64(o.out.Captures) == stored
	return o.conclude(), nil
}

// observer collects observations about a sender. It reads the newest captures first.
type observer struct {
	out        Sender
	provider   *fixtures.Provider
	deliveries map[DeliveryKey][]observed
	order      []DeliveryKey
	peers      map[string]bool
}

// observed is one attempt, reduced to what the profile needs.
type observed struct {
	at         time.Time
	response   string
	retryAfter time.Duration // 0: the response had none
	headers    signature.Headers
	body       [sha256.Size]byte // the hash of the body
}

func newObserver(bin string, p *fixtures.Provider) *observer {
	return &observer{
		out: Sender{
			Bin: bin, After: []Followed{}, BackOff: []Gap{}, Vary: []string{}, Findings: []string{},
			UserAgents: map[string]int{}, Versions: map[string]int{}, Verdicts: map[string]int{},
		},
		provider: p, deliveries: map[DeliveryKey][]observed{}, peers: map[string]bool{},
	}
}

func (o *observer) add(c *journal.Capture) {
	o.out.Captures++
	o.peers[c.Peer] = true
	count(o.out.UserAgents, c.Headers.Get("User-Agent"))
	count(o.out.Versions, c.Version)
	if c.Verification != nil {
		count(o.out.Verdicts, string(c.Verification.Verdict))
	}
	d := DeliveryOf(&c.Message, o.provider, 0)
	if o.deliveries[d] == nil {
		o.order = append(o.order, d)
	}
	o.deliveries[d] = append(o.deliveries[d], observed{
		at: c.At, response: responseKind(c.Response), retryAfter: retryAfter(c), headers: c.Headers,
		body: sha256.Sum256(c.Body),
	})
}

// count counts one more of a kind, unless there are too many kinds.
func count(kinds map[string]int, kind string) {
	if kinds[kind] > 0 || len(kinds) < maxKinds {
		kinds[kind]++
	}
}

// responseKind returns the name of a bin's response.
func responseKind(r *journal.Response) string {
	switch {
	case r == nil:
		return "200"
	case r.Hang:
		return "hang"
	case r.Reset:
		return "reset"
	case r.Cut != "":
		return "cut"
	}
	return strconv.Itoa(cmp.Or(r.Status, http.StatusOK))
}

// retryAfter returns how long the response asks the sender to wait, or 0.
func retryAfter(c *journal.Capture) time.Duration {
	if c.Response == nil {
		return 0
	}
	value := c.Response.Lines.Get("Retry-After")
	for name, v := range c.Response.Headers {
		if strings.EqualFold(name, "Retry-After") {
			value = v
		}
	}
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(c.At))
	}
	return 0
}

// conclude derives the profile from the observations.
func (o *observer) conclude() Sender {
	out := &o.out
	out.Connections, out.Deliveries = len(o.peers), len(o.order)
	after, gaps, vary := map[string]*Followed{}, map[int][]time.Duration{}, map[string]bool{}
	for _, d := range o.order {
		attempts := o.deliveries[d]
		slices.Reverse(attempts)
		if len(attempts) > 1 {
			out.Retried++
		}
		for i := range attempts {
			a := &attempts[i]
			f := after[a.response]
			if f == nil {
				f = &Followed{Response: a.response}
				after[a.response] = f
			}
			f.Times++
			if i+1 == len(attempts) {
				continue
			}
			f.Retried++
			o.pair(a, &attempts[i+1], vary)
			if i < maxGaps {
				gaps[i+2] = append(gaps[i+2], attempts[i+1].at.Sub(a.at))
			}
		}
	}
	for _, response := range slices.Sorted(maps.Keys(after)) {
		out.After = append(out.After, *after[response])
	}
	for _, attempt := range slices.Sorted(maps.Keys(gaps)) {
		list := gaps[attempt]
		slices.Sort(list)
		out.BackOff = append(out.BackOff, Gap{
			attempt, len(list), journal.Duration(list[0]), journal.Duration(list[len(list)/2]), journal.Duration(list[len(list)-1]),
		})
	}
	out.Vary = append(out.Vary, slices.Sorted(maps.Keys(vary))...)
	o.summarize()
	return *out
}

// pair compares an attempt with the next one of its delivery.
func (o *observer) pair(a, next *observed, vary map[string]bool) {
	o.out.SameBody.Of++
	if a.body == next.body {
		o.out.SameBody.Times++
	}
	if a.retryAfter > 0 {
		o.out.RetryAfter.Of++
		if next.at.Sub(a.at) >= a.retryAfter {
			o.out.RetryAfter.Times++
		}
	}
	for _, lines := range [2]signature.Headers{a.headers, next.headers} {
		for _, line := range lines {
			if len(vary) < maxKinds && a.headers.Get(line.Name) != next.headers.Get(line.Name) {
				vary[strings.ToLower(line.Name)] = true
			}
		}
	}
}

// summarize writes the findings.
func (o *observer) summarize() {
	out := &o.out
	summarize := func(format string, args ...any) { out.Findings = append(out.Findings, fmt.Sprintf(format, args...)) }
	if out.Captures == 0 {
		summarize("nothing was received yet")
		return
	}
	for _, f := range out.After {
		switch success := strings.HasPrefix(f.Response, "2"); {
		case success && f.Retried > 0:
			summarize("sends again after %s, which should end a delivery: %d of %d times", f.Response, f.Retried, f.Times)
		case success:
		case f.Retried == 0:
			summarize("does not retry after %s: none of %d times", f.Response, f.Times)
		case f.Retried == f.Times:
			summarize("retries after %s: every one of %d times", f.Response, f.Times)
		default:
			summarize("retries after %s: %d of %d times", f.Response, f.Retried, f.Times)
		}
	}
	var waits []string
	for _, g := range out.BackOff {
		waits = append(waits, rounded(g.Median))
	}
	if len(waits) > 0 {
		summarize("waits %s between attempts (medians)", strings.Join(waits, ", "))
	}
	if k := out.RetryAfter; k.Of > 0 {
		summarize("waits as long as Retry-After asks: %d of %d times", k.Times, k.Of)
	}
	if k := out.SameBody; k.Of > 0 && k.Times == k.Of {
		summarize("repeats the body byte for byte")
	} else if k.Of > 0 {
		summarize("changes the body between attempts: %d of %d times", k.Of-k.Times, k.Of)
	}
	if len(out.Vary) > 0 {
		summarize("changes these header lines between attempts: %s", strings.Join(out.Vary, ", "))
	}
	switch {
	case out.Captures == 1:
	case out.Connections == out.Captures:
		summarize("opens a connection for every request")
	default:
		summarize("keeps connections open: %d requests over %d", out.Captures, out.Connections)
	}
	if n := len(out.UserAgents); n > 1 {
		summarize("uses %d User-Agent values", n)
	}
	if valid, checked := out.Verdicts["valid"], total(out.Verdicts); checked > 0 {
		summarize("signs correctly: %d of %d", valid, checked)
	}
	if !out.Complete {
		summarize("older captures were evicted or not analysed: the first attempts of some deliveries may be missing")
	}
}

func total(counts map[string]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// rounded is a duration for a reader.
func rounded(d journal.Duration) string {
	switch span := time.Duration(d); {
	case span >= 10*time.Second:
		return span.Round(time.Second).String()
	case span >= 100*time.Millisecond:
		return span.Round(10 * time.Millisecond).String()
	default:
		return span.Round(100 * time.Microsecond).String()
	}
}

package sender

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// attempt is a capture, as an attempt of a delivery.
type attempt struct {
	*mockserver.Capture
	id       string                 // of the event; "" where requests have none
	signed   signature.Verification // zero: not checked
	response string                 // what it got, for people: 503, hang
	headers  signature.Headers      // of the response
	known    bool                   // what it got is known
	success  bool                   // the response is a success
	failure  fixtures.Failure       // why it is none
	ended    time.Time              // when the sender had the response, or gave up; zero: it may still wait
	lost     bool                   // the server ended while the sender waited, so nobody knows how long
}

// delivery is the attempts of one event.
type delivery struct {
	attempts []*attempt
	ids      []string  // of the event; several when they change
	reuses   *delivery // the one of an earlier event, with the same id; or nil
}

// name is what tells the delivery from others.
func (d *delivery) name() string {
	if len(d.ids) > 0 {
		return d.ids[0]
	}
	return "capture " + d.attempts[0].ID
}

// last is the last attempt.
func (d *delivery) last() *attempt { return d.attempts[len(d.attempts)-1] }

// done reports whether an attempt was a success.
func (d *delivery) done() bool {
	return slices.ContainsFunc(d.attempts, func(a *attempt) bool { return a.success })
}

// add reads a capture.
func (g *grading) add(c *mockserver.Capture) {
	a := &attempt{Capture: c, id: g.provider.EventID(&c.Message)}
	g.readResponse(a)
	if g.isFollowing(a) {
		g.followed = append(g.followed, a)
		return
	}
	g.attempts = append(g.attempts, a)
	if a.location() != "" {
		g.redirected = append(g.redirected, a)
	}
	if g.end == nil && a.known && !a.success && g.ends(a.failure) {
		g.end = a
	}
}

// readResponse reads what the sender got.
func (g *grading) readResponse(a *attempt) {
	r := a.Response
	if r == nil {
		a.response = "none"
		return
	}
	a.known, a.ended = true, a.At.Add(time.Duration(r.Delay)+time.Duration(r.Drip))
	for name, value := range r.Headers {
		a.headers = append(a.headers, signature.Header{Name: name, Value: value})
	}
	a.headers = append(a.headers, r.Lines...)
	status := cmp.Or(r.Status, http.StatusOK)
	a.response = strconv.Itoa(status)
	switch {
	case r.Hang:
		a.response, a.failure.Kind = "hang", fixtures.FailedTimeout
		if r.Delay == 0 {
			a.ended, a.lost = time.Time{}, a.At.Before(g.o.Began)
		}
	case r.Reset:
		a.response, a.failure.Kind = "reset", fixtures.FailedCut
	case r.Cut != "":
		a.response, a.failure.Kind = "cut", fixtures.FailedCut
	case !g.rules.Accepts(status):
		a.failure = fixtures.Failure{Kind: fixtures.FailedStatus, Status: status}
	case !g.rules.SuccessBody.Accepts([]byte(r.Content())):
		a.failure = fixtures.Failure{Kind: fixtures.FailedBody, Status: status}
	default:
		a.success = true
	}
}

// location returns the target that a redirect leads to, or "".
func (a *attempt) location() string {
	if a.failure.Status < 300 || a.failure.Status > 399 {
		return ""
	}
	base, errBase := url.Parse(a.Target)
	to, errTo := url.Parse(a.headers.Get("Location"))
	if errBase != nil || errTo != nil || to.String() == "" {
		return ""
	}
	return base.ResolveReference(to).RequestURI()
}

// isFollowing reports whether a request follows the redirect of an earlier one.
func (g *grading) isFollowing(a *attempt) bool {
	return slices.ContainsFunc(g.redirected, func(before *attempt) bool {
		to := before.location()
		return sameTarget(a.Target, to) && to != before.Target
	})
}

// group groups the attempts into deliveries: those with one id, or without an id one body, on one
// path. Another body with that id after a success is another event. Attempts whose ids change are
// one delivery when their bodies are equal but for the id, unless such a body comes again after a
// success: then the events have equal bodies.
func (g *grading) group() {
	byKey := map[string]*delivery{}
	for _, a := range g.attempts {
		path, _, _ := strings.Cut(a.Target, "?")
		key := path + "\x00id\x00" + a.id
		if a.id == "" {
			key = path + "\x00body\x00" + string(a.Body)
		}
		d := byKey[key]
		reused := d != nil && a.id != "" && d.done() && !bytes.Equal(a.Body, d.attempts[0].Body)
		if d == nil || reused {
			d = &delivery{reuses: d}
			if a.id != "" {
				d.ids = []string{a.id}
			}
			byKey[key] = d
			g.deliveries = append(g.deliveries, d)
		}
		d.attempts = append(d.attempts, a)
	}
	g.mergeChangedIDs()
}

// mergeChangedIDs makes one delivery of those that differ in nothing but the id.
func (g *grading) mergeChangedIDs() {
	byBody := map[string][]*delivery{}
	var order []string
	for _, d := range g.deliveries {
		key := d.bodyWithoutID()
		if byBody[key] == nil {
			order = append(order, key)
		}
		byBody[key] = append(byBody[key], d)
	}
	g.deliveries = nil
	for _, key := range order {
		list := byBody[key]
		if !changesID(list) {
			g.deliveries = append(g.deliveries, list...)
			continue
		}
		merged := list[0]
		for _, d := range list[1:] {
			merged.attempts, merged.ids = append(merged.attempts, d.attempts...), append(merged.ids, d.ids...)
		}
		g.deliveries = append(g.deliveries, merged)
	}
	slices.SortStableFunc(g.deliveries, func(a, b *delivery) int { return a.attempts[0].At.Compare(b.attempts[0].At) })
}

// changesID reports whether deliveries with one body are attempts of one event, whose id changes:
// no id comes twice, and each but the last failed before the next came.
func changesID(list []*delivery) bool {
	if len(list) < 2 {
		return false
	}
	for i, d := range list {
		if len(d.attempts) > 1 || len(d.ids) == 0 || d.reuses != nil || i < len(list)-1 && d.done() {
			return false
		}
	}
	return true
}

// bodyWithoutID is the path and body of the first attempt, without the event's id.
func (d *delivery) bodyWithoutID() string {
	a := d.attempts[0]
	path, _, _ := strings.Cut(a.Target, "?")
	body := a.Body
	if a.id != "" {
		body = bytes.ReplaceAll(body, []byte(a.id), nil)
	}
	return path + "\x00" + string(body)
}

// context is what the signature of an attempt is checked with.
func (g *grading) context(a *attempt) signature.Context {
	c := signature.Context{Time: a.At, RegisteredURL: g.o.URL}
	if u, err := url.Parse(g.o.URL); err == nil && u.Host != "" {
		if target, err := url.ParseRequestURI(a.Target); err == nil {
			c.URL = u.Scheme + "://" + u.Host + target.RequestURI()
		}
	}
	return c
}

// due is what should follow an attempt.
type due struct {
	again       bool          // another attempt
	least, most time.Duration // the wait before it
	stopped     bool          // nothing follows
	why         string        // what ends the delivery
	rule        string        // the part of the policy that says so, in the words of fixtures.Rules.Unstated
}

// after returns what should follow attempt i of a delivery.
func (g *grading) after(d *delivery, i int) due { return g.afterLines(d, i, d.attempts[i].headers) }

// afterLines is after for a response with these header lines.
func (g *grading) afterLines(d *delivery, i int, lines signature.Headers) due {
	a := d.attempts[i]
	if a.success {
		return due{stopped: true, why: a.response + " is a success"}
	}
	if g.ends(a.failure) {
		return due{stopped: true, why: fmt.Sprintf("%s ends the endpoint", a.response), rule: fixtures.RuleDisable}
	}
	profile := g.retry.For(g.event(a), a.failure)
	failed := fixtures.Failed{N: i + 1, Failure: a.failure, Headers: lines, Since: a.ended.Sub(d.attempts[0].At), Now: a.At}
	least := profile.Next(failed, func() float64 { return 0 })
	most := profile.Next(failed, func() float64 { return 1 })
	switch {
	case least.Why != "":
		return due{stopped: true, why: least.Why}
	case least.Stopped:
		return due{stopped: true, why: a.response + " ends the delivery", rule: fixtures.RuleFailures}
	case !least.Again:
		return due{stopped: true, why: fmt.Sprintf("attempt %d is the last", i+1), rule: fixtures.RuleWaits}
	}
	return due{again: true, least: least.Wait, most: max(least.Wait, most.Wait)}
}

// event returns the event type of an attempt, where the retry profile depends on it.
func (g *grading) event(a *attempt) string {
	if len(g.retry.ByEvent) == 0 {
		return ""
	}
	e, _ := g.provider.Recognise(a.Message)
	return e.Name
}

// whole returns the deliveries whose first attempts are there, and notes whether there are others.
func (g *grading) whole(f *found) []*delivery {
	if g.cut.IsZero() {
		return g.deliveries
	}
	list := slices.DeleteFunc(slices.Clone(g.deliveries), g.partial)
	if len(list) < len(g.deliveries) {
		f.gone = firstGone
	}
	return list
}

const firstGone = "the first attempts may be gone with older captures: " + keepMore

// partial reports whether attempts of a delivery may have come before the oldest capture. An
// attempt that much later than it is a first one.
func (g *grading) partial(d *delivery) bool {
	return !g.cut.IsZero() && d.attempts[0].At.Sub(g.cut) <= g.longest+g.tolerance(g.longest)+g.patience(d.attempts[0])
}

// longestWait is the longest wait between two attempts, by the policy.
func (g *grading) longestWait() (longest time.Duration) {
	for _, event := range append(slices.Collect(maps.Keys(g.retry.ByEvent)), "") {
		for _, failure := range []fixtures.Failure{{Kind: fixtures.FailedStatus, Status: 500}, {Kind: fixtures.FailedTimeout}, {Kind: fixtures.FailedCut}} {
			profile, since := g.retry.For(event, failure), time.Duration(0)
			for n := 1; n <= mostAwaited; n++ {
				next := profile.Next(fixtures.Failed{N: n, Failure: failure, Since: since}, func() float64 { return 1 })
				if !next.Again {
					break
				}
				longest, since = max(longest, next.Wait), since+next.Wait
			}
		}
	}
	return longest
}

// mostAwaited is how many attempts longestWait looks at: waits do not grow for ever.
const mostAwaited = 100

// patience is the longest time that a sender may wait for a response: twice the documented one, as
// documents give a range or leave the connection out.
func (g *grading) patience(a *attempt) time.Duration { return 2*g.timeout(a) + g.late }

// tolerance is how much later than documented a retry may come.
func (g *grading) tolerance(wait time.Duration) time.Duration { return g.late + wait/10 }

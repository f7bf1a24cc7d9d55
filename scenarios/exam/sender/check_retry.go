package sender

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// notProvoked is why a check is inconclusive whose occasion never came.
const notProvoked = "no attempt got the response that it is about: hookrig check-provider --prepare lets the bin give it"

// gradeRetries returns a check that a kind of failure is followed by another attempt, where the
// policy says so. sample is a failure of that kind.
func gradeRetries(what string, sample fixtures.Failure) func(*grading, *found) {
	is := func(failure fixtures.Failure) bool {
		if sample.Kind != fixtures.FailedStatus {
			return failure.Kind == sample.Kind
		}
		// 429 has a check, and 410 is about the endpoint.
		return failure.Is(what) && (what != "4xx" || failure.Status != 429 && failure.Status != 410)
	}
	return func(g *grading, f *found) {
		if why := g.neverRetried(sample); why != "" {
			f.absent = why
			return
		}
		f.missing = notProvoked
		g.unstated(f, fixtures.RuleFailures)
		for _, d := range g.whole(f) {
			for i, a := range d.attempts {
				if a.known && !a.success && is(a.failure) {
					g.gradeRetry(f, d, i)
				}
			}
		}
	}
}

// gradeRetry checks that an attempt is followed by another, where the policy says so.
func (g *grading) gradeRetry(f *found, d *delivery, i int) {
	a, next := d.attempts[i], g.after(d, i)
	end := a.ended.Add(next.most + g.tolerance(next.most))
	switch {
	case !next.again:
		f.missing = fmt.Sprintf("by the policy, %s", next.why)
	case i+1 < len(d.attempts):
		f.seen++
	case a.lost:
		f.missing = serverEnded
	case a.ended.IsZero() && g.now.Sub(a.At) >= g.patience(a):
		f.fail(d, "no attempt followed %s: the sender still waits for a response after %s; documented: %s", a.response, span(g.now.Sub(a.At)), span(g.timeout(a)))
	case a.ended.IsZero():
		f.missing = stillWaits
	case g.now.Before(end):
		f.missing = fmt.Sprintf("the next attempt of %s is due %s after %s, and %s have passed", d.name(), span(next.most), a.response, span(max(g.now.Sub(a.ended), 0)))
	case g.endedBefore(end) != nil:
		f.missing = fmt.Sprintf("the endpoint was ended by %s before the next attempt of %s was due", g.endedBefore(end).response, d.name())
	case g.mayBeDisabled(a) != "":
		f.missing = g.mayBeDisabled(a)
	default:
		f.fail(d, "no attempt followed %s within %s; it was due after %s", a.response, span(g.now.Sub(a.ended)), window(next))
	}
}

// neverRetried returns why the policy does not retry a failure, or "".
func (g *grading) neverRetried(failure fixtures.Failure) string {
	if g.ends(failure) {
		return "by the policy, it ends the endpoint"
	}
	next := g.retry.For("", failure).Next(fixtures.Failed{N: 1, Failure: failure}, func() float64 { return 0 })
	switch {
	case next.Again:
		return ""
	case next.Stopped:
		return "by the policy, it ends the delivery"
	}
	return "by the policy, nothing is tried again"
}

// ends reports whether a failure ends the endpoint.
func (g *grading) ends(failure fixtures.Failure) bool {
	return slices.ContainsFunc(g.rules.Disable, func(rule fixtures.Disable) bool { return rule.Ends(failure) })
}

// endedBefore returns the attempt whose response ended the endpoint before a time, or nil.
func (g *grading) endedBefore(t time.Time) *attempt {
	if g.end != nil && g.end.At.Before(t) {
		return g.end
	}
	return nil
}

// mayBeDisabled returns why the policy may have ended or paused the endpoint after an attempt, or
// "".
func (g *grading) mayBeDisabled(a *attempt) string {
	for i := range g.rules.Disable {
		rule := &g.rules.Disable[i]
		row, recent, failed, succeeded := 0, 0, 0, false
		for _, b := range g.attempts {
			if b.At.After(a.At) {
				continue
			}
			if row++; b.success {
				row, succeeded = 0, true
			}
			if a.At.Sub(b.At) <= rule.Window {
				recent++
				if !b.success {
					failed++
				}
			}
		}
		counts := rule.Failures > 0 || rule.SuccessBelow > 0
		switch {
		case !g.cut.IsZero() && (rule.Consecutive > 0 && !succeeded || counts && a.At.Sub(g.cut) < rule.Window):
			return "older captures are gone, and the failures in them may have ended or paused the endpoint: " + keepMore
		case rule.Consecutive > 0 && row >= rule.Consecutive:
			return fmt.Sprintf("%d attempts in a row had failed, after which the policy ends or pauses the endpoint", row)
		case rule.Failures > 0 && failed >= rule.Failures, rule.SuccessBelow > 0 && recent >= max(rule.AtLeast, 1) && float64(recent-failed) < rule.SuccessBelow*float64(recent):
			return fmt.Sprintf("%d of %d attempts had failed within %s, after which the policy ends or pauses the endpoint", failed, recent, rule.Window)
		}
	}
	return ""
}

// quiet is how long after an attempt another would have come by now.
func (g *grading) quiet() time.Duration {
	failed := fixtures.Failed{N: 1, Failure: fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}}
	wait := g.retry.For("", failed.Failure).Next(failed, func() float64 { return 1 }).Wait
	return wait + g.tolerance(wait)
}

// gradeSuccess checks that no attempt follows a success.
func gradeSuccess(g *grading, f *found) {
	f.missing = "no attempt was a success"
	if !g.hasIDs() {
		f.assumed = "the requests have no id, so this may be another event with the same body"
	}
	for _, d := range g.deliveries {
		at := slices.IndexFunc(d.attempts, func(a *attempt) bool { return a.success })
		switch {
		case at < 0:
		case at+1 < len(d.attempts):
			f.fail(d, "attempt %d came %s after attempt %d, which got %s", at+2, span(d.attempts[at+1].At.Sub(d.attempts[at].At)), at+1, d.attempts[at].response)
		case g.now.Before(d.attempts[at].ended.Add(g.quiet())):
			f.missing = fmt.Sprintf("a retry would come after %s, and less has passed since the last success", span(g.quiet()))
		default:
			f.seen++
		}
	}
}

// gradeEnds checks that no attempt follows a failure that ends the delivery.
func gradeEnds(g *grading, f *found) {
	f.missing = notProvoked
	never := g.neverRetried(fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}) != ""
	if stops := len(g.retry.StopOn)+len(g.retry.On)+len(g.retry.Control) > 0 || g.ending() != 0; !never && !stops {
		f.absent = "by the policy, no response ends a delivery before its last attempt"
	}
	stated := false
	for _, d := range g.whole(f) {
		for i, a := range d.attempts {
			next := g.after(d, i)
			switch {
			case !a.known || a.success || next.again || a.ended.IsZero():
			case i+1 < len(d.attempts):
				f.fail(d, "attempt %d came %s after attempt %d; by the policy, %s", i+2, span(d.attempts[i+1].At.Sub(a.At)), i+1, next.why)
				g.unstated(f, next.rule)
				stated = stated || g.rules.States(next.rule)
			case g.now.Before(a.ended.Add(g.quiet())):
				f.missing = fmt.Sprintf("a retry would come after %s, and less has passed since %s", span(g.quiet()), a.response)
			default:
				f.seen++
			}
		}
	}
	if stated {
		f.assumed = ""
	}
}

// gradeEndpoint checks that nothing comes after a response that ends the endpoint.
func gradeEndpoint(g *grading, f *found) {
	if !slices.ContainsFunc(g.rules.Disable, func(rule fixtures.Disable) bool { return len(rule.On) > 0 }) {
		f.absent = "by the policy, no response ends an endpoint"
		return
	}
	f.missing = notProvoked
	g.unstated(f, fixtures.RuleDisable)
	end := g.end
	if end == nil {
		return
	}
	for _, d := range g.deliveries {
		// A request that was being sent then does not count. The delivery that got it has another
		// check.
		late := func(a *attempt) bool { return a.At.After(end.ended.Add(g.late)) }
		if at := slices.IndexFunc(d.attempts, late); at >= 0 && !slices.Contains(d.attempts, end) {
			f.fail(d, "attempt %d came %s after %s in capture %s (if the endpoint was enabled again, empty the bin)", at+1, span(d.attempts[at].At.Sub(end.At)), end.response, end.ID)
		}
	}
	if g.now.After(end.ended.Add(g.quiet())) {
		f.seen++
	}
}

// gradeRedirects checks that redirects are not followed, and are tried again as other failures.
func gradeRedirects(g *grading, f *found) {
	f.missing = notProvoked
	g.unstated(f, fixtures.RuleRedirects)
	most := g.rules.MaxRedirects()
	if most > 0 {
		f.absent = fmt.Sprintf("by the policy, up to %d redirects are followed", most)
		return
	}
	for _, d := range g.deliveries {
		for i, a := range d.attempts {
			if a.failure.Status < 300 || a.failure.Status > 399 {
				continue
			}
			to := a.location()
			if by := slices.IndexFunc(g.followed, func(b *attempt) bool { return sameTarget(b.Target, to) && b.Seq > a.Seq && b.At.Sub(a.At) < g.late }); by >= 0 {
				f.fail(d, "attempt %d got %s, and %s %s followed after %s (capture %s)", i+1, a.response, g.followed[by].Method, to, span(g.followed[by].At.Sub(a.At)), g.followed[by].ID)
				continue
			}
			if g.partial(d) {
				f.gone = firstGone
				continue
			}
			if !g.after(d, i).again && g.now.After(a.ended.Add(g.late)) {
				f.seen++ // by the policy, nothing follows it
				continue
			}
			g.gradeRetry(f, d, i)
		}
	}
}

// sameTarget reports whether a request went where a redirect leads to. A proxy before the bin may
// change the path.
func sameTarget(target, to string) bool {
	return target == to || strings.HasSuffix(target, redirected) && strings.HasSuffix(to, redirected)
}

// gradeSchedule checks the waits between attempts.
func gradeSchedule(g *grading, f *found) {
	if why := g.neverRetried(fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}); why != "" {
		f.absent = why
		return
	}
	f.missing = "no attempt failed and was tried again"
	g.unstated(f, fixtures.RuleWaits)
	for _, d := range g.whole(f) {
		for i := range len(d.attempts) - 1 {
			if _, asks := d.attempts[i].headers.Lookup("Retry-After"); asks && g.honoursRetryAfter() {
				continue // another check
			}
			if next := g.after(d, i); next.again && d.attempts[i].known && !d.attempts[i].ended.IsZero() {
				g.gradeWait(f, d, i, next, "documented")
			}
		}
	}
}

// gradeWait checks the wait between an attempt and the next.
func (g *grading) gradeWait(f *found, d *delivery, i int, next due, says string) {
	a, wait := d.attempts[i], d.attempts[i+1].At.Sub(d.attempts[i].ended)
	switch {
	case wait < next.least-early(next.least):
		f.fail(d, "attempt %d came %s after attempt %d (%s): too early; %s: %s", i+2, span(wait), i+1, a.response, says, window(next))
	case wait > next.most+g.tolerance(next.most):
		f.fail(d, "attempt %d came %s after attempt %d (%s): too late; %s: %s", i+2, span(wait), i+1, a.response, says, window(next))
	default:
		f.seen++
	}
}

// early is how much earlier than documented a retry may come: a tenth, or a second where the wait
// is long enough, because senders store times in seconds.
func early(wait time.Duration) time.Duration { return max(wait/10, min(time.Second, wait/4)) }

// window is the range of a wait, for a reader.
func window(next due) string {
	if next.most == next.least {
		return span(next.most)
	}
	return span(next.least) + " to " + span(next.most)
}

func (g *grading) honoursRetryAfter() bool {
	_, _, honoured := g.retry.RetryAfterClamp()
	return honoured
}

// gradeRetryAfter checks the waits after a response with Retry-After.
func gradeRetryAfter(g *grading, f *found) {
	if !g.honoursRetryAfter() {
		f.absent = "the policy does not mention Retry-After"
		return
	}
	f.missing = notProvoked
	for _, d := range g.whole(f) {
		for i, a := range d.attempts {
			value, asks := a.headers.Lookup("Retry-After")
			next := g.after(d, i)
			if !asks || !next.again {
				continue
			}
			if i+1 == len(d.attempts) {
				f.missing = fmt.Sprintf("no attempt followed the response with Retry-After: %s yet", value)
				continue
			}
			// A sender that does not read it must not pass because its wait is the same.
			plain := g.afterLines(d, i, nil)
			wait := d.attempts[i+1].At.Sub(a.ended)
			if plain.again && plain.least-early(plain.least) <= next.most && next.least-early(next.least) <= plain.most && wait <= plain.most+g.tolerance(plain.most) {
				f.missing = fmt.Sprintf("Retry-After: %s asks for the wait that the schedule has anyway (%s)", value, window(plain))
				continue
			}
			g.gradeWait(f, d, i, next, "Retry-After: "+value+" makes it")
		}
	}
}

// Why a check is inconclusive when an attempt got no response.
const (
	stillWaits  = "the sender may still wait for a response"
	serverEnded = "the server ended while the sender waited for a response"
)

// gradeTimeout checks how long the sender waits for a response.
func gradeTimeout(g *grading, f *found) {
	f.missing = notProvoked
	g.unstated(f, fixtures.RuleTimeout)
	for _, d := range g.deliveries {
		for i, a := range d.attempts {
			if a.Response == nil || !a.Response.Hang {
				continue
			}
			limit, most := g.timeout(a), g.patience(a)
			switch {
			case a.lost:
				f.missing = serverEnded
			case a.ended.IsZero() && i+1 < len(d.attempts):
				f.missing = "the sender tried again and left the connection open, so nobody knows how long it waited"
			case a.ended.IsZero() && g.now.Sub(a.At) >= most:
				f.fail(d, "attempt %d still waits for a response after %s; documented: %s, and at most %s pass", i+1, span(g.now.Sub(a.At)), span(limit), span(most))
			case a.ended.IsZero():
				f.missing = stillWaits
			case a.ended.Sub(a.At) > most:
				f.fail(d, "attempt %d was given up only after %s; documented: %s, and at most %s pass", i+1, span(a.ended.Sub(a.At)), span(limit), span(most))
			case a.ended.Sub(a.At) < limit-max(limit/10, min(time.Second, limit/4)):
				f.fail(d, "attempt %d was given up after %s; documented: %s", i+1, span(a.ended.Sub(a.At)), span(limit))
			default:
				f.seen++
			}
		}
	}
}

// timeout is how long an attempt waits for a response, by the policy.
func (g *grading) timeout(a *attempt) time.Duration {
	if limit := g.retry.For(g.event(a), a.failure).Timeout; limit > 0 {
		return limit
	}
	return g.rules.Timeout
}

// gradeOrder checks that events wait for the one before.
func gradeOrder(g *grading, f *found) {
	lane := path
	switch g.rules.Ordering {
	case "per_endpoint_fifo":
		f.missing = "no event came while another waited"
	case "per_entity_fifo":
		if lane = g.entity; !g.namesEntities() {
			f.absent = "the file of the provider does not say which entity an event is about: give its journeys a key"
			return
		}
		f.missing = "no event came while another about the same entity waited: send several about one entity"
	default:
		f.absent = "the provider promises no order"
		return
	}
	g.unstated(f, fixtures.RuleOrdering)
	lanes := map[string][]*delivery{}
	for _, d := range g.whole(f) {
		if name := lane(d); name != "" {
			lanes[name] = append(lanes[name], d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lanes)) {
		g.gradeLane(f, lanes[name])
	}
}

// path is the path that a delivery goes to.
func path(d *delivery) string {
	path, _, _ := strings.Cut(d.attempts[0].Target, "?")
	return path
}

// entity is the path and the entity of the event of a delivery, or "".
func (g *grading) entity(d *delivery) string {
	e, ok := g.provider.Recognise(d.attempts[0].Message)
	if !ok {
		return ""
	}
	key := g.provider.EntityOf(&e)
	if key == "" {
		return ""
	}
	return path(d) + "\x00" + key
}

// namesEntities reports whether the provider's file says where an event names its entity.
func (g *grading) namesEntities() bool {
	return slices.ContainsFunc(g.provider.Journeys, func(j fixtures.JourneyType) bool { return j.Key != "" })
}

// gradeLane checks the order of deliveries that wait for each other.
func (g *grading) gradeLane(f *found, lane []*delivery) {
	for _, d := range lane {
		for i, a := range d.attempts {
			end := a.ended
			if g.rules.Blocks() && i+1 < len(d.attempts) {
				end = d.attempts[i+1].At
			}
			if end.Sub(a.At) >= shortest {
				gradeWaiting(f, lane, d, a, end)
			}
		}
	}
}

// shortest is the shortest time in which another request shows that it did not wait.
const shortest = 100 * time.Millisecond

// gradeWaiting checks that no other event comes between an attempt and a later time.
func gradeWaiting(f *found, lane []*delivery, d *delivery, a *attempt, end time.Time) {
	later := false
	for _, other := range lane {
		start := other.attempts[0]
		if other == d {
			continue
		}
		if start.At.After(a.At) && start.At.Before(end.Add(-shortest/2)) {
			f.fail(other, "it came %s after an attempt of %s, which was not done for %s", span(start.At.Sub(a.At)), d.name(), span(end.Sub(a.At)))
			return
		}
		later = later || start.At.After(a.At)
	}
	if later {
		f.seen++
	}
}

// span is a duration for a reader.
func span(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

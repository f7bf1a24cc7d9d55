package exam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// Check makes one check, with a good delivery before and after it. It returns an error when the
// server failed, or the context ended.
func (e *Exam) Check(ctx context.Context, id string) (Result, error) {
	i := slices.IndexFunc(e.checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Result{}, fmt.Errorf("%w: %w", ErrConsumer, unknownWord(e.checks, id))
	}
	check := &e.checks[i]
	start := time.Now()
	g := &grading{Exam: e, check: check, scenario: check.scenario}
	if err := g.make(ctx); err != nil {
		return Result{}, err
	}
	if g.verdict == Inconclusive && g.untimely {
		// A busy machine makes responses late: a second look tells it from the consumer.
		first := g.why
		g = &grading{Exam: e, check: check, scenario: check.scenario, again: true}
		if err := g.make(ctx); err != nil {
			return Result{}, err
		}
		if g.verdict == Inconclusive && g.why != first {
			g.why += "\nbefore that, the check ended like this: " + first
		}
	}
	r := g.result()
	r.TookMS = milliseconds(time.Since(start))
	e.results = append(e.results, r)
	if e.consumer.Progress != nil {
		e.consumer.Progress(r)
	}
	return r, nil
}

// grading is one check that is being made.
type grading struct {
	*Exam
	check    *Check
	scenario *scenarios.Scenario
	verdict  Verdict
	why      string
	exchange *scenarios.Exchange
	last     float64 // the effect when it was compared
	exact    bool    // curl sends the request of the exchange as it was sent
	again    bool    // the check is made a second time
	untimely bool    // it is inconclusive because something did not come in time
	lacks    scenarios.Need
}

// set sets the result.
func (g *grading) set(v Verdict, exchange *scenarios.Exchange, format string, args ...any) {
	g.verdict, g.exchange, g.why = v, exchange, fmt.Sprintf(format, args...)
}

// make makes the check. Its steps end as soon as the result is clear.
func (g *grading) make(ctx context.Context) error {
	g.verdict = Pass
	c := &g.consumer
	if reason := c.Skip[g.check.ID]; reason != "" {
		g.set(Skipped, nil, "%s", reason)
		return nil
	}
	if why := notApplicable(&g.check.Applies, g.provider, g.life); why != "" {
		g.set(NotApplicable, nil, "%s", why)
		return nil
	}
	if slices.Contains(g.check.Needs, scenarios.NeedsReview) {
		g.set(NotApplicable, nil, "no request can show it, so look at the code: %s", g.check.Fix)
		return nil
	}
	if g.problem != "" {
		g.set(Inconclusive, nil, "%s", g.problem)
		return nil
	}
	if missing := g.missing(scenarios.NeedsRestart, scenarios.NeedsOldSecret, scenarios.NeedsState); missing != "" {
		g.set(Inconclusive, nil, "%s", missing)
		return nil
	}
	if slices.Contains(g.check.Needs, scenarios.NeedsVerification) {
		if err := g.tryForgery(ctx); err != nil {
			return err
		}
		if g.forgery == accepted {
			g.set(Inconclusive, nil, "the consumer takes a signature made with another secret, so nothing here shows that it checks any")
			return nil
		}
	}
	return g.play(ctx)
}

// missing returns what the run must give for the check and does not, or "". With an effect that is
// of no use, the run lacks nothing: that is a problem.
func (g *grading) missing(of ...scenarios.Need) string {
	g.lacks = ""
	c := &g.consumer
	if g.check.Effect != "" && c.Effect != nil && g.meter.problem != "" && slices.Contains(of, scenarios.NeedsEffect) {
		return g.meter.problem
	}
	for _, need := range g.check.Needs {
		if !slices.Contains(of, need) {
			continue
		}
		why := ""
		switch {
		case need == scenarios.NeedsRestart && c.Restart == nil:
			why = "it restarts the consumer: give --restart (in Go: Restart)"
		case need == scenarios.NeedsOldSecret && c.OldSecret == "":
			why = "it signs with a second secret that the consumer accepts: give --old-secret (in Go: OldSecret)"
		case need == scenarios.NeedsState && c.State == nil:
			why = "it reads the state of one entity: give --state (in Go: StateFunc)"
		case need == scenarios.NeedsEffect && c.Effect == nil:
			why = "the answers are right, but the answers do not show what the consumer did: give --effect (in Go: EffectFunc)"
		}
		if why != "" {
			g.lacks = need
			return why
		}
	}
	return ""
}

// play makes a good delivery, plays the scenario, and makes another good delivery.
func (g *grading) play(ctx context.Context) error {
	if !g.fresh {
		a, err := g.deliver(ctx)
		if err != nil {
			return err
		}
		if !a.accepted() {
			g.exact = true
			g.set(Inconclusive, a.exchange, "the good delivery before it was not accepted: %s", &a)
			return nil
		}
	}
	before, measured, err := g.before(ctx)
	if err != nil {
		return err
	}
	seed := g.seedOf(g.check.ID)
	if g.again {
		seed = g.seedOf(g.check.ID + " again")
	}
	report, err := g.run(ctx, g.scenario, seed)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.meter.working = g.meter.working || inBackground(g.scenario) || unanswered(&report)
	g.read(&report, err)
	measured = measured && g.comparable(&report)
	if g.verdict == Pass && measured {
		if err := g.compareEffect(ctx, before, &report); err != nil {
			return err
		}
	}
	if g.verdict == Pass && len(g.check.State) > 0 {
		if err := g.compareStates(ctx, &report); err != nil {
			return err
		}
	}
	if g.verdict == NotApplicable {
		return nil
	}
	if err := g.after(ctx); err != nil {
		return err
	}
	if g.verdict == Pass && measured {
		if err := g.compareAfter(ctx); err != nil {
			return err
		}
	}
	if g.verdict == Pass {
		if missing := g.missing(scenarios.NeedsEffect); missing != "" {
			g.set(Inconclusive, nil, "%s", missing)
		}
	}
	if g.verdict == Pass && !measured && (g.check.Effect == scenarios.EachEffect || g.check.Effect == scenarios.OneEffect) {
		return g.doubt(ctx)
	}
	return nil
}

// doubt makes a check inconclusive that passed only because the consumer accepts what it must,
// when it accepts a forgery too: it may look at nothing.
func (g *grading) doubt(ctx context.Context) error {
	if err := g.tryForgery(ctx); err != nil {
		return err
	}
	if g.forgery == accepted {
		g.set(Inconclusive, nil, "the consumer accepts forgeries too, so its answers prove nothing")
		if g.consumer.Effect == nil {
			g.why += ": give --effect (in Go: EffectFunc)"
		}
	}
	return nil
}

// before reads the effect before the check, if there is one that the check uses.
func (g *grading) before(ctx context.Context) (value float64, ok bool, err error) {
	if g.check.Effect == "" || !g.meter.usable() {
		return 0, false, nil
	}
	now, err := g.meter.now(ctx)
	if err != nil {
		return 0, false, g.meter.note(ctx, err)
	}
	return now, true, nil
}

// read reads the report of the scenario.
func (g *grading) read(report *scenarios.Report, err error) {
	if errors.Is(err, scenarios.ErrNoConsumer) {
		// It may be that no connection came in time.
		g.fresh, g.untimely = false, true
		g.set(Inconclusive, nil, "a request could not be sent: %s", strings.TrimPrefix(reason(err), scenarios.ErrNoConsumer.Error()+" "))
		return
	}
	impossible, played := "", false
	for i := range report.Steps {
		s := &report.Steps[i]
		if s.Status == scenarios.Skipped && s.Verb == "deliver" {
			if _, why, ok := strings.Cut(s.Detail, `fault "`); ok {
				impossible = `fault "` + why
			}
		}
		played = played || s.Verb != "subscribe" && len(s.Exchanges) > 0 || s.Verb == "burst" && s.Status != scenarios.Skipped
	}
	if !played && impossible != "" {
		g.set(NotApplicable, nil, "the provider's requests cannot be like that: %s", impossible)
		return
	}
	g.fresh = false
	if e := limited(report); e != nil && g.check.Theme != "load" {
		g.set(Inconclusive, e, "the consumer limits the rate: it answers 429")
		return
	}
	failed := report.Failed()
	slices.SortStableFunc(failed, func(a, b scenarios.StepReport) int { return severity(a.Status) - severity(b.Status) })
	if len(failed) == 0 {
		return
	}
	s := &failed[0]
	g.untimely = s.Status == scenarios.Inconclusive || s.Unanswered
	exchange := wrongExchange(s)
	g.exact = exactly(report, exchange)
	switch {
	case s.Status == scenarios.Failed && s.Unanswered && g.check.Theme != "load":
		g.set(Inconclusive, exchange, "%s\nthe consumer may have acted on the request, so nothing follows from this", s.Detail)
	case s.Status == scenarios.Failed:
		g.set(Fail, exchange, "%s", s.Detail)
	default:
		g.set(Inconclusive, exchange, "step %s: %s", s.ID, s.Detail)
	}
}

// unanswered reports whether requests were sent without a response. The consumer may act on them
// after the check, where the effect would count for the next one.
func unanswered(report *scenarios.Report) bool {
	for i := range report.Steps {
		for k := range report.Steps[i].Exchanges {
			if e := &report.Steps[i].Exchanges[k]; e.Attempt > 0 && e.Status == 0 && e.Outcome != mockserver.NotSent {
				return true
			}
		}
	}
	return false
}

// inBackground reports whether deliveries of a scenario may be under way when it ends.
func inBackground(s *scenarios.Scenario) bool {
	return slices.ContainsFunc(s.Steps, func(s scenarios.Step) bool { return s.Deliver != nil && s.Deliver.Background })
}

// reason returns the last part of an error of a run: what it says without the scenario and the
// step.
func reason(err error) string {
	text := err.Error()
	if at := strings.Index(text, scenarios.ErrNoConsumer.Error()); at >= 0 {
		text = text[at:]
	}
	return text
}

// limited returns an exchange in which the consumer refused a request because there were too many,
// or nil.
func limited(report *scenarios.Report) *scenarios.Exchange {
	for i := range report.Steps {
		for k := range report.Steps[i].Exchanges {
			if e := &report.Steps[i].Exchanges[k]; e.Status == 429 {
				return e
			}
		}
	}
	return nil
}

// exactly reports whether the request of an exchange was sent as others are: no fault changed how
// its bytes went over the connection.
func exactly(report *scenarios.Report, e *scenarios.Exchange) bool {
	if e == nil {
		return false
	}
	for i := range report.Steps {
		for _, d := range report.Steps[i].Deliveries {
			if d.ID == e.ID {
				return !slices.ContainsFunc(d.Faults, func(f string) bool { return strings.HasPrefix(f, "transport:") })
			}
		}
	}
	return false
}

// severity orders the statuses of steps: those that say most about the consumer come first.
func severity(s scenarios.Status) int {
	return slices.Index([]scenarios.Status{scenarios.Failed, scenarios.Errored, scenarios.Inconclusive}, s)
}

// wrongExchange returns the exchange that a step failed for: the last attempt of the first
// delivery, as those that are not as expected come first.
func wrongExchange(s *scenarios.StepReport) *scenarios.Exchange {
	var wrong *scenarios.Exchange
	for i := range s.Exchanges {
		if wrong == nil || s.Exchanges[i].ID == wrong.ID {
			wrong = &s.Exchanges[i]
		}
	}
	return wrong
}

// compareEffect compares what the consumer did with what the check allows.
func (g *grading) compareEffect(ctx context.Context, before float64, report *scenarios.Report) error {
	if g.meter.unit <= 0 {
		g.set(Inconclusive, nil, "what one good delivery changes was not measured, so there is nothing to compare the effect with")
		return nil
	}
	least, most := g.allowed(report)
	greetings := g.meter.greeting * float64(subscriptions(report))
	change, err := g.meter.change(ctx, before, least*g.meter.unit+greetings)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		g.set(Inconclusive, nil, "the effect cannot be read: %v", err)
		return nil
	}
	acted := (change - greetings) / g.meter.unit
	g.last = before + change
	switch {
	case acted >= least && acted <= most:
	case most == 0:
		g.exact = exactly(report, lastExchange(report))
		g.set(Fail, lastExchange(report), "the answers are right, but the consumer acted on it: the effect changed by %v, from %v to %v", change, before, before+change)
	default:
		want := fmt.Sprint(least)
		if least != most {
			want = "at most " + fmt.Sprint(most)
		}
		g.exact = exactly(report, lastExchange(report))
		g.set(Fail, lastExchange(report), "want the effect of %s good deliveries, got that of %v: it changed by %v, from %v to %v (one good delivery changes it by %v)",
			want, acted, change, before, before+change, g.meter.unit)
	}
	return nil
}

// comparable reports whether the effects of the check can be compared with those of good
// deliveries: events of another type may change more or less.
func (g *grading) comparable(report *scenarios.Report) bool {
	return g.check.Effect == scenarios.NoEffect || !slices.ContainsFunc(report.Steps, func(s scenarios.StepReport) bool {
		return s.Verb == "deliver" && slices.ContainsFunc(s.Deliveries, func(d scenarios.DeliveryReport) bool { return d.Event != g.event })
	})
}

// allowed returns on how many deliveries the consumer must act, and may act.
func (g *grading) allowed(report *scenarios.Report) (least, most float64) {
	events := float64(report.Counts.Events - report.Counts.Handshakes)
	switch g.check.Effect {
	case scenarios.OneEffect:
		return events, events
	case scenarios.OneAtMost:
		return 0, events
	case scenarios.EachEffect:
		sent := float64(report.Counts.Deliveries + report.Counts.Acknowledged)
		return sent, sent
	}
	return 0, 0
}

// subscriptions returns how many subscribe steps were played.
func subscriptions(report *scenarios.Report) int {
	n := 0
	for i := range report.Steps {
		if s := &report.Steps[i]; s.Verb == "subscribe" && s.Status != scenarios.Skipped {
			n++
		}
	}
	return n
}

// lastExchange returns the last exchange of a report, or nil.
func lastExchange(report *scenarios.Report) *scenarios.Exchange {
	for i := range slices.Backward(report.Steps) {
		if list := report.Steps[i].Exchanges; len(list) > 0 {
			return &list[len(list)-1]
		}
	}
	return nil
}

// compareStates compares the states of the entities of the check's steps.
func (g *grading) compareStates(ctx context.Context, report *scenarios.Report) error {
	var entities []string
	for _, id := range g.check.State {
		at := slices.IndexFunc(report.Steps, func(s scenarios.StepReport) bool { return s.ID == id })
		if at < 0 || len(report.Steps[at].Entities) == 0 {
			g.set(NotApplicable, nil, "the events of %s name no entity", g.provider.Name)
			return nil
		}
		entities = append(entities, report.Steps[at].Entities[0])
	}
	states, err := g.meter.states(ctx, entities)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		g.set(Inconclusive, nil, "the state cannot be read: %v", err)
	case states[0] == "null":
		g.set(Inconclusive, nil, "the state of %s, whose events came in order, is null: does --state select it?", entities[0])
	default:
		for i := range states[1:] {
			if states[i+1] != states[0] {
				g.set(Fail, lastExchange(report), "the same events in order left %s as %s, and in another order %s as %s",
					entities[0], short(states[0]), entities[i+1], short(states[i+1]))
				return nil
			}
		}
	}
	return nil
}

// after makes the good delivery after the check.
func (g *grading) after(ctx context.Context) error {
	a, err := g.deliver(ctx)
	if err != nil {
		return err
	}
	if a.accepted() {
		return nil
	}
	lost := a.lost()
	for limit := time.Now().Add(2 * time.Second); a.lost() && time.Now().Before(limit); {
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if a, err = g.deliver(ctx); err != nil {
			return err
		}
	}
	switch {
	case lost && !a.accepted():
		g.problem = fmt.Sprintf("nothing listens at %s any more, since check %s", g.consumer.URL, g.check.ID)
		g.set(Fail, g.exchange, "the consumer does not listen any more after it: it has crashed or stopped")
	case lost:
		g.set(Fail, g.exchange, "the consumer did not listen for a while after it: it has probably crashed and was started again")
	case a.status() == 429:
		g.set(Inconclusive, a.exchange, "the consumer limits the rate: it answers 429 to a good delivery")
	default:
		g.exact = true
		g.set(Fail, a.exchange, "the good delivery after it was not accepted: %s", &a)
	}
	return nil
}

// compareAfter checks that the consumer acted on the good delivery after the check too.
func (g *grading) compareAfter(ctx context.Context) error {
	want := g.meter.unit + g.meter.greeting
	change, err := g.meter.reach(ctx, g.last, want)
	if err != nil {
		return g.meter.note(ctx, err)
	}
	if g.meter.settled = change >= want; !g.meter.settled {
		g.set(Fail, g.exchange, "the good delivery after it was accepted, but the consumer did not act on it: the effect changed by %v", change)
	}
	return nil
}

// result returns the result of the check.
func (g *grading) result() Result {
	c := g.check
	r := Result{ID: c.ID, Title: c.Title, Level: c.Level, Theme: c.Theme, Result: g.verdict, Why: g.why, Sources: c.Sources}
	if r.Result == Fail || r.Result == Inconclusive {
		r.Exchange = g.exchange
		if g.exact {
			r.Curl = curl(g.consumer.URL, g.exchange)
		}
		r.Command = g.command()
	}
	if r.Result == Inconclusive {
		r.Missing = g.lacks
	}
	if r.Expect(g.consumer.Known[c.ID], g.consumer.Strict) {
		r.Command = g.command()
		return r
	}
	if r.Result != Fail {
		return r
	}
	r.Matters, r.Fix, r.Hint = c.Why, c.Fix, c.Hint
	if a := c.assumption(g.provider); a != nil {
		r.Result = Warn
		r.Why += fmt.Sprintf("\nno document states this rule: %s (%s)", a.Text, a.ID)
	}
	return r
}

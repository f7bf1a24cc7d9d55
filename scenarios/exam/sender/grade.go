package sender

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// ErrOptions means that Options have wrong values, such as an unknown check.
var ErrOptions = errors.New("invalid options")

// Options say what a sender is compared with.
type Options struct {
	// Bin that recorded the requests, for the report.
	Bin string
	// Provider is what the sender should send and how.
	Provider *fixtures.Provider
	// Catalogue is what Provider is from, for its options; nil is fixtures.Builtin.
	Catalogue *fixtures.Catalogue
	// Retry is the retry profile, as in fixtures.Provider.RulesFor: "" is the provider's default.
	Retry string
	// Secrets are those that the sender signs with. Without any, signatures are not checked.
	Secrets []string
	// URL as registered at the sender, for schemes that sign it; "" is the address of each request.
	URL string
	// Skip leaves out checks, by id; the value is the reason.
	Skip map[string]string
	// Known are checks that are known to fail, by id; the value is the reason. Such a check must
	// fail.
	Known map[string]string
	// Strict makes a check fail that is inconclusive.
	Strict bool
	// Only selects checks by id, theme or level; none is all.
	Only []string
	// Now is the time of the grading: a retry that was due before and did not come is missing. Zero
	// is the time of the newest capture.
	Now time.Time
	// Late is how much later than documented a retry may come, in addition to a tenth of the wait;
	// 0 is 2 s.
	Late time.Duration
	// Evicted says that the bin had older captures and evicted them: what may have begun before the
	// oldest one is then inconclusive, where that matters.
	Evicted bool
	// Began is when the bin's server started: how long a sender waited before, in vain, is not
	// known if the server ended meanwhile. Zero is before all captures.
	Began time.Time
}

// defaultLate is the zero Options.Late.
const defaultLate = 2 * time.Second

// MaxCaptures is the largest number of captures that are graded: the newest.
const MaxCaptures = 10_000

// Grade makes all checks on what a sender sent, with the responses that it got. Errors wrap
// ErrOptions or fixtures.ErrUnknownRetry.
func Grade(captures []mockserver.Capture, o Options) (exam.Report, error) {
	g, err := newGrading(captures, o)
	if err != nil {
		return exam.Report{}, err
	}
	r := exam.Report{
		Sender: &exam.Sender{
			Bin: o.Bin, Retry: cmp.Or(o.Retry, g.provider.Delivery.Retry), Captures: len(g.attempts), Deliveries: len(g.deliveries),
		},
		URL: o.Bin, Provider: g.provider.Name, Started: g.now.UTC(), Notes: g.notes, Checks: []exam.Result{},
	}
	if len(g.attempts) == 0 {
		r.Problem = noRequest
	}
	for i := range g.checks {
		r.Add(g.make(&g.checks[i]))
	}
	return r, nil
}

// grading is the grading of one sender.
type grading struct {
	o          Options
	checks     []Check
	provider   *fixtures.Provider
	rules      fixtures.Rules
	retry      fixtures.Retry
	now        time.Time
	late       time.Duration
	attempts   []*attempt // without those that followed a redirect
	followed   []*attempt // those that did
	redirected []*attempt // whose response was a redirect
	end        *attempt   // the first whose response ends the endpoint, or nil
	deliveries []*delivery
	cut        time.Time     // when the oldest capture came, if those before it are gone; zero: all are there
	longest    time.Duration // between two attempts; only with cut
	notes      []string
	verifier   *signature.Verifier // nil: nothing to check signatures with
}

func newGrading(captures []mockserver.Capture, o Options) (*grading, error) {
	if o.Provider == nil {
		return nil, fmt.Errorf("%w: no provider: want the one whose file says what the sender should do", ErrOptions)
	}
	g := &grading{o: o, provider: o.Provider, now: o.Now, late: cmp.Or(o.Late, defaultLate)}
	var err error
	if g.checks, err = o.selected(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if g.rules, g.retry, err = o.Provider.RulesFor(o.Retry); err != nil {
		return nil, err
	}
	captures = slices.Clone(captures)
	slices.SortStableFunc(captures, func(a, b mockserver.Capture) int { return cmp.Compare(a.Seq, b.Seq) })
	switch skip := len(captures) - MaxCaptures; {
	case skip > 0:
		captures = captures[skip:]
		g.cut = captures[0].At
		g.notes = append(g.notes, fmt.Sprintf("the bin has more captures: the newest %d are graded, and what may have begun before them is inconclusive", MaxCaptures))
	case o.Evicted && len(captures) > 0:
		g.cut = captures[0].At
		g.notes = append(g.notes, "the bin has evicted older captures, and what may have begun before the oldest one is inconclusive: "+keepMore)
	}
	if !g.cut.IsZero() {
		g.longest = g.longestWait()
	}
	for i := range captures {
		g.add(&captures[i])
		if o.Now.IsZero() && captures[i].At.After(g.now) {
			g.now = captures[i].At
		}
	}
	g.group()
	return g, g.verify()
}

// keepMore is how a bin does not lose captures. After an eviction it stays a bin that lost some.
const keepMore = "let the server keep more (hookrig serve --keep-captures, --keep-bytes), and use another bin"

// selected returns the checks that Only selects, and an error for a word that names nothing.
func (o *Options) selected() ([]Check, error) {
	for _, list := range []struct {
		option  string
		reasons map[string]string
	}{{"skip", o.Skip}, {"known", o.Known}} {
		for id, reason := range list.reasons {
			if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == id }) {
				return nil, fmt.Errorf("%s: there is no check %q: %s", list.option, id, hint(id))
			}
			if reason == "" {
				return nil, fmt.Errorf("%s %s: want a reason", list.option, id)
			}
		}
	}
	return Select(o.Only...)
}

// verify checks the signatures of all attempts, if there is something to check them with.
func (g *grading) verify() error {
	if len(g.provider.Signing.Signatures) == 0 || len(g.o.Secrets) == 0 {
		return nil
	}
	var err error
	if g.verifier, err = signature.NewVerifier(&g.provider.Signing, g.o.Secrets...); err != nil {
		return err
	}
	for _, a := range g.attempts {
		a.signed = g.verifier.Verify(a.Message, g.context(a))
	}
	return nil
}

// make makes one check.
func (g *grading) make(c *Check) exam.Result {
	r := exam.Result{ID: c.ID, Title: c.Title, Level: c.Level, Theme: c.Theme, Sources: g.sources(c)}
	switch why := g.o.Skip[c.ID]; {
	case why != "":
		r.Result, r.Why = exam.Skipped, why
		return r
	case len(g.attempts) == 0:
		r.Result, r.Why = exam.Inconclusive, noRequest
		return r
	}
	f := &found{}
	c.grade(g, f)
	r.Result, r.Why = f.result()
	if r.Expect(g.o.Known[c.ID], g.o.Strict) || r.Result != exam.Fail {
		return r
	}
	r.Matters, r.Fix = c.Matters, c.Fix
	if c.Theme != ThemeRequest {
		r.Attempts = f.list()
	}
	if f.assumed != "" {
		r.Result = exam.Warn
		r.Why += "\nno document states this rule: " + f.assumed
	}
	return r
}

const noRequest = "the bin has no request: let your sender send events to it"

// unstated notes that a rule rests on a part of the policy that no document states.
func (g *grading) unstated(f *found, parts ...string) {
	for _, part := range parts {
		if !g.rules.States(part) {
			f.assumed = fmt.Sprintf("the policy of %s does not state its %s", cmp.Or(g.o.Retry, g.provider.Title), part)
		}
	}
}

// sources returns the documents that a rule comes from.
func (g *grading) sources(c *Check) []string {
	if len(c.Sources) > 0 {
		return c.Sources
	}
	var list []string
	for _, s := range g.provider.Sources {
		list = append(list, cmp.Or(s.URL, s.Title))
	}
	return list
}

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
)

// ErrOptions means that Options have wrong values, such as an unknown check.
var ErrOptions = errors.New("invalid options")

// Options say what a sender is compared with.
type Options struct {
	// Bin that recorded the requests, for the report.
	Bin string
	// Provider is what the sender should send and how.
	Provider *fixtures.Provider
	// Retry is the retry profile, as in fixtures.Provider.RulesFor: "" is the provider's default.
	Retry string
	// Secrets are those that the sender signs with. Without any, signatures are not checked.
	Secrets []string
	// URL as registered at the sender, for schemes that sign it; "" is the address of each request.
	URL string
	// Skip leaves out checks, by id; the value is the reason.
	Skip map[string]string
	// Now is the time of the grading: a retry that was due before and did not come is missing. Zero
	// is the time of the newest capture.
	Now time.Time
	// Late is how much later than documented a retry may come, in addition to a tenth of the wait;
	// 0 is 2 s.
	Late time.Duration
}

// defaultLate is the zero Options.Late.
const defaultLate = 2 * time.Second

// MaxCaptures is the largest number of captures that are graded: the newest.
const MaxCaptures = 10_000

// Grade makes all checks on what a sender sent, with the responses that it got. Errors wrap
// ErrOptions or fixtures.ErrUnknownRetry.
func Grade(captures []mockserver.Capture, o Options) (Report, error) {
	g, err := newGrading(captures, o)
	if err != nil {
		return Report{}, err
	}
	r := Report{
		Bin: o.Bin, Provider: g.provider.Name, Retry: cmp.Or(o.Retry, g.provider.Delivery.Retry),
		Captures: len(g.attempts), Deliveries: len(g.deliveries), At: g.now.UTC(), Notes: g.notes, Checks: []Result{},
	}
	if len(g.attempts) == 0 {
		r.Problem = "the bin has no request: let your sender send events to it"
	}
	for _, c := range checks() {
		result := g.make(&c)
		r.Checks = append(r.Checks, result)
		r.Score.add(&result)
	}
	return r, nil
}

// grading is the grading of one sender.
type grading struct {
	o          Options
	provider   *fixtures.Provider
	rules      fixtures.Rules
	retry      fixtures.Retry
	now        time.Time
	late       time.Duration
	attempts   []*attempt // without those that followed a redirect
	followed   []*attempt // those that did
	deliveries []*delivery
	notes      []string
}

func newGrading(captures []mockserver.Capture, o Options) (*grading, error) {
	if o.Provider == nil {
		return nil, fmt.Errorf("%w: no provider: want the one whose file says what the sender should do", ErrOptions)
	}
	for id := range o.Skip {
		if !slices.ContainsFunc(checks(), func(c check) bool { return c.id == id }) {
			return nil, fmt.Errorf("%w: skip %q: there is no such check", ErrOptions, id)
		}
	}
	g := &grading{o: o, provider: o.Provider, now: o.Now, late: cmp.Or(o.Late, defaultLate)}
	var err error
	if g.rules, g.retry, err = o.Provider.RulesFor(o.Retry); err != nil {
		return nil, err
	}
	captures = slices.Clone(captures)
	slices.SortStableFunc(captures, func(a, b mockserver.Capture) int { return cmp.Compare(a.Seq, b.Seq) })
	if skip := len(captures) - MaxCaptures; skip > 0 {
		captures = captures[skip:]
		g.notes = append(g.notes, fmt.Sprintf("the bin has more captures: the newest %d are graded", MaxCaptures))
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

// verify checks the signatures of all attempts.
func (g *grading) verify() error {
	v, err := g.verifier()
	if v == nil {
		return err
	}
	for _, a := range g.attempts {
		a.signed = v.Verify(a.Message, g.context(a))
	}
	return nil
}

// verifier returns nil when there is nothing to check with.
func (g *grading) verifier() (*signature.Verifier, error) {
	if len(g.provider.Signing.Signatures) == 0 || len(g.o.Secrets) == 0 {
		return nil, nil
	}
	return signature.NewVerifier(&g.provider.Signing, g.o.Secrets...)
}

// make makes one check.
func (g *grading) make(c *check) Result {
	r := Result{ID: c.id, Title: c.title, Level: c.level, Theme: c.theme, Sources: g.sources(c)}
	if why := g.o.Skip[c.id]; why != "" {
		r.Result, r.Why = Skipped, why
		return r
	}
	f := &found{}
	if len(g.attempts) == 0 {
		r.Result, r.Why = Inconclusive, "the bin has no request"
		return r
	}
	c.grade(g, f)
	r.Result, r.Why = f.result()
	if r.Result != Fail {
		return r
	}
	r.Matters, r.Fix, r.Attempts = c.matters, c.fix, f.list()
	if f.assumed != "" {
		r.Result = Warn
		r.Why += "\nno document states this rule: " + f.assumed
	}
	return r
}

// sources returns the titles of the documents that a rule comes from.
func (g *grading) sources(c *check) []string {
	if len(c.sources) > 0 {
		return c.sources
	}
	var titles []string
	for _, s := range g.provider.Sources {
		titles = append(titles, cmp.Or(s.URL, s.Title))
	}
	return titles
}

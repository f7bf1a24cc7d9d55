package exam

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/scenarios"
)

// Verdict is the result of a check.
type Verdict string

// The results of a check.
const (
	Pass          Verdict = "pass"
	Warn          Verdict = "warn" // wrong by a rule that no document states
	Fail          Verdict = "fail"
	NotApplicable Verdict = "not_applicable" // the provider's requests are not like that
	Inconclusive  Verdict = "inconclusive"   // something that the check needs is missing
	Skipped       Verdict = "skipped"        // the user left it out
)

// Result is the result of one check.
type Result struct {
	// ID of the check; its Level, Theme and Title.
	ID    string          `json:"id"`
	Title string          `json:"title"`
	Level scenarios.Level `json:"level"`
	Theme scenarios.Theme `json:"theme"`
	// Result of the check.
	Result Verdict `json:"result"`
	// Why is what was found, in words. It is "" for a check that passed.
	Why string `json:"why,omitempty"`
	// Missing is what an inconclusive check needs and the run does not give, such as an effect. It
	// is "" when the exam could not tell although it had all.
	Missing scenarios.Need `json:"missing,omitempty"`
	// Matters says what goes wrong in production when the check fails.
	Matters string `json:"matters,omitempty"`
	// Fix says what to change in the consumer.
	Fix string `json:"fix,omitempty"`
	// Hint is the name of the code example that belongs to the fix.
	Hint string `json:"hint,omitempty"`
	// Sources are the documents that the rule comes from.
	Sources []string `json:"sources,omitempty"`
	// Known is why the check is known to fail.
	Known string `json:"known,omitempty"`
	// Exchange is the request and the response that decided the result.
	Exchange *scenarios.Exchange `json:"exchange,omitempty"`
	// Attempts are those of a sender that decided the result, up to 20.
	Attempts []Attempt `json:"attempts,omitempty"`
	// Curl is the request of the exchange as a command; "" when curl cannot send it.
	Curl string `json:"curl,omitempty"`
	// Command repeats the check.
	Command string `json:"command,omitempty"`
	// TookMS is the duration of the check in milliseconds.
	TookMS float64 `json:"took_ms"`
}

// Expect compares the result with what the user expects: with known, the reason of a known failure,
// a check that passes fails; with strict, one that is inconclusive. It reports whether it made the
// check fail.
func (c *Result) Expect(known string, strict bool) bool {
	switch {
	case c.Result == Pass && known != "":
		c.Result, c.Why = Fail, fmt.Sprintf("it was known to fail (%s), and passes: remove it from the known failures", known)
		return true
	case c.Result == Inconclusive && strict:
		c.Result, c.Why = Fail, "it is inconclusive: "+c.Why
		return true
	case c.Result == Fail:
		c.Known = known
	}
	return false
}

// Failed reports whether the check failed, and was not known to.
func (c *Result) Failed() bool { return c.Result == Fail && c.Known == "" }

// Attempt is one attempt of a delivery that a sender made.
type Attempt struct {
	// Delivery is the id of the event, or what else tells the delivery from others.
	Delivery string `json:"delivery"`
	// N is the number of the attempt, from 1.
	N int `json:"n"`
	// Capture is the id of the capture.
	Capture string `json:"capture"`
	// At is when the request arrived.
	At time.Time `json:"at"`
	// AfterMS is how many milliseconds after the attempt before it arrived; 0 for the first.
	AfterMS float64 `json:"after_ms"`
	// Response is what it got: a status, or hang, reset, cut.
	Response string `json:"response"`
}

// Sender is what is examined in the exam of a sender: see package sender.
type Sender struct {
	// Bin that recorded the requests, or the file that they are from.
	Bin string `json:"bin"`
	// Retry is the retry profile that the sender is compared with.
	Retry string `json:"retry,omitempty"`
	// Captures and Deliveries count what was graded.
	Captures   int `json:"captures"`
	Deliveries int `json:"deliveries"` // see Captures
}

// Report is the result of an exam.
type Report struct {
	// Sender is set in the exam of a sender, which has no event and no seed.
	Sender *Sender `json:"sender,omitempty"`
	// URL of the consumer, or the bin of a sender, and the Provider whose events it got or sent.
	URL      string `json:"url"`
	Provider string `json:"provider"`
	// Event is the event type that most checks delivered.
	Event string `json:"event"`
	// Option of the provider that the exam found: NAME=VALUE.
	Option string `json:"option,omitempty"`
	// Seed of the exam.
	Seed uint64 `json:"seed"`
	// Started is when the exam began.
	Started time.Time `json:"started"`
	// TookMS is the duration of the exam in milliseconds.
	TookMS float64 `json:"took_ms"`
	// Problem is why nothing could be graded; "" when something could.
	Problem string `json:"problem,omitempty"`
	// EffectProblem is why Consumer.Effect is of no use, so that no check passes which compares it;
	// "" when it is of use, or was not given.
	EffectProblem string `json:"effect_problem,omitempty"`
	// Notes are remarks, such as an option that was found.
	Notes []string `json:"notes,omitempty"`
	// Checks are the results, in the order of Checks.
	Checks []Result `json:"checks"`
	// Score counts the results.
	Score Score `json:"score"`
}

// Score counts the results of each level.
type Score struct {
	// Must, Should and Info are the levels.
	Must   Tally `json:"must"`
	Should Tally `json:"should"` // see Must
	Info   Tally `json:"info"`   // see Must
}

// Tally counts the results of the checks of one level.
type Tally struct {
	Passed        int `json:"passed"`         // result pass
	Failed        int `json:"failed"`         // result fail
	Warned        int `json:"warned"`         // result warn
	NotApplicable int `json:"not_applicable"` // result not_applicable
	Inconclusive  int `json:"inconclusive"`   // result inconclusive
	Skipped       int `json:"skipped"`        // result skipped
}

// Graded is the number of checks that have a grade: passed, failed or warned.
func (t Tally) Graded() int { return t.Passed + t.Failed + t.Warned }

// Level returns the tally of a level.
func (s *Score) Level(l scenarios.Level) *Tally {
	switch l {
	case scenarios.Must:
		return &s.Must
	case scenarios.Should:
		return &s.Should
	}
	return &s.Info
}

// Graded is the number of checks that have a grade.
func (s *Score) Graded() int { return s.Must.Graded() + s.Should.Graded() + s.Info.Graded() }

// Add counts a result.
func (s *Score) Add(r *Result) {
	t := s.Level(r.Level)
	switch r.Result {
	case Pass:
		t.Passed++
	case Fail:
		t.Failed++
	case Warn:
		t.Warned++
	case NotApplicable:
		t.NotApplicable++
	case Skipped:
		t.Skipped++
	default:
		t.Inconclusive++
	}
}

// Add adds the result of a check.
func (r *Report) Add(c Result) {
	r.Checks = append(r.Checks, c)
	r.Score.Add(&c)
}

// role is what is examined: a consumer, or a sender.
func (r *Report) role() string {
	if r.Sender != nil {
		return "sender"
	}
	return "consumer"
}

// Subject says what was examined, and with which events.
func (r *Report) Subject() string {
	if s := r.Sender; s != nil {
		return fmt.Sprintf("a sender of %s events, %s of %s", r.Provider, count(s.Captures, "request"), count(s.Deliveries, "event"))
	}
	return fmt.Sprintf("events of %s (%s), seed %d", r.Provider, r.Event, r.Seed)
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Report returns the report of the checks so far.
func (e *Exam) Report() Report {
	r := Report{
		URL: redact.URL(e.consumer.URL), Provider: e.provider.Name, Event: e.event, Option: e.option, Seed: e.seed,
		Started: e.started.UTC(), TookMS: milliseconds(time.Since(e.started)), Problem: e.problem, EffectProblem: e.meter.problem, Notes: e.notes,
		Checks: append([]Result{}, e.results...),
	}
	for i := range r.Checks {
		r.Score.Add(&r.Checks[i])
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// WriteJSON writes a report as JSON.
func WriteJSON(w io.Writer, r Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// Failures returns the checks that failed and count: those of the level and above. A failure that
// is known does not count.
func (r *Report) Failures(level scenarios.Level) []Result {
	var list []Result
	for _, c := range r.Checks {
		if c.Failed() && levelRank(c.Level) <= levelRank(level) {
			list = append(list, c)
		}
	}
	return list
}

// Unjudged returns the checks of the level and above that count for the exit code because the exam
// could not tell: those that are inconclusive although nothing was missing.
func (r *Report) Unjudged(level scenarios.Level) []Result {
	var list []Result
	for _, c := range r.Checks {
		if c.Result == Inconclusive && c.Missing == "" && levelRank(c.Level) <= levelRank(level) {
			list = append(list, c)
		}
	}
	return list
}

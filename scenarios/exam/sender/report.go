package sender

import "time"

// Level says how much a check counts.
type Level string

// The levels, the highest first.
const (
	Must   Level = "must"
	Should Level = "should"
	Info   Level = "info"
)

// Levels returns the levels, the highest first.
func Levels() []Level { return []Level{Must, Should, Info} }

// Verdict is the result of a check.
type Verdict string

// The results of a check.
const (
	Pass          Verdict = "pass"
	Warn          Verdict = "warn" // wrong by a rule that no document states
	Fail          Verdict = "fail"
	NotApplicable Verdict = "not_applicable" // the provider's file has no such rule
	Inconclusive  Verdict = "inconclusive"   // no capture shows it
	Skipped       Verdict = "skipped"        // the user left it out
)

// Result is the result of one check.
type Result struct {
	// ID of the check.
	ID string `json:"id"`
	// Title is what a right sender does.
	Title string `json:"title"`
	// Level says how much the check counts.
	Level Level `json:"level"`
	// Theme is what the check is about.
	Theme Theme `json:"theme"`
	// Result of the check.
	Result Verdict `json:"result"`
	// Why is what was found, in words. It is "" for a check that passed.
	Why string `json:"why,omitempty"`
	// Matters says what goes wrong at consumers when the check fails.
	Matters string `json:"matters,omitempty"`
	// Fix says what to change in the sender.
	Fix string `json:"fix,omitempty"`
	// Sources are the documents that the rule comes from.
	Sources []string `json:"sources,omitempty"`
	// Attempts are those of the first deliveries that decided the result, up to 20.
	Attempts []Attempt `json:"attempts,omitempty"`
}

// Attempt is one attempt of a delivery, in a Result.
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

// Report is the result of an exam.
type Report struct {
	// Bin that recorded the requests, or the file that they are from.
	Bin string `json:"bin"`
	// Provider whose file the sender is compared with, and Retry, the profile of its retries.
	Provider string `json:"provider"`
	Retry    string `json:"retry,omitempty"`
	// Captures and Deliveries count what was graded.
	Captures   int `json:"captures"`
	Deliveries int `json:"deliveries"`
	// At is the time of the grading. Retries that were due later are not missing.
	At time.Time `json:"at"`
	// Problem is why nothing could be graded; "" when something could.
	Problem string `json:"problem,omitempty"`
	// Notes are remarks.
	Notes []string `json:"notes,omitempty"`
	// Checks are the results, in the order of Checks.
	Checks []Result `json:"checks"`
	// Score counts the results.
	Score Score `json:"score"`
}

// Score counts the results of each level.
type Score struct {
	// Must counts those of level must.
	Must Tally `json:"must"`
	// Should counts those of level should.
	Should Tally `json:"should"`
	// Info counts those of level info.
	Info Tally `json:"info"`
}

// Tally counts the results of the checks of one level.
type Tally struct {
	// Passed counts pass.
	Passed int `json:"passed"`
	// Failed counts fail.
	Failed int `json:"failed"`
	// Warned counts warn.
	Warned int `json:"warned"`
	// NotApplicable counts not_applicable.
	NotApplicable int `json:"not_applicable"`
	// Inconclusive counts inconclusive.
	Inconclusive int `json:"inconclusive"`
	// Skipped counts skipped.
	Skipped int `json:"skipped"`
}

// Graded is the number of checks that have a grade: passed, failed or warned.
func (t Tally) Graded() int { return t.Passed + t.Failed + t.Warned }

// Level returns the tally of a level.
func (s *Score) Level(l Level) *Tally {
	switch l {
	case Must:
		return &s.Must
	case Should:
		return &s.Should
	}
	return &s.Info
}

// Graded is the number of checks that have a grade.
func (s *Score) Graded() int { return s.Must.Graded() + s.Should.Graded() + s.Info.Graded() }

func (s *Score) add(r *Result) {
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

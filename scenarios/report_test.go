package scenarios

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/junit"
	"github.com/hookrig/hookrig/mockserver"
)

// reports contains one report of every status.
func reports() []Report {
	passed := Report{
		Scenario: "first", File: "first.yaml", Description: "Shows  that\nit works.", Seed: 7, TookMS: 12.3456, Repeat: "hookrig run first.yaml --seed 7",
		Steps: []StepReport{
			{ID: "sub", Verb: "subscribe", Status: Passed, Detail: "neostore sends Pass:* to http://127.0.0.1:1/inbox", TookMS: 1.5},
			{ID: "deliver-it", Verb: "deliver", Status: Passed, Detail: "1 event, 1 delivery; 1 capture; signatures valid", TookMS: 2},
			{ID: "look", Verb: "expect", Status: Skipped, Detail: "left out: only against a target"},
		},
		Counts: Counts{Events: 1, EventTypes: 1, Deliveries: 1, Attempts: 1, Captures: 1},
	}
	failed := Report{
		Scenario: "second", Seed: 18446744073709551615, Repeat: "hookrig run second --seed 18446744073709551615",
		Steps: []StepReport{
			wrongStep(),
			{ID: "unsure", Verb: "expect", Status: Inconclusive, Detail: "bin inbox dropped 3 captures to make room"},
		},
		Notes: []string{"the scenario has no target: nothing was sent to http://127.0.0.1:9/"},
	}
	broken := Report{
		Scenario: "third", File: "a file.yaml", Seed: 1, Repeat: "hookrig run 'a file.yaml' --seed 1",
		Steps: []StepReport{
			{ID: "sub", Verb: "subscribe", Status: Errored, Detail: "dial tcp 127.0.0.1:1: connection refused"},
			{ID: "rest", Verb: "expect", Status: Skipped, Detail: "not run: an error came before"},
		},
	}
	list := []Report{passed, failed, broken}
	for i := range list {
		list[i].setStatus()
	}
	return list
}

// wrongStep is a failed step with everything that a report can show of one.
func wrongStep() StepReport {
	start := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	attempt := func(n int, after time.Duration, outcome mockserver.Outcome, status int) AttemptReport {
		return AttemptReport{N: n, Due: start.Add(after), At: start, TookMS: 1.25, Outcome: outcome, Status: status}
	}
	request := mockserver.Message{
		Method: "POST", Target: "/inbox?a=<b>", Version: "HTTP/1.1",
		Headers: signature.Headers{{Name: "Content-Type", Value: "application/json"}, {Name: "X-Sig", Value: "a&b"}}, Body: []byte(`{"n":"</pre><script>alert(1)</script>"}`),
	}
	first := Exchange{Name: "attempt 1 of the delivery of step one (Pass:Created)", ID: "d1", Attempt: 1, At: start, TookMS: 1.25, Outcome: mockserver.GotStatus, Status: 503}
	first.request(request)
	first.response(&mockserver.AttemptResponse{Status: 503}, mockserver.Message{Headers: signature.Headers{{Name: "Retry-After", Value: "1"}}, Body: []byte("down\x00\xff for a <while>")})
	second := Exchange{Name: "attempt 2 of the delivery of step one (Pass:Created)", ID: "d1", Attempt: 2, At: start, TookMS: 1.25, Outcome: mockserver.GotStatus, Status: 200}
	changed := request.Clone()
	changed.Headers[1].Value, changed.Body = "a&c", []byte(`{"n":"again"}`)
	second.request(changed)
	third := Exchange{Name: "attempt 3 of the delivery of step one (Pass:Created)", ID: "d1", Attempt: 3, At: start, Outcome: mockserver.NotSent, Reason: "connection refused", SameAsFirst: true}
	third.request(request)
	captured := Exchange{Name: "capture c1 in bin inbox", ID: "c1", At: start, Status: 200, Verification: &mockserver.Verification{Verdict: signature.Mismatch, Explanation: "another secret"}}
	request.Body = []byte("é0123456789")
	captured.request(request)
	captured.RequestCut = 1000
	refused := attempt(3, time.Hour, mockserver.NotSent, 0)
	refused.Reason, refused.Fault = "connection refused", "signature:missing"
	return StepReport{
		ID: "wrong", Verb: "expect", Status: Failed, File: "second.yaml", Line: 12, TookMS: 61000,
		Detail:      "bin inbox: want exactly 2 captures, got 1\n  nearest c1 POST /inbox: .body.n: want 2, got 1 <b> & \x01\xff\nmore is wrong",
		Differences: []Difference{{What: "attempts of the delivery", Want: "503, 503, 200", Got: "503, 500, 200"}},
		NearMisses:  []NearMiss{{Capture: "c1", Method: "POST", Target: "/inbox", Differences: []string{".body.n: want 2, got 1 <b> & \x01\xff"}}},
		Deliveries: []DeliveryReport{{
			ID: "d1", Provider: "neostore", Event: "Pass:Created", URL: "http://127.0.0.1:1/inbox", Faults: []string{"signature:missing"}, State: mockserver.Pending,
			Next:     start.Add(80 * time.Hour),
			Attempts: []AttemptReport{attempt(1, 0, mockserver.GotStatus, 503), attempt(2, 10*time.Second, mockserver.GotStatus, 200), refused}, MoreAttempts: 2,
		}},
		MoreDeliveries: 3, Exchanges: []Exchange{first, second, third, captured}, More: 4,
	}
}

func TestWriteText(t *testing.T) {
	var plain, coloured bytes.Buffer
	if err := WriteText(&plain, reports(), TextOptions{Timings: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report/text.golden", plain.String())
	if err := WriteText(&coloured, reports(), TextOptions{Timings: true, Color: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("plain text holds colours")
	}
	stripped := coloured.String()
	for _, code := range []string{"\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[35m", "\x1b[2m", "\x1b[0m"} {
		if !strings.Contains(stripped, code) {
			t.Errorf("the colour %q is not used", code)
		}
		stripped = strings.ReplaceAll(stripped, code, "")
	}
	if stripped != plain.String() {
		t.Error("colours change more than colours")
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, reports()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report/json.golden", b.String())
	var back []Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back) != 3 || back[1].Seed != 18446744073709551615 {
		t.Errorf("does not read back: %v, %+v", err, back)
	}
	b.Reset()
	if err := WriteJSON(&b, nil); err != nil || b.String() != "[]\n" {
		t.Errorf("no reports: %q, %v", b.String(), err)
	}
}

func TestWriteJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJUnit(&b, reports()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report/junit.golden", b.String())
	var back junit.Suites
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil || back.Tests != 7 || back.Failures != 1 || back.Errors != 2 {
		t.Errorf("does not read back: %v, %+v", err, back)
	}
}

func TestWorst(t *testing.T) {
	all := reports()
	for _, c := range []struct {
		reports []Report
		want    Status
	}{{nil, Passed}, {all[:1], Passed}, {all[:2], Failed}, {all, Errored}} {
		if got := Worst(c.reports); got != c.want {
			t.Errorf("%d reports: want %s, got %s", len(c.reports), c.want, got)
		}
	}
	if got := all[1].Failed(); len(got) != 2 || got[0].ID != "wrong" {
		t.Errorf("got %+v", got)
	}
}

// TestWriteTextFolds checks that lines wider than a terminal are wrapped.
func TestWriteTextFolds(t *testing.T) {
	wide := Report{
		Scenario: "wide", Seed: 7, Status: Failed, Repeat: "hookrig run wide --seed 7",
		Description: "Says in a sentence that goes on and on, so that it takes more than one line of a terminal to say it, how wide it is.",
		Steps: []StepReport{
			{ID: "every-event", Status: Passed, Detail: "7 events, 7 deliveries; 7 deliveries delivered, attempts 200; 7 captures; signatures valid; bodies satisfy their schemas; headers as documented"},
			{ID: "a-step-whose-id-is-wider-than-the-column", Status: Passed, Detail: "1 event, 1 delivery"},
			{ID: "look", Status: Failed, Detail: "bin inbox: want exactly 2 captures, got 1\n" +
				"  nearest c1 POST /inbox: .body.n: want 2, got 1; header x-neostore-signature: want one of the secret, got a9e06141c09e83c7ffa74961648bfc87a7227cfab8ceeaf04116bd068989959e\n" +
				"  then c2"},
		},
		Notes: []string{"the scenario has no target, and so nothing was sent to http://127.0.0.1:9/, and nothing there was asked for what it had"},
	}
	var b bytes.Buffer
	if err := WriteText(&b, []Report{wide}, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report/wide.golden", b.String())
}

// TestFold checks that folding loses nothing: joining the parts with a space restores the line, no
// part begins or ends with a space, and a part that is too wide has no space to break at.
func TestFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`[a-eé ;]{0,80}`).Draw(t, "line")
		columns := rapid.IntRange(-1, 40).Draw(t, "columns")
		parts := fold(line, columns)
		if got := strings.Join(parts, " "); got != line {
			t.Fatalf("want %q, got %q", line, got)
		}
		for i, part := range parts {
			if i > 0 && strings.HasPrefix(part, " ") || i+1 < len(parts) && (part == "" || strings.HasSuffix(part, " ")) {
				t.Fatalf("part %d of %q: %q", i, line, part)
			}
			wide := utf8.RuneCountInString(part) > columns
			if wide && regexp.MustCompile(`[^ ] [^ ]`).MatchString(part) {
				t.Fatalf("part %d of %q is too wide: %q", i, line, part)
			}
		}
	})
}

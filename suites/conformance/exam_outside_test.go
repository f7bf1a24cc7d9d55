package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// outsider is what the exam of a consumer that others wrote finds.
type outsider struct {
	own     string // the checks that are about its flaw
	follow  string // others that fail
	because string // why they do
	note    string // part of what the report says of the effect, if that shows the flaw
	unfound string // why the exam does not find the flaw
	only    string // the checks of its exam; "" is all but those that wait or send much
	crashes bool   // at an event after the first check
}

// outsiders returns a row for each consumer of consumers.Outsiders.
func outsiders() map[string]outsider {
	const (
		unknown = "schema-unknown-event"
		refuses = "they answer 400 to an event type that they do not know"
		parsing = "signature-before-parsing schema-unknown-event"
		gives   = "they parse before they verify, and the parser gives up on a body that is nested deeply; " + refuses
	)
	return map[string]outsider{
		"webhook": {
			own: "handshake-forged signature-before-parsing signature-body-tampered signature-empty signature-garbage signature-other-event signature-other-form " +
				"signature-repeated-label signature-reused signature-status signature-tampered signature-truncated signature-two-headers signature-unknown-label " +
				"signature-wrong-secret", // it answers 500 to each signature but a missing one
			follow: "body-empty body-malformed-json duplicate-concurrent-copies duplicate-first-race duplicate-same-id-other-body duplicate-sequential " +
				"duplicate-two-subscriptions duplicate-while-working",
			because: "it runs a command at every signed request, whatever the body is and however often it comes",
		},
		"right":                     {follow: unknown, because: refuses, unfound: "it has none"},
		"acknowledge-before-commit": {note: "the effect did not change", follow: parsing, because: gives},
		"check-then-insert-race":    {own: "duplicate-concurrent-copies", only: "duplicate-concurrent-copies duplicate-sequential signature-wrong-secret"},
		"crash-after-effect-before-ack": {
			own: "duplicate-sequential", only: "duplicate-sequential signature-wrong-secret", crashes: true,
		},
		"no-idempotency-record": {
			own: "duplicate-concurrent-copies duplicate-first-race duplicate-recorded duplicate-sequential duplicate-signed-anew duplicate-two-subscriptions " +
				"duplicate-while-working",
			follow: unknown, because: refuses,
		},
		"order-assuming": {
			follow: parsing, because: gives,
			unfound: "it answers 409 to the later event, which the provider then sends again: every order ends in one state",
		},
		"sensitive-logging": {follow: unknown, because: refuses, unfound: "its log shows it, and no request can read that"},
		"side-effect-before-deduplication": {
			own: "duplicate-sequential", only: "duplicate-sequential signature-wrong-secret", crashes: true,
		},
		"signature-after-parse":     {own: "signature-before-parsing", follow: unknown, because: refuses},
		"stale-signature-accepting": {own: "time-future time-stale", follow: unknown, because: refuses},
	}
}

// TestConsumersOfOthers checks what the exam finds in the consumers that others wrote.
func TestConsumersOfOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: eleven exams take half a minute")
	}
	t.Parallel()
	orders, err := fixtures.Load(consumers.OrdersFS())
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := fixtures.Builtin().Join(orders)
	if err != nil {
		t.Fatal(err)
	}
	const long = "a secret of sixteen characters or more"
	rows := outsiders()
	var list []*candidate
	names := map[*candidate]string{}
	for _, o := range consumers.Outsiders() {
		row, known := rows[o.Name]
		if !known {
			t.Errorf("%s has no row", o.Name)
		}
		if !has(t, o.Runtime) {
			continue
		}
		c := &candidate{provider: o.Provider, url: o.StartT(t, long), secret: long, catalogue: catalogue, only: strings.Fields(row.only)}
		if len(c.only) == 0 {
			c.only = quick(t)
		}
		if row.crashes {
			var once sync.Once
			c.progress = func(exam.Result) { once.Do(func() { post(t, c.url+"/arm") }) }
		}
		list, names[c] = append(list, c), o.Name
	}
	examineAll(t, list)
	for _, c := range list {
		row := rows[names[c]]
		t.Run(names[c], func(t *testing.T) {
			found, want := c.with(exam.Fail, exam.Warn), strings.Fields(row.own+" "+row.follow)
			slices.Sort(want)
			if c.err != nil || c.report.Problem != "" || !slices.Equal(found, want) || !strings.Contains(c.report.EffectProblem, row.note) {
				t.Errorf("%v: want\n%v, got\n%v\n%s", c.err, want, found, c.text())
			}
			if (row.own == "" && row.note == "") != (row.unfound != "") || (row.follow == "") != (row.because == "") {
				t.Error("want what the exam finds or why it does not, and a reason for what else it finds")
			}
			t.Logf("%.1f s", c.report.TookMS/1000)
		})
	}
}

// quick returns the checks that neither wait nor send much, and the one of bodies in chunks, which
// the server around the receivers reads.
func quick(t *testing.T) []string {
	t.Helper()
	checks, err := exam.Checks()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range checks {
		c := &checks[i]
		slow := c.Theme == "load" || c.Theme == "recovery" || c.Theme == "transport" || strings.HasSuffix(c.ID, "mb") || c.ID == "body-too-large"
		if !slow || c.ID == "transport-chunked" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func post(t *testing.T, url string) {
	response, err := http.Post(url, "", nil)
	if err != nil {
		t.Error(err)
		return
	}
	response.Body.Close()
}

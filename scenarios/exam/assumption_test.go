package exam

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios"
)

// ownProvider returns a provider of a user's folder, with more in its file.
func ownProvider(t *testing.T, old, text string) (*fixtures.Provider, error) {
	t.Helper()
	const name = "challenge/provider.yaml"
	files := fstest.MapFS{}
	for _, pattern := range []string{name, "challenge/events/*", "challenge/schemas/*", "challenge/vectors.yaml"} {
		found, err := fs.Glob(os.DirFS("testdata/providers"), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			data, err := os.ReadFile("testdata/providers/" + file)
			if err != nil {
				t.Fatal(err)
			}
			files[file] = &fstest.MapFile{Data: data}
		}
	}
	files[name].Data = bytes.Replace(files[name].Data, []byte(old), []byte(text), 1)
	catalogue, err := fixtures.Load(files)
	if err != nil {
		return nil, err
	}
	return catalogue.Provider("challenge")
}

// TestOwnAssumptions checks that a check only warns where the file of a user's provider assumes the
// fact that it rests on.
func TestOwnAssumptions(t *testing.T) {
	checks := map[string]string{ // a check that rests on each fact
		"timeout": "load-answer-in-time", "tolerance": "time-tolerance", "duplicates": "duplicate-sequential",
		"ordering": "order-reversed", "refusal": "signature-status",
	}
	all, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	for fact, id := range checks {
		found, err := Select(all, id)
		if err != nil {
			t.Fatal(err)
		}
		check := found[0]
		for text, want := range map[string]bool{
			"":                                      false,
			"assumed: [{id: C-1, text: It is so.}]": false,
			"assumed: [{id: C-1, text: It is so., about: [" + fact + "]}]": true,
		} {
			p, err := ownProvider(t, "\ndelivery:", "\n"+text+"\ndelivery:")
			if err != nil {
				t.Fatal(err)
			}
			if a := check.assumption(p); (a != nil) != want || want && a.Text != "It is so." {
				t.Errorf("%s, %q: %+v", id, text, a)
			}
		}
	}
	timely, err := Select(all, "load-answer-in-time")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ownProvider(t, "\n  retry:", "\n  unstated: [timeout]\n  retry:")
	if err != nil || timely[0].assumption(p) == nil {
		t.Errorf("%v: a time limit that no document states is assumed", err)
	}
	reversed, err := Select(all, "order-reversed")
	if err != nil {
		t.Fatal(err)
	}
	p, err = ownProvider(t, "\n  retry:", "\n  unstated: [ordering]\n  retry:")
	if err != nil || reversed[0].assumption(p) != nil {
		t.Errorf("%v: a consumer must cope with any order", err)
	}
	if _, err := ownProvider(t, "\ndelivery:", "\nassumed: [{id: C-1, text: So., about: [timeouts]}]\ndelivery:"); err == nil || !strings.Contains(err.Error(), `did you mean "timeout"?`) {
		t.Errorf("a fact that no check rests on: %v", err)
	}
}

// TestAssumedTolerance checks that a consumer with a shorter tolerance than an assumed one only
// gets a warning.
func TestAssumedTolerance(t *testing.T) {
	t.Parallel()
	_, consumer := altered(t, "standard-webhooks", func(_ *program, w http.ResponseWriter, r *http.Request) bool {
		at, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(at, 0)).Abs() < time.Minute {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	consumer.Only = []string{"time-tolerance"}
	report, err := Run(t.Context(), nil, consumer)
	if r := report.Checks[0]; err != nil || r.Result != Warn || !strings.Contains(r.Why, "(W-4)") || len(report.Failures(scenarios.Info)) > 0 {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

package exam

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// again runs the command of a result against a consumer, as the command line does.
func again(t *testing.T, c Consumer, command string) Report {
	t.Helper()
	words, err := SplitCommand(command)
	if err != nil {
		t.Fatal(err)
	}
	c.Seed, c.Only = 0, nil
	for i, word := range words {
		switch word {
		case "--seed":
			if c.Seed, err = strconv.ParseUint(words[i+1], 10, 64); err != nil {
				t.Fatal(err)
			}
		case "--only":
			c.Only = append(c.Only, words[i+1])
		}
	}
	report, err := Run(t.Context(), nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestCommandRepeatsTheVerdict checks that the command of a check that failed fails too while the
// same consumer runs, which answers 200 to what it has seen, whatever it did with it.
func TestCommandRepeatsTheVerdict(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{}
	_, consumer := altered(t, "stripe", func(_ *program, w http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		before := seen[string(body)]
		seen[string(body)] = true
		if !before && bytes.Contains(body, []byte("hookrig_unknown")) {
			w.WriteHeader(http.StatusBadRequest)
			return true
		}
		return before
	})
	consumer.Only, consumer.Effect = []string{"schema-unknown-member"}, nil
	report, err := Run(t.Context(), nil, consumer)
	if err != nil || report.Checks[0].Result != Fail {
		t.Fatalf("%v\n%s", err, text(t, report))
	}
	for range 2 {
		if report := again(t, consumer, report.Checks[0].Command); report.Checks[0].Result != Fail {
			t.Errorf("%s", text(t, report))
		}
	}
}

// TestSameSeedAgain checks that a second exam with a seed has the same results while a consumer
// runs that knows the events, and says which seed it takes.
func TestSameSeedAgain(t *testing.T) {
	t.Parallel()
	for mistake, effect := range map[string]bool{"": true, "acts before it refuses": true, "refuses duplicates": false} {
		c := startProgram(t, "stripe", mistake).consumer()
		c.Only = []string{"body-json-styles", "duplicate-sequential", "schema-unknown-member", "signature-wrong-secret"}
		if !effect {
			c.Effect = nil
		}
		var failed []string
		for n := range 3 {
			report, err := Run(t.Context(), nil, c)
			if err != nil {
				t.Fatal(err)
			}
			if now := counted(report, Fail); n == 0 {
				failed = now
			} else if !slices.Equal(now, failed) {
				t.Errorf("%q: %v failed, and in exam %d %v\n%s", mistake, failed, n, now, text(t, report))
			}
			if noted := strings.Contains(strings.Join(report.Notes, " "), "the events of seed 7"); noted != (n > 0) || noted == (report.Seed == 7) || report.EffectProblem != "" {
				t.Errorf("%q, exam %d: seed %d, notes %q %s", mistake, n, report.Seed, report.Notes, report.EffectProblem)
			}
		}
	}
}

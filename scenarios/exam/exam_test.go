package exam

import (
	"strings"
	"testing"
)

// text returns a report as text.
func text(t *testing.T, r Report) string {
	t.Helper()
	var b strings.Builder
	if err := WriteText(&b, r, TextOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCorrectConsumer checks that a correct consumer fails nothing, for every provider; with -short
// for two.
func TestCorrectConsumer(t *testing.T) {
	providers := []string{"neostore", "github", "subscribfy", "ethpass", "stripe"}
	if testing.Short() {
		providers = providers[:2]
	}
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			c := startProgram(t, provider, "")
			report, err := Run(t.Context(), nil, c.consumer())
			if err != nil {
				t.Fatal(err)
			}
			if bad := append(counted(report, Fail), append(counted(report, Inconclusive), counted(report, Warn)...)...); len(bad) > 0 || report.Score.Must.Passed < 3 {
				t.Errorf("%v\n%s", bad, text(t, report))
			}
		})
	}
}

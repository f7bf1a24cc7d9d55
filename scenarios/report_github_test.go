package scenarios

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAnnotationIsOneCommand checks that no text of a report makes another line or property, and
// that the runner reads the texts back.
func TestAnnotationIsOneCommand(t *testing.T) {
	back := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching("[a:,%\r\n=]{0,10}")
		id, detail := text.Draw(t, "id"), text.Draw(t, "detail")
		line := annotation(&Report{Scenario: "s", Repeat: "again"}, &StepReport{ID: id, Status: Failed, Detail: detail}, "")
		properties, message, _ := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
		if strings.ContainsAny(line, "\r\n") || strings.Contains(properties, ",") || !strings.HasPrefix(properties, "title=") {
			t.Fatalf("%q", line)
		}
		if got := back.Replace(strings.TrimPrefix(properties, "title=")); got != "failed: step "+id+" of s" {
			t.Fatalf("title %q of %q", got, line)
		}
		if got, want := back.Replace(message), strings.TrimRight(detail, "\n")+"\nrepeat: again"; got != want {
			t.Fatalf("want %q, got %q", want, got)
		}
	})
}

func TestWriteAnnotations(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "tests", "a,b.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	list := []Report{{Scenario: "s", Repeat: "hookrig run s", Steps: []StepReport{
		{ID: "ok", Status: Passed, Detail: "fine"},
		{ID: "bad", Status: Failed, File: file, Line: 12, Detail: "want 1\n  got 100%"},
		{ID: "odd", Status: Inconclusive, File: filepath.Join(root, "absent.yaml"), Line: 3, Detail: "evicted"},
		{ID: "broken", Status: Errored, Detail: "refused\x1b[31m"},
		{ID: "rest", Status: Skipped, Detail: "not run"},
	}}}
	var b bytes.Buffer
	if err := WriteAnnotations(&b, list, root); err != nil {
		t.Fatal(err)
	}
	want := `::error file=tests/a%2Cb.yaml,line=12,title=failed%3A step bad of s::want 1%0A  got 100%25%0Arepeat: hookrig run s
::warning title=inconclusive%3A step odd of s::evicted%0Arepeat: hookrig run s
::error title=error%3A step broken of s::refused\u001b[31m%0Arepeat: hookrig run s
`
	if b.String() != want {
		t.Errorf("want\n%s\ngot\n%s", want, b.String())
	}
}

func TestWriteSummary(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSummary(&b, reports()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report/summary.golden", b.String())
}

// TestSummaryIsBounded checks that a summary stays below the limit of GitHub, and says what it
// leaves out.
func TestSummaryIsBounded(t *testing.T) {
	long := Report{Scenario: strings.Repeat("a|b ", 20), Status: Failed}
	for range 10 {
		long.Steps = append(long.Steps, StepReport{ID: "s", Status: Failed, Detail: strings.Repeat("<", 1000)})
	}
	list := make([]Report, 3000)
	for i := range list {
		list[i] = long
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, list); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1<<20 || !strings.Contains(b.String(), " scenarios more.\n") || !strings.Contains(b.String(), " steps more did not pass.\n") {
		t.Errorf("%d bytes: …%s", b.Len(), b.String()[max(b.Len()-200, 0):])
	}
}

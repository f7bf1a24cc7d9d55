package capture_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// An export reads all pages, in order, and ends even while captures arrive.
func TestExportOfManyCaptures(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	add := func(i int) {
		t.Helper()
		c := journal.Capture{Bin: "in", Message: signature.Message{Method: "POST", Target: fmt.Sprintf("/in/%04d", i), Version: "HTTP/1.1"}}
		if err := store.AppendCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	const count = 900
	for i := range count {
		add(i)
	}
	format, err := export.Find("jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var file growing
	written := 0
	file.grow = func() {
		if written++; written > count {
			t.Fatal("the export has a capture that arrived after it began")
		}
		add(count)
	}
	if err := s.Export(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Bin: "in"}}, format, &file, export.Options{}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(file.String()), "\n")
	if len(lines) != count {
		t.Fatalf("%d captures, want %d", len(lines), count)
	}
	for i, line := range lines {
		if !strings.Contains(line, fmt.Sprintf("/in/%04d", i)) {
			t.Fatalf("line %d: %s", i+1, line)
		}
	}
}

// growing is a file that adds a capture to the bin at every write.
type growing struct {
	bytes.Buffer
	grow func()
}

func (g *growing) Write(p []byte) (int, error) {
	g.grow()
	return g.Buffer.Write(p)
}

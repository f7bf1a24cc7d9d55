package desk

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/journal"
)

// A reader of one quiet bin is not behind because the others are busy.
func TestAQuietBinIsNotBehind(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	t.Cleanup(func() { store.Close() })
	w := httptest.NewRecorder()
	f := &follower{desk: &desk{store: store}, bin: "quiet", w: w, control: http.NewResponseController(w)}
	for range 3 {
		for range maxBehind - 1 {
			if err := store.AppendCapture(t.Context(), &journal.Capture{Bin: "busy"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.news(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.AppendCapture(t.Context(), &journal.Capture{Bin: "quiet"}); err != nil {
		t.Fatal(err)
	}
	if err := f.news(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.String(); strings.Contains(got, "skipped") || strings.Count(got, "event: capture\n") != 1 {
		t.Errorf("told %s, want the one capture", got)
	}
}

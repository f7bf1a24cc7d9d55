package export_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// TestOldExports reads files of earlier versions and checks that each capture is complete. The
// files in testdata/old were exported by the programs of commits edcbd14, 5e8d088 and ca6ba27, and
// are never changed.
func TestOldExports(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/old/*")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			format := strings.TrimPrefix(filepath.Ext(file), ".")
			f, err := export.Find(format)
			if err != nil {
				t.Fatal(err)
			}
			var read []journal.Capture
			for r := range f.Read(strings.NewReader(string(text))) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				read = append(read, r.Capture)
			}
			before, after := entries(t, format, string(text)), entries(t, format, write(t, format, export.Options{}, read...))
			if len(before) != len(after) || len(before) == 0 {
				t.Fatalf("%d captures in the file, %d were read", len(before), len(after))
			}
			for i := range before {
				// Set by the importer.
				for _, name := range []string{"id", "seq", "bin", "startedDateTime", "time", "_hookrig"} {
					delete(before[i], name)
				}
				if old, ok := before[i]["reply"]; ok { // the former name of response
					before[i]["response"] = old
					delete(before[i], "reply")
				}
				for name, want := range before[i] {
					if diff := cmp.Diff(want, after[i][name]); diff != "" {
						t.Errorf("capture %d: %s (-file +read):\n%s", i, name, diff)
					}
				}
			}
		})
	}
}

// entries are the captures of a file, as JSON.
func entries(t *testing.T, format, text string) (list []map[string]any) {
	t.Helper()
	if format == "har" {
		var file struct {
			Log struct{ Entries []map[string]any }
		}
		if err := json.Unmarshal([]byte(text), &file); err != nil {
			t.Fatal(err)
		}
		return file.Log.Entries
	}
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var one map[string]any
		if err := d.Decode(&one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

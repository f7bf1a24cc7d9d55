package sqlite_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

var update = flag.Bool("update", false, "write the golden files")

// TestOldJournals checks that the journals of all earlier versions, stopped or killed, open, read
// as they were written, and accept new records.
//
// The folders in testdata/journals were written by the programs of commits 25d7b0b and edcbd14
// (records of version 1), d607289 (2), f222dbb (2, with the text indexes as second migration),
// a278378, 5e8d088 and ec11d23 (3), ca6ba27 (4), and 45f26c8 (4, which continued the folder of
// ca6ba27). Each has the requests, responses, deliveries, settings and entities of its version.
// None is ever changed: a new format adds one.
func TestOldJournals(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/journals/*.tar.gz")
	if err != nil || len(archives) < 10 {
		t.Fatalf("%d journals, %v", len(archives), err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			extract(t, archive, dir)
			s := open(t, dir, sqlite.Options{})
			golden := strings.TrimSuffix(archive, ".tar.gz") + ".json"
			got := written(t, s)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
			writeMore(t, s)
			closeStore(t, s)
			s = open(t, dir, sqlite.Options{})
			writeMore(t, s)
			closeStore(t, s)
		})
	}
}

// extract unpacks a folder's files.
func extract(t testing.TB, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// written returns all records of a store as JSON.
func written(t *testing.T, s journal.Store) string {
	t.Helper()
	ctx := t.Context()
	var all struct {
		Bins       []journal.Bin
		Captures   []journal.Capture
		Deliveries []journal.Delivery
		Documents  map[string]map[string]json.RawMessage
	}
	var err error
	if all.Bins, err = s.Bins(ctx); err != nil {
		t.Fatal(err)
	}
	all.Captures = readAll(t, s)
	if all.Deliveries, err = s.Deliveries(ctx, journal.DeliveryQuery{Limit: journal.MaxLimit}); err != nil {
		t.Fatal(err)
	}
	kinds := []string{"bin", "endpoint", "entity", "tenant", "token", "ethpass/secret", "subscribfy/store", "neostore/authority"}
	all.Documents = map[string]map[string]json.RawMessage{}
	for i := 0; i < len(kinds); i++ {
		list, err := s.List(ctx, kinds[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			if all.Documents[kinds[i]] == nil {
				all.Documents[kinds[i]] = map[string]json.RawMessage{}
			}
			all.Documents[kinds[i]][d.Key] = d.Doc
			if kinds[i] == "token" {
				kinds = append(kinds, "note:"+d.Key)
			}
		}
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// writeMore writes one record of each kind and reads it.
func writeMore(t *testing.T, s journal.Store) {
	t.Helper()
	ctx := t.Context()
	before, err := s.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := s.Captures(ctx, journal.CaptureQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := add(t, s, journaltest.Capture("plain", 1))
	if len(newest) > 0 && c.Seq <= newest[0].Seq {
		t.Errorf("seq %d after %d", c.Seq, newest[0].Seq)
	}
	if err := s.SetResponse(ctx, c.ID, journal.Response{Status: 299}); err != nil {
		t.Error(err)
	}
	if got, err := s.Capture(ctx, c.ID); err != nil || got.Response.Status != 299 || !bytes.Equal(got.Body, c.Body) {
		t.Errorf("%+v, %v", got, err)
	}
	d := journaltest.Delivery("", 1)
	if err := s.SaveDeliveries(ctx, d); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendAttempt(ctx, d.ID, &journal.Attempt{N: 1, Error: "none"}, journal.Progress{State: journal.Stopped}); err != nil {
		t.Error(err)
	}
	// Old records can be changed: the head is packed again.
	for _, old := range newest {
		if err := s.SetResponse(ctx, old.ID, journal.Response{Status: 298}); err != nil {
			t.Error(err)
		}
		if got, err := s.Capture(ctx, old.ID); err != nil || got.Response.Status != 298 || !slices.Equal(got.Headers, old.Headers) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	after, err := s.Stats(ctx)
	if err != nil || after.Captures != before.Captures+1 || after.Deliveries != before.Deliveries+1 || after.Bytes <= before.Bytes {
		t.Errorf("%+v, %v; before %+v", after, err, before)
	}
	if n, err := s.ClearBin(ctx, "raw"); err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

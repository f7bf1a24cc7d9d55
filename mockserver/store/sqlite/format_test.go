package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestRecordLayoutHasAVersion compares packed records with testdata/format, which has one file for
// each version. If a layout changed without a new version, journals of released programs could not
// be read.
func TestRecordLayoutHasAVersion(t *testing.T) {
	t.Parallel()
	steps, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	c, d, a := sampleCapture(), sampleDelivery(), sampleAttempt()
	now := fmt.Sprintf("migrations %d\ncapture %x\ndelivery %x\nattempt %x\n", len(steps), record.PackCapture(nil, &c), record.PackDelivery(nil, &d), record.PackAttempt(nil, &a))
	name := func(version int) string { return fmt.Sprintf("testdata/format/record%d.txt", version) }
	if _, err := os.Stat(name(record.Version)); errors.Is(err, fs.ErrNotExist) && flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(name(record.Version), []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(name(record.Version))
	if err != nil {
		t.Fatalf("%v: run this test with -update once, and add a journal of the version before to testdata/journals", err)
	}
	_, layout, _ := strings.Cut(now, "\n")
	if _, want, _ := strings.Cut(string(kept), "\n"); layout != want {
		t.Errorf("the layout of records is not the one of version %d any more: raise record.Version, read the new field only with unpacker.since, "+
			"add a migration, and never change %s", record.Version, name(record.Version))
	}
	// A new version needs a migration, so that older programs refuse the file.
	before := 0
	for version := 4; version <= record.Version; version++ {
		text, err := os.ReadFile(name(version))
		if err != nil {
			t.Fatal(err)
		}
		var migrations int
		if _, err := fmt.Sscanf(string(text), "migrations %d\n", &migrations); err != nil || migrations <= before {
			t.Errorf("version %d came with %d migrations, the one before with %d, %v: add one", version, migrations, before, err)
		}
		before = migrations
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			kind, digits, _ := strings.Cut(line, " ")
			packed, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			read := map[string]func([]byte) error{
				"capture":  func(r []byte) error { return record.UnpackCapture(r, &journal.Capture{}) },
				"delivery": func(r []byte) error { return record.UnpackDelivery(r, &journal.Delivery{}) },
				"attempt":  func(r []byte) error { return record.UnpackAttempt(r, &journal.Attempt{}) },
			}
			if err := read[kind](packed); err != nil {
				t.Errorf("a %s of version %d: %v", kind, version, err)
			}
		}
	}
}

// sampleCapture returns a capture with all optional parts, so that any new field changes its
// record.
func sampleCapture() journal.Capture {
	return journal.Capture{
		Message: wire.Message{Method: "POST", Target: "/a?b", Version: "HTTP/1.1", Headers: signature.Headers{{Name: "A", Value: "b\xff"}}},
		At:      time.Unix(1_700_000_000, 5).UTC(), Peer: "127.0.0.1:9", Raw: []byte("raw"), Problems: []string{"aborted"},
		TLS: &journal.TLS{Version: "TLS 1.3", Cipher: "c", SNI: "s"}, Verification: &journal.Verification{Provider: "p", Verdict: "valid", Explanation: "e"},
		Response: &journal.Response{
			Status: 201, Headers: map[string]string{"B": "c"}, Lines: signature.Headers{{Name: "C", Value: "d"}}, Body: "text", Binary: journal.Binary{1},
			Delay: 7, Drip: 8, Cut: "body", Hang: true, Reset: true,
		},
	}
}

func sampleDelivery() journal.Delivery {
	return journal.Delivery{
		Provider: "p", Endpoint: "e", URL: "u", Pattern: "*", Created: time.Unix(1_700_000_000, 6).UTC(), Faults: []string{"f"},
		Event: fixtures.Event{
			Provider: "p", ID: "i", Name: "n", Tenant: "t", At: time.Unix(1_700_000_000, 7).UTC(), Headers: signature.Headers{{Name: "E", Value: "f"}}, Body: []byte("{}"),
			Draw: fixtures.Draw{Seed: 1, Stream: "s", Index: 2},
		},
	}
}

func sampleAttempt() journal.Attempt {
	return journal.Attempt{
		N: 1, Due: time.Unix(1_700_000_000, 8).UTC(), At: time.Unix(1_700_000_000, 9).UTC(), TookMS: 1.5, Outcome: wire.GotStatus, Status: 500, Error: "e",
		Fault: "f", Sent: wire.Message{Method: "POST", Target: "/", Version: "HTTP/1.1", Headers: signature.Headers{{Name: "A", Value: "b"}}, Body: []byte("{}")},
		Response: &wire.Response{Status: 500, Headers: signature.Headers{{Name: "D", Value: "e"}}, Body: []byte("no"), Truncated: true},
	}
}

// TestMigrationsStay checks that no migration was changed. A changed migration would not run again,
// and files with the same version would differ.
func TestMigrationsStay(t *testing.T) {
	t.Parallel()
	steps, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	const name = "testdata/format/migrations.txt"
	kept, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	lines := strings.Fields(string(kept))
	for i, step := range steps {
		script, err := schema.ReadFile(step)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s=%x", filepath.Base(step), sha256.Sum256(script))
		switch {
		case i < len(lines) && lines[i] != line:
			t.Errorf("%s was changed: add a migration instead", step)
		case i >= len(lines) && flag.Lookup("update").Value.String() == "true":
			lines = append(lines, line)
		case i >= len(lines):
			t.Errorf("%s is new: run this test with -update once it stays as it is", step)
		}
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedRecords checks that a damaged record appears in lists with its problem and columns,
// and that all other records stay readable.
func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openInternal(t, Options{})
	for i := range 3 {
		c := journal.Capture{Bin: "a"}
		c.Body = fmt.Appendf(nil, "body %d", i)
		if err := s.AppendCapture(ctx, &c); err != nil {
			t.Fatal(err)
		}
		d := journal.Delivery{Provider: "p", Endpoint: "e", State: journal.Delivered, Attempts: []journal.Attempt{{N: 1}}}
		d.Event.ID = fmt.Sprint("event ", i)
		if err := s.SaveDeliveries(ctx, &d); err != nil {
			t.Fatal(err)
		}
	}
	for _, spoil := range []string{
		"UPDATE captures SET head = x'04ff' WHERE seq = 2", "UPDATE deliveries SET record = x'' WHERE seq = 2", "UPDATE attempts SET record = x'63' WHERE id = 3",
	} {
		if err := s.write(ctx, func(w *writer) error {
			_, err := w.conn.ExecContext(ctx, spoil)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.Captures(ctx, journal.CaptureQuery{})
	if err != nil || len(list) != 3 {
		t.Fatalf("%d captures, %v", len(list), err)
	}
	for i, c := range list {
		if seq := uint64(3 - i); c.Seq != seq || c.ID != journal.CaptureID(seq) || c.Bin != "a" || string(c.Body) != fmt.Sprintf("body %d", seq-1) || c.IsDamaged() != (seq == 2) {
			t.Errorf("capture %d: %+v", seq, c)
		}
	}
	if one, err := s.Capture(ctx, journal.CaptureID(2)); err != nil || !one.IsDamaged() {
		t.Errorf("%+v, %v", one, err)
	}
	if err := s.SetResponse(ctx, journal.CaptureID(2), journal.Response{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("SetReply: %v, want ErrCorrupt", err)
	}
	deliveries, err := s.Deliveries(ctx, journal.DeliveryQuery{})
	if err != nil || len(deliveries) != 3 {
		t.Fatalf("%d deliveries, %v", len(deliveries), err)
	}
	for _, d := range deliveries {
		if d.Provider != "p" || d.Endpoint != "e" || d.Event.ID != fmt.Sprint("event ", d.Seq-1) || d.State != journal.Delivered || len(d.Attempts) != 1 ||
			(len(d.Problems) == 1) != (d.Seq == 2) || (d.Attempts[0].Error != "") != (d.Seq == 3) {
			t.Errorf("%+v", d)
		}
	}
}

package sqlite_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

const (
	db, wal   = "journal.db", "journal.db-wal"
	frameSize = 24 + 4096
)

// killed returns a folder as a killed process leaves it: with the log. It has captures 1 to n.
func killed(t *testing.T, n int) string {
	t.Helper()
	live := t.TempDir()
	s := open(t, live, sqlite.Options{})
	for i := range n {
		add(t, s, journaltest.Capture("a", i))
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "journal.db-shm")); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	return dir
}

// readable opens a folder and returns the number of readable captures and the store's log.
func readable(t *testing.T, dir string) (n int, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		return 0, "", err
	}
	defer closeStore(t, s)
	list, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit})
	return len(list), out.String(), err
}

// TestDamageIsReported damages each file: Open returns an error or logs what is missing.
func TestDamageIsReported(t *testing.T) {
	t.Parallel()
	const n = 150
	whole := killed(t, n)
	if got, log, err := readable(t, copyOf(t, whole)); got != n || log != "" || err != nil {
		t.Fatalf("without damage: %d captures, log %q, %v", got, log, err)
	}
	info, err := os.Stat(filepath.Join(whole, wal))
	if err != nil {
		t.Fatal(err)
	}
	frames := int(info.Size()-32) / frameSize
	change := func(name string, f func(data []byte) []byte) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, f(data), 0o600)
		}
	}
	flip := func(at int) func([]byte) []byte {
		return func(data []byte) []byte {
			data[at] ^= 0x10
			return data
		}
	}
	frame := func(i, at int) int { return 32 + i*frameSize + at }
	damages := map[string]func(dir string) error{
		"the log is removed":                func(dir string) error { return os.Remove(filepath.Join(dir, wal)) },
		"the log is cut to nothing":         change(wal, func(data []byte) []byte { return nil }),
		"the log is cut within its header":  change(wal, func(data []byte) []byte { return data[:20] }),
		"the log is cut to a half":          change(wal, func(data []byte) []byte { return data[:len(data)/2] }),
		"the log is cut between two frames": change(wal, func(data []byte) []byte { return data[:frame(frames/3, 0)] }),
		"the log loses its last frame":      change(wal, func(data []byte) []byte { return data[:len(data)-frameSize] }),
		"a bit of the log's magic number":   change(wal, flip(1)),
		"a bit of the log's page size":      change(wal, flip(10)),
		"a bit of the log's salt":           change(wal, flip(17)),
		"a bit of the log's checksum":       change(wal, flip(29)),
		"the log's header is zero":          change(wal, func(data []byte) []byte { clear(data[:32]); return data }),
		"a page of the log is zero":         change(wal, func(data []byte) []byte { clear(data[frame(frames/2, 24):frame(frames/2+1, 0)]); return data }),
		"garbage in the log": change(wal, func(data []byte) []byte {
			copy(data[frame(frames/2, 100):], bytes.Repeat([]byte("garbage "), 500))
			return data
		}),
		"a bit of the last frame":    change(wal, flip(frame(frames-1, 500))),
		"the file is removed":        func(dir string) error { return os.Remove(filepath.Join(dir, db)) },
		"the file is cut to nothing": change(db, func(data []byte) []byte { return nil }),
		"the file and its log are removed": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, db)), os.Remove(filepath.Join(dir, wal)))
		},
		"an older copy of the file, no log": func(dir string) error {
			return errors.Join(copyFile(dir, killed(t, 5)), os.Remove(filepath.Join(dir, wal)))
		},
		"the file is cut, its log is complete": change(db, func(data []byte) []byte { return data[:len(data)/2] }),
	}
	for _, i := range []int{0, 1, frames / 4, frames / 2, frames - 30} {
		damages["a bit of the content of frame "+string(rune('A'+i%26))] = change(wal, flip(frame(i, 24+4000)))
		damages["a bit of the head of frame "+string(rune('A'+i%26))] = change(wal, flip(frame(i, 9)))
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, whole)
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			got, log, err := readable(t, dir)
			refuses := strings.HasPrefix(name, "a bit of") && !strings.HasSuffix(name, "last frame") || strings.Contains(name, "zero") || strings.Contains(name, "garbage") ||
				strings.HasPrefix(name, "the file is removed") || strings.Contains(name, "cut to nothing") && strings.Contains(name, "file")
			switch {
			case refuses && !errors.Is(err, sqlite.ErrCorrupt):
				t.Errorf("it was not refused: %d of %d captures, log %q, %v", got, n, log, err)
			case err != nil && (errors.Is(err, sqlite.ErrCorrupt) || errors.Is(err, sqlite.ErrForeign)):
				if !strings.Contains(err.Error(), "aside") && !strings.Contains(err.Error(), "another application") {
					t.Errorf("it does not say what to do: %v", err)
				}
			case err != nil:
				t.Error(err)
			case got == n:
			case !strings.Contains(log, "has lost records") || !strings.Contains(log, "captures_stored_up_to=150"):
				t.Errorf("%d of %d captures, and the log says %q", got, n, log)
			}
		})
	}
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

// copyFile replaces a folder's file with that of another folder, whose log is copied into it first.
func copyFile(dir, other string) error {
	data, err := os.ReadFile(filepath.Join(other, db))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, db), data, 0o600)
}

// TestTornTransactionIsNoDamage tests what a power cut leaves of a transaction that never returned.
func TestTornTransactionIsNoDamage(t *testing.T) {
	t.Parallel()
	dir := killed(t, 50)
	path := filepath.Join(dir, wal)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// These are the frames of another transaction without the first one.
	salt := data[16:24]
	for i := range 3 {
		torn := make([]byte, frameSize)
		binary.BigEndian.PutUint32(torn, 2)
		copy(torn[8:], salt)
		if i == 2 {
			binary.BigEndian.PutUint32(torn[4:], 9) // marks the end of a transaction
		}
		data = append(data, torn...)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, log, err := readable(t, dir); got != 50 || log != "" || err != nil {
		t.Errorf("%d captures, log %q, %v", got, log, err)
	}
}

// TestLostNumbersAreNotReused checks that numbers of lost captures are not used again, and that the
// loss is reported once.
func TestLostNumbersAreNotReused(t *testing.T) {
	t.Parallel()
	dir := killed(t, 40)
	if err := os.Truncate(filepath.Join(dir, wal), 32+20*frameSize); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, sqlite.Options{})
	if c := add(t, s, journaltest.Capture("a", 1)); c.Seq != 41 {
		t.Errorf("seq %d, want 41", c.Seq)
	}
	closeStore(t, s)
	if _, log, err := readable(t, dir); log != "" || err != nil {
		t.Errorf("log %q, %v", log, err)
	}
}

// TestCloseLeavesOneFile checks that the one file of a closed store contains everything.
func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	for i := range 100 {
		add(t, s, journaltest.Capture("a", i))
	}
	if _, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: 10}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveDeliveries(t.Context(), journaltest.Delivery("d", 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ClearBin(t.Context(), "none"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	for _, name := range []string{wal, "journal.db-shm"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
	alone := t.TempDir()
	if err := copyFile(alone, dir); err != nil {
		t.Fatal(err)
	}
	if got, log, err := readable(t, alone); got != 100 || log != "" || err != nil {
		t.Errorf("%d captures, log %q, %v", got, log, err)
	}
}

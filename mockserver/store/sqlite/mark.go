package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// SQLite cannot tell a truncated, damaged or deleted log from a shorter one, and ignores what is
// missing. So this file next to the journal contains the last numbers. It is written after each
// commit and never synced: after a power cut its numbers may be too low, never too high.
const markName = "journal.mark"

// markFormat always has the same length, so that the file is overwritten in place, even on a full
// disk.
const markFormat = "hookrig: captures up to %020d and deliveries up to %020d are in journal.db\n"

// mark is the opened file.
type mark struct {
	file     *os.File
	capture  uint64
	delivery uint64
}

// openMark opens the mark of a folder. The numbers are 0 if the file is missing or unreadable.
func openMark(dir string) (*mark, error) {
	file, err := os.OpenFile(filepath.Join(dir, markName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	m := &mark{file: file}
	m.capture, m.delivery = readMark(dir)
	return m, nil
}

// readMark returns the last numbers of a folder's journal, or 0 if they are not known.
func readMark(dir string) (capture, delivery uint64) {
	data, err := os.ReadFile(filepath.Join(dir, markName))
	if err != nil {
		return 0, 0
	}
	if n, err := fmt.Sscanf(string(data), markFormat, &capture, &delivery); err != nil || n != 2 {
		return 0, 0
	}
	return capture, delivery
}

// set writes the last numbers.
func (m *mark) set(capture, delivery uint64) {
	if capture == m.capture && delivery == m.delivery {
		return
	}
	m.capture, m.delivery = capture, delivery
	// after an error the mark is older
	_, _ = fmt.Fprintf(&startWriter{m.file}, markFormat, capture, delivery)
}

func (m *mark) close() error { return m.file.Close() }

// startWriter writes at the start of a file.
type startWriter struct{ file *os.File }

func (w *startWriter) Write(p []byte) (int, error) { return w.file.WriteAt(p, 0) }

// checkPresent returns an error if the journal is missing although other files show that there was
// one.
func checkPresent(dir string) error {
	capture, delivery := readMark(dir)
	path := filepath.Join(dir, fileName)
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && info.Size() > 0 {
		return nil
	}
	log, logErr := os.Stat(path + "-wal")
	switch {
	case capture > 0 || delivery > 0:
		return fmt.Errorf("%w: %s is empty or missing, but captures up to number %d and deliveries up to number %d were stored in it; "+
			"restore it from a copy, or move the folder %s aside and start with an empty one", ErrCorrupt, path, capture, delivery, dir)
	case logErr == nil && log.Size() > 0:
		return fmt.Errorf("%w: %s is empty or missing, but its log %s exists; restore both from a copy, or move the folder %s aside and start with an empty one",
			ErrCorrupt, path, log.Name(), dir)
	}
	return nil
}

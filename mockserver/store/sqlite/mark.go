package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A log that is cut, damaged or removed looks like a shorter one, so that SQLite passes over what is gone. Therefore
// a file beside the journal says how far it came. It is written behind each commit and never synced: after a power cut it may say less
// than is there, never more.
const markName = "journal.mark"

// markFormat has always the same length, so that it is written in place, on a full disk as well.
const markFormat = "hookrig: captures up to %020d and deliveries up to %020d are in journal.db\n"

// mark is that file.
type mark struct {
	file     *os.File
	capture  uint64
	delivery uint64
}

// openMark opens the mark of a folder; one that is not there, or cannot be read, says nothing.
func openMark(dir string) (*mark, error) {
	file, err := os.OpenFile(filepath.Join(dir, markName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	m := &mark{file: file}
	m.capture, m.delivery = readMark(dir)
	return m, nil
}

// readMark returns how far the journal in a folder came, as far as is known.
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

// set notes how far the journal came.
func (m *mark) set(capture, delivery uint64) {
	if capture == m.capture && delivery == m.delivery {
		return
	}
	m.capture, m.delivery = capture, delivery
	_, _ = fmt.Fprintf(&at{m.file}, markFormat, capture, delivery) // without it, less is noticed
}

func (m *mark) close() error { return m.file.Close() }

// at writes at the beginning of a file.
type at struct{ file *os.File }

func (a *at) Write(p []byte) (int, error) { return a.file.WriteAt(p, 0) }

// checkWhole refuses a folder whose journal is gone, though other files say that there was one.
func checkWhole(dir string) error {
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
		return fmt.Errorf("%w: %s is empty or gone, though captures up to number %d and deliveries up to number %d were stored in it; "+
			"put a copy of it there, or move the folder %s aside and start with an empty one", ErrCorrupt, path, capture, delivery, dir)
	case logErr == nil && log.Size() > 0:
		return fmt.Errorf("%w: %s is empty or gone, though its log %s is there; put a copy of both there, or move the folder %s aside and start with an empty one",
			ErrCorrupt, path, log.Name(), dir)
	}
	return nil
}

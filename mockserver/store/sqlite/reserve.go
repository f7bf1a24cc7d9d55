package sqlite

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// On a full disk nothing can be deleted either: what a transaction changes is written to the log before it is in the file. So
// a file of its own keeps room. It is given up when a deletion, the opening or the closing finds the disk full, and
// taken again when there is room.
const (
	reserveName = "journal.reserve"
	reserveMost = 16 << 20 // bytes
)

// reserve is that file.
type reserve struct {
	path string
	size int64
	held bool
}

// newReserve is the reserve of a journal that may hold so many bytes of records.
func newReserve(dir string, bytes int64) *reserve {
	r := &reserve{path: filepath.Join(dir, reserveName), size: min(reserveMost, max(1<<20, bytes/64))}
	info, err := os.Stat(r.path)
	r.held = err == nil && info.Size() > 0
	return r
}

// take takes the room, or as much of it as there is: an eighth at least.
func (r *reserve) take() error {
	var err error
	for size := r.size; !r.held && size >= r.size/8; size /= 2 {
		err = r.fill(size)
		r.held = err == nil
	}
	if r.held {
		return nil
	}
	return err
}

func (r *reserve) fill(size int64) error {
	file, err := os.OpenFile(r.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	taken, err := allocate(file, size)
	if !taken {
		_, err = io.CopyN(file, rand.Reader, size) // zeros might take no room
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(r.path))
	}
	return nil
}

// isTight says whether the disk is nearly full, so that the log has to stay shorter than the reserve: carrying it over makes the file
// longer.
func (r *reserve) isTight() bool {
	free, known := freeBytes(filepath.Dir(r.path))
	return known && free < 4*r.size
}

// pages is how many pages a part of the reserve has.
func (r *reserve) pages(part int64) int { return int(max(64, r.size/part/pageSize)) }

// giveUp gives the room to the journal, and reports whether there was any.
func (r *reserve) giveUp() bool {
	if !r.held || os.Truncate(r.path, 0) != nil {
		return false
	}
	r.held = false
	return true
}

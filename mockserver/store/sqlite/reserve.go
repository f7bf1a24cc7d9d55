package sqlite

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// On a full disk even a deletion fails, because changed pages are written to the log first. So this
// file reserves disk space. It is released when a deletion, the opening or the closing finds the
// disk full, and allocated again when the disk has space for it.
const (
	reserveName = "journal.reserve"
	reserveMost = 16 << 20 // bytes
)

// reserve is the file that reserves disk space.
type reserve struct {
	path      string
	size      int64
	allocated bool
}

// newReserve returns the reserve of a journal with that limit of bytes.
func newReserve(dir string, bytes int64) *reserve {
	r := &reserve{path: filepath.Join(dir, reserveName), size: min(reserveMost, max(1<<20, bytes/64))}
	info, err := os.Stat(r.path)
	r.allocated = err == nil && info.Size() > 0
	return r
}

// acquire allocates the reserve, or a half, a quarter or an eighth of it.
func (r *reserve) acquire() error {
	var err error
	for size := r.size; !r.allocated && size >= r.size/8; size /= 2 {
		err = r.fill(size)
		r.allocated = err == nil
	}
	if r.allocated {
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
		// a file system might store zeros without using space
		_, err = io.CopyN(file, rand.Reader, size)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(r.path))
	}
	return nil
}

// nearlyFull reports whether the disk is nearly full. Then the log has to stay shorter than the
// reserve, because copying the log into the file makes the file longer.
func (r *reserve) nearlyFull() bool {
	free, known := freeBytes(filepath.Dir(r.path))
	return known && free < 4*r.size
}

// pages returns the number of pages in a fraction of the reserve.
func (r *reserve) pages(divisor int64) int { return int(max(64, r.size/divisor/pageSize)) }

// release frees the disk space for the journal, and reports whether there was any.
func (r *reserve) release() bool {
	if !r.allocated || os.Truncate(r.path, 0) != nil {
		return false
	}
	r.allocated = false
	return true
}

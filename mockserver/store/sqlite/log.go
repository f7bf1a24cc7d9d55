package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The log has the format of https://sqlite.org/fileformat2.html#walformat: a header, and one frame
// for each written page. A frame is valid if it repeats the salts of the header and if its
// checksum, which continues that of the frame before, is correct. SQLite reads up to the first
// invalid frame and ignores the rest. At the end of a log, invalid frames are normal: they are
// older, with other salts, or a power cut has left a part of the last transaction.
const (
	logHeader   = 32
	frameHeader = 24
)

// checkLog returns an error for a log with valid frames behind an invalid one. Those were
// committed, and the file may already have some of their pages.
func checkLog(path string) error {
	file, err := os.Open(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	lost, at, err := scanLog(file, info.Size())
	if err != nil {
		return err
	}
	if lost > 0 {
		return fmt.Errorf("%w: the log %s-wal is damaged at byte %d, and %d transactions follow. Restore both files from a copy; or move "+
			"the log aside, which loses the records that were not yet copied into journal.db, and start again", ErrCorrupt, path, at, lost)
	}
	return nil
}

// scanLog counts the transactions behind the first damage in a log and returns the offset of that.
func scanLog(log io.ReaderAt, size int64) (lost int, at int64, err error) {
	header := make([]byte, logHeader)
	if _, err := log.ReadAt(header, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, err
	}
	order := binary.ByteOrder(binary.LittleEndian)
	magic := binary.BigEndian.Uint32(header)
	if magic == 0x377f0683 {
		order = binary.BigEndian
	}
	page := int64(binary.BigEndian.Uint32(header[8:]))
	s := [2]uint32{}
	s = checksum(order, s, header[:24])
	valid := size >= logHeader && page >= 512 && page <= 64<<10 && (magic == 0x377f0682 || magic == 0x377f0683) &&
		binary.BigEndian.Uint32(header[24:]) == s[0] && binary.BigEndian.Uint32(header[28:]) == s[1]
	if !valid {
		// Without a header, frames are recognised by hookrig's page size and a common salt.
		return scanFrames(log, size, pageSize, nil)
	}
	frame := make([]byte, frameHeader+page)
	for at = logHeader; at+int64(len(frame)) <= size; at += int64(len(frame)) {
		if _, err := log.ReadAt(frame, at); err != nil {
			return 0, 0, err
		}
		next := checksum(order, checksum(order, s, frame[:8]), frame[frameHeader:])
		if string(frame[8:16]) != string(header[16:24]) || binary.BigEndian.Uint32(frame[16:]) != next[0] || binary.BigEndian.Uint32(frame[20:]) != next[1] {
			break
		}
		s = next
	}
	lost, _, err = scanFrames(offset{log, at}, size-at, page, header[16:24])
	if lost == 1 {
		lost = 0 // the last transaction, torn by a power cut before its commit returned
	}
	return lost, at, err
}

// scanFrames counts the frames with a salt that end a transaction. If salt is nil, it skips the
// header and uses the salt of the first frame.
func scanFrames(log io.ReaderAt, size, page int64, salt []byte) (ends int, at int64, err error) {
	start := int64(0)
	if salt == nil {
		start = logHeader
	}
	head := make([]byte, frameHeader)
	for at := start; at+frameHeader+page <= size; at += frameHeader + page {
		if _, err := log.ReadAt(head, at); err != nil {
			return ends, 0, err
		}
		if salt == nil {
			salt = append(salt, head[8:16]...)
		}
		if string(head[8:16]) == string(salt) && binary.BigEndian.Uint32(head[4:]) != 0 {
			ends++
		}
	}
	return ends, 0, nil
}

// offset is the part of a log from an offset.
type offset struct {
	log io.ReaderAt
	at  int64
}

func (o offset) ReadAt(p []byte, at int64) (int, error) { return o.log.ReadAt(p, o.at+at) }

// checksum continues the checksum s over data, whose length is a multiple of 8.
func checksum(order binary.ByteOrder, s [2]uint32, data []byte) [2]uint32 {
	for i := 0; i+8 <= len(data); i += 8 {
		s[0] += order.Uint32(data[i:]) + s[1]
		s[1] += order.Uint32(data[i+4:]) + s[0]
	}
	return s
}

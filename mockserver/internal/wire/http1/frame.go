package http1

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// Frame is what a head says about its message's end and the connection: RFC 9112 §6 and §9.
type Frame struct {
	Length    int64 // of the body; 0 when there is no Content-Length
	Stated    bool  // there is a Content-Length
	Coded     bool  // there is a Transfer-Encoding
	Chunked   bool  // the last coding is chunked, so Length is ignored
	Expect    bool  // the sender waits for 100 Continue
	Close     bool  // Connection: close
	KeepAlive bool  // Connection: keep-alive, which matters in HTTP/1.0
	Hosts     int   // Host lines
}

// FrameOf returns the frame of parsed header lines. The error is Malformed.
func FrameOf(lines signature.Headers) (Frame, error) {
	var f Frame
	for i := range lines {
		if !f.Field(lines[i].Name, lines[i].Value) {
			return f, Malformed(fmt.Sprintf("%s: want one number of bytes", quote(lines[i].Name+": "+lines[i].Value)))
		}
	}
	return f, nil
}

// Field adds one header line. It returns false for a Content-Length that is not one number of
// bytes.
func (f *Frame) Field(name, value string) (ok bool) {
	switch {
	case is(name, "Host"):
		f.Hosts++
	case is(name, "Content-Length"):
		n, ok := Length(value)
		if !ok || f.Stated && f.Length != n {
			return false
		}
		f.Length, f.Stated = n, true
	case is(name, "Transfer-Encoding"):
		f.Coded, f.Chunked = true, EndsChunked(value)
	case is(name, "Connection"):
		f.Close = f.Close || Lists(value, "close")
		f.KeepAlive = f.KeepAlive || Lists(value, "keep-alive")
	case is(name, "Expect"):
		f.Expect = is(value, "100-continue")
	}
	return true
}

// is compares without regard to case. It compares lengths first, because they usually differ.
func is(name, with string) bool { return len(name) == len(with) && strings.EqualFold(name, with) }

// Lists reports whether a comma-separated list holds token, in any case.
func Lists(list, token string) bool {
	for more := true; more; {
		var item string
		item, list, more = strings.Cut(list, ",")
		if is(strings.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}

// EndsChunked reports whether the last coding of a Transfer-Encoding is chunked.
func EndsChunked(codings string) bool {
	return is(strings.Trim(codings[strings.LastIndexByte(codings, ',')+1:], " \t"), "chunked")
}

// Length parses a Content-Length: digits only, no sign and no list.
func Length(value string) (n int64, ok bool) {
	length, err := strconv.ParseUint(strings.Trim(value, " \t"), 10, 62)
	return int64(length), err == nil
}

// chunkSize parses the hexadecimal number at the start of the line before a chunk.
func chunkSize(line string) (int64, error) {
	const maxDigits = 15 // so that it cannot overflow
	digits, _, _ := strings.Cut(line, ";")
	digits = strings.TrimRight(digits, " \t")
	ok := digits != "" && len(digits) <= maxDigits
	var size int64
	for i := 0; ok && i < len(digits); i++ {
		switch c := digits[i]; {
		case isDigit(c):
			size = size<<4 | int64(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			size = size<<4 | int64(c|0x20-'a'+10)
		default:
			ok = false
		}
	}
	if !ok {
		return 0, Malformed(fmt.Sprintf("chunk size %s: want a hexadecimal number", quote(line)))
	}
	return size, nil
}

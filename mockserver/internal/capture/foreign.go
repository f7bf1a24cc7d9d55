package capture

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// language is the protocol that a sender speaks.
type language int

const (
	unknown language = iota // HTTP/1.x, or something unknown
	speaksTLS
	speaksSSH
	speaksHTTP2
	languages // the number of languages
)

// languageOf recognises the language by the first bytes.
func languageOf(start string) language {
	const preface = "PRI * HTTP/2.0\r\n"
	switch {
	// a handshake record, of a version that begins with 3
	case strings.HasPrefix(start, "\x16\x03"):
		return speaksTLS
	case strings.HasPrefix(start, "SSH-"):
		return speaksSSH
	case strings.HasPrefix(start, preface):
		return speaksHTTP2
	}
	return unknown
}

// endsEarly reports that an incomplete head cannot be HTTP/1.x and ends after end bytes; the error
// says why. A sender of another protocol waits for an answer to its first bytes. A malformed
// request line that names no bin is not recorded anywhere.
func endsEarly(start []byte) (end int, err error) {
	if len(start) > 1 && start[0] == 0x16 && start[1] == 0x03 {
		return len(start), http1.Malformed("TLS")
	}
	end = bytes.IndexByte(start, '\n') + 1
	if end == 0 {
		return 0, nil
	}
	var r request
	r.parsed.Start = strings.TrimSuffix(string(start[:end-1]), "\r")
	if err := r.parseRequestLine(); err != nil && binOf(r.Target, "") == "" {
		return end, err
	}
	return 0, nil
}

// foreigners remembers which languages were seen. The zero value is ready.
type foreigners [languages]atomic.Bool

// refuseForeign refuses a request in a known language other than HTTP/1.x, and reports whether it
// did. It logs the first request of each language as a warning.
func (c *conn) refuseForeign() bool {
	r, s := &c.request, c.s
	spoken := languageOf(r.head)
	if spoken == unknown {
		return false
	}
	status, what, do := http.StatusBadRequest, "", ""
	where := "line 1: " + clip.Quote(r.parsed.Start) + ": "
	switch spoken {
	case speaksTLS:
		where, what, do = "", "the sender speaks TLS, and this address does not", "use "+s.url
		if secured := s.TLSURL(); secured != "" {
			do += ", or " + secured
		} else {
			do += ", or open a TLS address with --capture-tls (in Go: Options.CaptureTLS)"
		}
	case speaksSSH:
		what, do = "the sender speaks SSH, and this address HTTP/1.1", "is the port right?"
	case speaksHTTP2:
		status = http.StatusHTTPVersionNotSupported
		what, do = "the sender speaks HTTP/2, and this address HTTP/1.1", "configure it to use HTTP/1.1"
	}
	r.bin, r.last = "", true
	r.refused = &refusal{status: status, problem: http1.Malformed(where + what + ": " + do).Error(), why: malformed, language: spoken}
	log := s.o.Log.Info
	if !s.foreigners[spoken].Swap(true) {
		log = s.o.Log.Warn
	}
	log("capture: not recorded: "+what+": "+do, "peer", c.peer)
	return true
}

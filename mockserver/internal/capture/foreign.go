package capture

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// language is what a sender speaks.
type language int

const (
	unknown language = iota // HTTP/1.x, or nothing that is known here
	speaksTLS
	speaksSSH
	speaksHTTP2
	languages // how many there are
)

// languageOf tells it from the first bytes.
func languageOf(start string) language {
	const preface = "PRI * HTTP/2.0\r\n"
	switch {
	case strings.HasPrefix(start, "\x16\x03"): // a handshake record, of a version that begins with 3
		return speaksTLS
	case strings.HasPrefix(start, "SSH-"):
		return speaksSSH
	case strings.HasPrefix(start, preface):
		return speaksHTTP2
	}
	return unknown
}

// endsEarly says that a head which has not come whole ends after so many bytes: the error is why. Whoever speaks another language
// waits for an answer to the first of them, and a request line that is none and names no bin is recorded nowhere.
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

// foreigners remembers which languages were heard. The zero value is ready.
type foreigners [languages]atomic.Bool

// refuseForeign refuses a request that is not HTTP/1.x but something that is known, and says whether it was. The first of each language is
// told to who runs the server.
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
		what, do = "the sender speaks HTTP/2, and this address HTTP/1.1", "have it begin with HTTP/1.1"
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

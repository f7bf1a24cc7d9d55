package fault

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// gzipped compresses the body after it was signed, as an HTTP library does that compresses what it
// is given.
func gzipped() row {
	return row{
		Kind: Kind{
			Name: "transport:gzip", Text: "compress the signed body, with Content-Encoding: gzip",
			Changes: "the content coding of the body", Signature: Decoded,
			Finds:  "The consumer answers a compressed body with a 5xx, or checks the signature over the compressed bytes.",
			Source: "Tracecat, pull request 1289; RFC 9110, section 8.4",
		},
		groups: []string{"coding"},
		alter: func(_ string, r *Request) error {
			if coded := r.Message.Headers.Get("Content-Encoding"); coded != "" {
				return fmt.Errorf("the body has a Content-Encoding already: %s", coded)
			}
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = w.Write(r.Message.Body)
			_ = w.Close()
			r.setBody(b.Bytes())
			r.Message.Headers.Add("Content-Encoding", "gzip")
			return nil
		},
	}
}

// chunked sends the body in chunks, without its length.
func chunked() row {
	sizes := func(arg string) ([]int, error) {
		if arg == "" {
			return []int{100}, nil
		}
		var list []int
		for text := range strings.SplitSeq(arg, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > maxSize || strconv.Itoa(n) != text || len(list) == 100 {
				return nil, errors.New("want the sizes of the chunks, at most 100 numbers from 1, as in transport:chunked:1,7,100")
			}
			list = append(list, n)
		}
		return list, nil
	}
	return row{
		Kind: Kind{
			Name: "transport:chunked", Text: "send the body in chunks of these sizes, of which the last repeats (100), without Content-Length",
			Changes: "the framing of the body", Signature: Valid,
			Finds:  "The consumer reads an empty body, or none at all, without a Content-Length.",
			Source: "inngest-js, issue 1267; RFC 9112, section 7.1",
		},
		arg: argument{"[SIZES]", "1,7,100", func(arg string) error {
			_, err := sizes(arg)
			return err
		}},
		groups: []string{"framing", "chunks or cut"},
		alter: func(arg string, r *Request) error {
			line := signature.Header{Name: "Transfer-Encoding", Value: "chunked"}
			i, err := r.line("Content-Length")
			if err != nil {
				return err
			}
			r.Message.Headers[i] = line
			r.Manner.Chunks, _ = sizes(arg)
			return nil
		},
	}
}

// http10 sends with HTTP/1.0.
func http10() row {
	return row{
		Kind: Kind{
			Name: "transport:http10", Text: "send with HTTP/1.0",
			Changes: "the HTTP version", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, refuses HTTP/1.0, which some providers send.",
			Source: "WooCommerce, class-wc-webhook.php; RFC 9110, section 6.2",
		},
		groups: []string{"framing", "interim"},
		alter: func(_ string, r *Request) error {
			if r.Message.Version == "HTTP/1.0" {
				return errors.New("a good delivery has HTTP/1.0 too")
			}
			r.Message.Version = "HTTP/1.0"
			return nil
		},
	}
}

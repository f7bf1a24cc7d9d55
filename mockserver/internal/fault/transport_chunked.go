package fault

import (
	"errors"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

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

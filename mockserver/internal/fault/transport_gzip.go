package fault

import (
	"bytes"
	"compress/gzip"
	"fmt"
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

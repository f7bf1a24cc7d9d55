package export

import (
	"io"
)

// rawFormat returns the format of a request's exact bytes.
func rawFormat() Format {
	return Format{
		Name: "raw", Text: "the request's bytes, head and body", MediaType: "application/octet-stream", Extension: ".http",
		write: func(w io.Writer, captures records, _ *Options) error {
			for c, err := range captures {
				if err != nil {
					return err
				}
				if _, err := w.Write(c.Bytes()); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

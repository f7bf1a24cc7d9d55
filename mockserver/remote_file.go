package mockserver

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

func (r *remote) Export(ctx context.Context, q Query, format FileFormat, keepSecrets bool, w io.Writer) error {
	v := parameters{}
	v.text("format", format.Name)
	v.number("before", q.Before)
	v.number("after", q.After)
	v.text("where", q.Where)
	v.text("q", q.Q)
	if keepSecrets {
		v.text("secrets", "keep")
	}
	resp, err := r.send(ctx, http.MethodGet, path("bins", q.Bin, "export")+v.String(), nil)
	if err != nil {
		return err
	}
	defer drain(resp)
	if resp.StatusCode != http.StatusOK {
		return problem.Read(resp)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("the export was cut off: %w", err)
	}
	return nil
}

func (r *remote) Import(ctx context.Context, bin string, format FileFormat, file io.Reader) (out Imported, err error) {
	if !format.Readable() {
		return out, fmt.Errorf("%w: format %s cannot be read", export.ErrInvalid, format.Name)
	}
	resp, err := r.sendFile(ctx, http.MethodPost, path("bins", bin, "import"), format.MediaType, file)
	if err != nil {
		return out, err
	}
	defer drain(resp)
	if resp.StatusCode != http.StatusOK {
		return out, problem.Read(resp)
	}
	return out, decode(resp, &out)
}

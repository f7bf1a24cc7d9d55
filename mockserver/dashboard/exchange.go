package dashboard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// maxImport bounds an imported file, in bytes. Its captures go to the store one by one.
const maxImport = 1 << 30

// Export says how to write captures. It is exported because huma only reads embedded structs that
// are.
type Export struct {
	Format  string `query:"format" enum:"raw,curl,har,jsonl,scenario,go,schema" required:"true" doc:"the format of the file"`
	Secrets string `query:"secrets" enum:"redact,keep" default:"redact" doc:"redact replaces secrets with REDACTED; keep does not"`
}

// exportIn asks for one capture as a file.
type exportIn struct {
	ID string `path:"id" doc:"the capture's id"`
	Export
}

// binExportIn asks for captures of a bin as a file.
type binExportIn struct {
	Bin string `path:"bin" doc:"the bin's name"`
	Export
	Before uint64 `query:"before" doc:"only captures with a lower seq"`
	After  uint64 `query:"after" doc:"only captures with a higher seq"`
	Where  string `query:"where" doc:"a jq condition over {method, path, query, params, headers, body, form, parts}"`
	Q      string `query:"q" doc:"words and fields, as in the list of captures"`
}

// exports documents the response of an export.
func exports(_ huma.API, op *huma.Operation) {
	content := map[string]*huma.MediaType{}
	for _, f := range export.Formats() {
		schema := &huma.Schema{Type: huma.TypeString}
		if f.MediaType == "application/json" || strings.HasSuffix(f.MediaType, "+json") {
			schema = &huma.Schema{Type: huma.TypeObject}
		}
		content[f.MediaType] = &huma.MediaType{Schema: schema}
		op.Description += fmt.Sprintf("%s: %s. ", f.Name, f.Text)
	}
	op.Description += "Oldest first. When an export fails halfway, the server cuts the connection, so the response is incomplete."
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: content}}
}

func (k *dashboard) exportCapture(ctx context.Context, in *exportIn) (*huma.StreamResponse, error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return k.export(&in.Export, c.ID, func(_ context.Context, f export.Format, w io.Writer, o export.Options) error {
		o.Name = c.Bin
		return f.Write(w, export.One(c), o)
	})
}

func (k *dashboard) exportBin(_ context.Context, in *binExportIn) (*huma.StreamResponse, error) {
	q := query.Query{CaptureQuery: journal.CaptureQuery{Bin: in.Bin, Before: in.Before, After: in.After}, Where: in.Where, Q: in.Q}
	return k.export(&in.Export, in.Bin, func(ctx context.Context, f export.Format, w io.Writer, o export.Options) error {
		return k.capture.Export(ctx, q, f, w, o)
	})
}

// export responds with a file. Its headers make a browser save it instead of showing it as a page.
// An error before the first byte is a problem document. After that, export cuts the connection, so
// that the client notices that the file is incomplete.
func (k *dashboard) export(in *Export, name string, write func(context.Context, export.Format, io.Writer, export.Options) error) (*huma.StreamResponse, error) {
	format, err := export.Find(in.Format)
	if err != nil {
		return nil, err
	}
	options := export.Options{KeepSecrets: in.Secrets == "keep", Catalogue: k.catalogue}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		r, w := humago.Unwrap(c)
		out := &fileWriter{w: w, format: format, name: name}
		buffered := bufio.NewWriterSize(out, 32<<10)
		err := write(r.Context(), format, buffered, options)
		if err == nil {
			err = buffered.Flush()
		}
		if err == nil && !out.begun {
			_, err = out.Write(nil)
		}
		switch {
		case err == nil:
		case out.begun:
			panic(http.ErrAbortHandler)
		default:
			problem.Of(err).Write(w)
		}
	}}, nil
}

// fileWriter writes the header of the response before its first byte.
type fileWriter struct {
	w      http.ResponseWriter
	format export.Format
	name   string
	begun  bool
}

func (f *fileWriter) Write(p []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.w.Header().Set("Content-Type", f.format.MediaType)
		f.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name + f.format.Extension}))
		f.w.WriteHeader(http.StatusOK)
	}
	return f.w.Write(p)
}

// importIn is a file of captures to add to a bin.
type importIn struct {
	Bin         string `path:"bin" doc:"the bin's name"`
	ContentType string `header:"Content-Type"`
	file        io.Reader
}

// Resolve takes the body as a stream, because huma would read all of it first.
func (in *importIn) Resolve(c huma.Context) []error {
	r, w := humago.Unwrap(c)
	in.file = http.MaxBytesReader(w, r.Body, maxImport)
	return nil
}

// acceptsFile documents that a route accepts a file of captures.
func acceptsFile(_ huma.API, op *huma.Operation) {
	op.Description = "Either application/json: a HAR file, or captures as this API returns them (one, a list, or {\"items\": […]}). Or application/x-ndjson: JSON Lines, one capture a line. The import skips records that it cannot read and lists them."
	op.RequestBody = &huma.RequestBody{Required: true}
}

// fileContent describes the formats of a file of captures.
func fileContent() map[string]*huma.MediaType {
	return map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Description: "HAR 1.2, or captures"}},
		linesType:          {Schema: &huma.Schema{Type: huma.TypeString, Description: "JSON Lines"}},
	}
}

// linesType is the media type of JSON Lines. A form of another site cannot send it.
const linesType = "application/x-ndjson"

func (k *dashboard) importInto(ctx context.Context, in *importIn) (*response[capture.Imported], error) {
	name := "har"
	if mediaType, _, err := mime.ParseMediaType(in.ContentType); err == nil && mediaType == linesType {
		name = "jsonl"
	}
	format, err := export.Find(name)
	if err != nil {
		return nil, err
	}
	out, err := k.capture.Import(ctx, in.Bin, format, in.file)
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, problem.New(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("the file is larger than %d MiB: split it; %d captures were imported before the limit", maxImport>>20, out.Imported))
	}
	if errors.Is(err, capture.ErrInvalid) && len(out.Skipped) > 0 {
		p := problem.Of(err)
		for _, s := range out.Skipped[1:] { // the error has the first
			p.Errors = append(p.Errors, problem.Part{Location: fmt.Sprintf("body, line %d", s.Line), Message: s.Why})
		}
		return nil, p
	}
	return &response[capture.Imported]{out}, err
}

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

// Bounds of files that are imported and exported.
const (
	maxImport = 1 << 30 // of a file, in bytes; its captures go to the store one by one
)

// Export says how captures are written. (Exported because the API reads embedded structs only then.)
type Export struct {
	Format  string `query:"format" enum:"raw,curl,har,jsonl,scenario,go,schema" required:"true" doc:"the kind of file"`
	Secrets string `query:"secrets" enum:"redact,keep" default:"redact" doc:"whether secrets are replaced by REDACTED"`
}

// exportIn asks for one capture as a file.
type exportIn struct {
	ID string `path:"id" doc:"the capture's id"`
	Export
}

// binExportIn asks for those of a bin.
type binExportIn struct {
	Bin string `path:"bin" doc:"the bin's name"`
	Export
	Before uint64 `query:"before" doc:"only captures with a lower seq"`
	After  uint64 `query:"after" doc:"only captures with a higher seq"`
	Where  string `query:"where" doc:"a jq condition over {method, path, query, params, headers, body, form, parts}"`
	Q      string `query:"q" doc:"a query: words and fields"`
}

// exports documents what an export answers.
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
	op.Description += "Oldest first. An answer that ends before its end was cut off."
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

// export answers with a file. It is offered as one, so that no browser takes it for a page. What is found wrong before the
// first bytes go out is a problem; after that the connection is cut, so that nobody takes the beginning for the whole.
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

// fileWriter writes the head of the answer before its first byte, and gives a slow reader time for each piece.
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

// importIn is a file for a bin.
type importIn struct {
	Bin         string `path:"bin" doc:"the bin's name"`
	ContentType string `header:"Content-Type"`
	file        io.Reader
}

// Resolve takes the body as it comes: the router would read all of it first.
func (in *importIn) Resolve(c huma.Context) []error {
	r, w := humago.Unwrap(c)
	in.file = http.MaxBytesReader(w, r.Body, maxImport)
	return nil
}

// acceptsFile says that a route takes a file of captures.
func acceptsFile(_ huma.API, op *huma.Operation) {
	op.Description = "A HAR file, or captures as this API answers them (one, a list, or {\"items\": […]}), as application/json; or JSON Lines, a capture a line, as application/x-ndjson. What is wrong is skipped."
	op.RequestBody = &huma.RequestBody{Required: true}
}

// fileContent is what a file of captures may be.
func fileContent() map[string]*huma.MediaType {
	return map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Description: "HAR 1.2, or captures"}},
		linesType:          {Schema: &huma.Schema{Type: huma.TypeString, Description: "JSON Lines"}},
	}
}

// linesType is the media type of JSON Lines. It is not one that a form of another site can send.
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
			fmt.Sprintf("the file has more than %d MiB: divide it; %d captures were imported before", maxImport>>20, out.Imported))
	}
	if errors.Is(err, capture.ErrInvalid) && len(out.Skipped) > 0 {
		p := problem.Of(err)
		for _, s := range out.Skipped[1:] { // the error says the first
			p.Errors = append(p.Errors, problem.Part{Location: fmt.Sprintf("body, line %d", s.Line), Message: s.Why})
		}
		return nil, p
	}
	return &response[capture.Imported]{out}, err
}

package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// decoded is a capture's body, decoded and parsed. The capture itself keeps the bytes as received.
type decoded struct {
	Steps     []string       `json:"steps" doc:"the decoding steps, in order: gzip, utf-16le, byte order mark"`
	Problem   string         `json:"problem" doc:"why the body could not be decoded; empty when it could"`
	MediaType string         `json:"media_type" doc:"the media type of Content-Type, without parameters"`
	Bytes     []byte         `json:"bytes" doc:"the decoded body, in base64"`
	NotJSON   string         `json:"not_json" doc:"the syntax error of a body whose Content-Type says JSON; empty when there is none"`
	Params    map[string]any `json:"params" doc:"the query's parameters; a repeated one is a list"`
	Form      map[string]any `json:"form" doc:"the fields of a form; empty when the body is not a form"`
	Parts     []decodedPart  `json:"parts" doc:"the parts of a multipart body, in order"`
}

type decodedPart struct {
	Name        string `json:"name" doc:"the name of the form field"`
	FileName    string `json:"filename" doc:"the name of the file; empty when the part is not a file"`
	ContentType string `json:"content_type" doc:"the media type; empty without one"`
	Bytes       []byte `json:"bytes" doc:"the part's body, decoded, in base64"`
	Problem     string `json:"problem" doc:"why the part could not be decoded; empty when it could"`
}

// addParts adds parts. It names nested parts "outer / inner".
func (d *decoded) addParts(outer string, parts []content.Part) {
	for i := range parts {
		p := &parts[i]
		name := outer + p.Name
		d.Parts = append(d.Parts, decodedPart{name, p.FileName, p.Type, append([]byte{}, p.Body...), p.Problem})
		d.addParts(name+" / ", p.Parts)
	}
}

// minFormMemory is the least memory that the fields of a form may take, in bytes.
const minFormMemory = 16 << 20

// content decodes a capture's body.
func (k *dashboard) content(ctx context.Context, in *captureIn) (*response[decoded], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := content.Decode(&c.Message)
	b.Within(max(minFormMemory, min(byteLimit(k.store), content.Ample)))
	out := decoded{
		Steps: present(b.Steps), Problem: b.Problem, MediaType: b.MediaType, Bytes: append([]byte{}, b.Bytes...),
		Params: content.Params(c.Target), Form: b.Form(), Parts: []decodedPart{},
	}
	if out.Form == nil {
		out.Form = map[string]any{}
	}
	if err := b.CheckJSON(); err != nil && b.SaysJSON() && len(b.Bytes) > 0 {
		out.NotJSON = err.Error()
	}
	parts, err := b.Parts()
	if err != nil && out.Problem == "" {
		out.Problem = err.Error()
	}
	out.addParts("", parts)
	return &response[decoded]{out}, nil
}

// deleteCapture deletes one capture.
func (k *dashboard) deleteCapture(ctx context.Context, in *captureIn) (*response[cleared], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	n, err := k.store.DeleteCaptures(ctx, c.Seq)
	if err == nil && n == 0 {
		err = journal.ErrNotFound // another request deleted it
	}
	return &response[cleared]{cleared{n}}, err
}

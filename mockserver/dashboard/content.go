package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// decoded is what a capture's body means: decoded, and taken apart. The capture itself keeps the bytes as they came.
type decoded struct {
	Steps     []string       `json:"steps" doc:"what was undone, in that order: gzip, utf-16le, byte order mark"`
	Problem   string         `json:"problem" doc:"why the body could not be decoded; empty when it could"`
	MediaType string         `json:"media_type" doc:"of the Content-Type line, without parameters"`
	Bytes     []byte         `json:"bytes" doc:"the decoded body, in base64"`
	NotJSON   string         `json:"not_json" doc:"where a body whose Content-Type says JSON is none; else empty"`
	Params    map[string]any `json:"params" doc:"the query's parameters; one that repeats is a list"`
	Form      map[string]any `json:"form" doc:"the fields of a form; empty when the body is none"`
	Parts     []decodedPart  `json:"parts" doc:"the parts of a multipart body, in their order"`
}

type decodedPart struct {
	Name        string `json:"name" doc:"of the form's field"`
	FileName    string `json:"filename" doc:"of the file; empty when the part is none"`
	ContentType string `json:"content_type" doc:"the media type; empty without one"`
	Bytes       []byte `json:"bytes" doc:"the part's body, decoded, in base64"`
	Problem     string `json:"problem" doc:"why the part could not be decoded; empty when it could"`
}

// addParts adds parts; those inside of another are named "outer / inner".
func (d *decoded) addParts(outer string, parts []content.Part) {
	for i := range parts {
		p := &parts[i]
		name := outer + p.Name
		d.Parts = append(d.Parts, decodedPart{name, p.FileName, p.Type, append([]byte{}, p.Body...), p.Problem})
		d.addParts(name+" / ", p.Parts)
	}
}

// leastForm is how much memory the fields of a form may take at least, in bytes.
const leastForm = 16 << 20

// content decodes a capture's body.
func (k *dashboard) content(ctx context.Context, in *captureIn) (*response[decoded], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := content.Decode(&c.Message)
	b.Within(max(leastForm, min(keptBy(k.store), content.Ample)))
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
		err = journal.ErrNotFound // somebody else was faster
	}
	return &response[cleared]{cleared{n}}, err
}

package export

import (
	"bytes"
	"fmt"
	"mime"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// multipart returns the params as a multipart body. It uses the boundary of the Content-Type, or
// sets one in m.
func (b *readPosted) multipart(m *wire.Message, mimeType string) ([]byte, error) {
	boundary := boundaryOf(m.Headers.Get("Content-Type"))
	if boundary == "" {
		if boundary = boundaryOf(mimeType); boundary == "" {
			boundary = "hookrig-boundary"
			for b.contains(boundary) {
				boundary += "-"
			}
		}
		m.Headers.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	}
	var body bytes.Buffer
	for i := range b.Params {
		p := &b.Params[i]
		if (len(p.Value) == 0 || string(p.Value) == "null") && p.FileName != "" {
			return nil, fmt.Errorf("%w: postData.params: the archive does not have the content of the file %q, so the body cannot be encoded", ErrInvalid, p.FileName)
		}
		value, err := p.text()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, partName(p.Name))
		if p.FileName != "" {
			fmt.Fprintf(&body, "; filename=\"%s\"", partName(p.FileName))
		}
		body.WriteString("\r\n")
		if p.ContentType != "" {
			fmt.Fprintf(&body, "Content-Type: %s\r\n", strings.NewReplacer("\r", "", "\n", "").Replace(p.ContentType))
		}
		fmt.Fprintf(&body, "\r\n%s\r\n", value)
	}
	fmt.Fprintf(&body, "--%s--\r\n", boundary)
	return body.Bytes(), nil
}

// contains reports whether one of the parts contains a boundary.
func (b *readPosted) contains(boundary string) bool {
	for i := range b.Params {
		if strings.Contains(string(b.Params[i].Value), boundary) {
			return true
		}
	}
	return false
}

func boundaryOf(mediaType string) string {
	kind, params, err := mime.ParseMediaType(mediaType)
	if err != nil || kind != "multipart/form-data" {
		return ""
	}
	return params["boundary"]
}

// partName escapes a name as browsers do: https://html.spec.whatwg.org/#multipart-form-data.
func partName(name string) string {
	return strings.NewReplacer("\n", "%0A", "\r", "%0D", `"`, "%22").Replace(name)
}

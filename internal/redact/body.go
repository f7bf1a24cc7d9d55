package redact

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"
)

// Body returns a body without its secrets, according to its Content-Type ("" if there is none) and
// its content. It does not change body, and returns body itself if it has no secret. Decode a
// compressed body first.
func (p *Pass) Body(contentType string, body []byte) []byte {
	if len(body) == 0 {
		return body
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return p.multipart(params["boundary"], body)
	case kind == "application/x-www-form-urlencoded":
		if out, ok := p.jsonLines(body); ok { // curl -d sends JSON with this type
			return out
		}
		return []byte(p.form(string(body)))
	case kind == "" && bytes.HasPrefix(body, []byte("--")):
		return p.multipart("", body)
	}
	return p.untyped(body)
}

// isForm reports whether a body looks like a form: pairs without white space.
func isForm(body []byte) bool {
	if !bytes.Contains(body, []byte("=")) || bytes.ContainsAny(body, " \t\r\n\"<>{}:?#") || !utf8.Valid(body) {
		return false
	}
	for field := range bytes.SplitSeq(body, []byte("&")) {
		name, _, ok := bytes.Cut(field, []byte("="))
		if !ok || len(name) == 0 || len(name) > longestName || bytes.ContainsAny(name, "/,;") {
			return false
		}
	}
	return true
}

func (p *Pass) form(form string) string {
	fields := strings.Split(form, "&")
	for i, field := range fields {
		fields[i] = p.pair(strings.TrimRight(field, "\r\n"), inForm) + field[len(strings.TrimRight(field, "\r\n")):]
	}
	return strings.Join(fields, "&")
}

// multipart redacts the parts with the name of a secret, and the content of the others. If boundary
// is empty, the first line is used.
func (p *Pass) multipart(boundary string, body []byte) []byte {
	if p.depth >= deepest {
		return body
	}
	p.depth++
	defer func() { p.depth-- }()
	if boundary == "" || !bytes.Contains(body, []byte("--"+boundary)) {
		line, _, _ := bytes.Cut(body, []byte("\n"))
		line = bytes.TrimRight(line, "\r \t")
		if !bytes.HasPrefix(line, []byte("--")) || len(line) < 3 {
			return p.untyped(body)
		}
		boundary = string(line[2:])
	}
	parts := bytes.Split(body, []byte("--"+boundary))
	for i := 1; i < len(parts); i++ {
		if !bytes.HasPrefix(parts[i], []byte("--")) {
			parts[i] = p.part(parts[i])
		}
	}
	return bytes.Join(parts, []byte("--"+boundary))
}

// part redacts one part of a multipart body: its header lines, an empty line, its content.
func (p *Pass) part(part []byte) []byte {
	gap, width := bytes.Index(part, []byte("\r\n\r\n")), 4
	if lf := bytes.Index(part, []byte("\n\n")); gap < 0 || lf >= 0 && lf < gap {
		gap, width = lf, 2
	}
	if gap < 0 {
		return p.untyped(part)
	}
	head, content := part[:gap], part[gap+width:]
	end := bytes.LastIndexAny(content, "\n")
	tail := []byte{}
	if end >= 0 && end == len(content)-1 { // this line end belongs to the boundary
		if end > 0 && content[end-1] == '\r' {
			end--
		}
		content, tail = content[:end], content[end:]
	}
	name, contentType, hidden := "", "", ""
	lines := strings.SplitAfter(string(head), "\n")
	for i, line := range lines {
		label, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(label)) {
		case "content-disposition":
			_, params, err := mime.ParseMediaType(strings.TrimSpace(value))
			if name = params["name"]; err != nil || name == "" {
				name = quotedName(value)
			}
		case "content-type":
			contentType = strings.TrimSpace(value)
		default:
			plain := strings.TrimRight(value, "\r\n")
			if trimmed := strings.TrimLeft(plain, " \t"); trimmed != "" {
				lines[i] = label + ":" + plain[:len(plain)-len(trimmed)] + p.Header(strings.TrimSpace(label), trimmed) + value[len(plain):]
			}
		}
	}
	switch {
	case p.is(name, inForm):
		if len(content) > 0 {
			hidden = p.took(name, string(content))
		}
		content = []byte(hidden)
	default:
		content = p.Body(contentType, content)
	}
	out := append([]byte(strings.Join(lines, "")), part[gap:gap+width]...)
	return append(append(out, content...), tail...)
}

// quotedName returns the name in a malformed Content-Disposition.
func quotedName(disposition string) string {
	_, rest, ok := strings.Cut(strings.ToLower(disposition), "name=")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(strings.Trim(rest, " \r\n"), ";")
	return strings.Trim(name, `"' `)
}

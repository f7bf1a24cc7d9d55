package consumers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"unicode/utf8"
)

var (
	labels = regexp.MustCompile(`(?:[a-z0-9]*=)*([0-9a-f]{64})`)
	formed = regexp.MustCompile(`^(t=[0-9]+(,v[0-9]=[0-9a-f]{64})+|(sha256=)?[0-9a-f]{64})$`)
)

// wellFormed reports whether the signature header looks like one.
func (c *Consumer) wellFormed(r *http.Request) bool {
	return formed.MatchString(r.Header.Get(c.provider.signature))
}

func malformed(body []byte) bool {
	_, err := decode(body)
	return err != nil
}

// rewritten returns the JSON in the provider's style: indented for Stripe, compact for the others.
func (c *Consumer) rewritten(body []byte) []byte {
	var out bytes.Buffer
	err := json.Compact(&out, body)
	if err == nil && c.provider.signature == "Stripe-Signature" {
		out.Reset()
		err = json.Indent(&out, body, "", "  ")
	}
	if err != nil {
		return body
	}
	return bytes.TrimSpace(out.Bytes())
}

// decoder replaces what is no UTF-8 in each part that it reads.
type decoder struct {
	source io.ReadCloser
	rest   []byte
}

func (d *decoder) Read(p []byte) (int, error) {
	if len(d.rest) > 0 {
		n := copy(p, d.rest)
		d.rest = d.rest[n:]
		return n, nil
	}
	part := make([]byte, 32<<10)
	n, err := d.source.Read(part)
	text := bytes.ToValidUTF8(part[:n], []byte(string(utf8.RuneError)))
	n = copy(p, text)
	d.rest = text[n:]
	if len(d.rest) > 0 {
		err = nil
	}
	return n, err
}

func (d *decoder) Close() error { return d.source.Close() }

// repeatsKey reports whether an object of the JSON value has a key twice.
func repeatsKey(d *json.Decoder) bool {
	token, err := d.Token()
	open, _ := token.(json.Delim)
	if err != nil || open == 0 {
		return false
	}
	keys := map[any]bool{}
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil || keys[key] {
				return err == nil
			}
			keys[key] = true
		}
		if repeatsKey(d) {
			return true
		}
	}
	_, _ = d.Token() // the end of the object or list
	return false
}

// levels returns how many objects and lists are in each other.
func levels(value any) (deepest int) {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			deepest = max(deepest, levels(inner))
		}
	case []any:
		for _, inner := range value {
			deepest = max(deepest, levels(inner))
		}
	default:
		return 0
	}
	return deepest + 1
}

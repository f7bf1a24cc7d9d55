package capture

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// Document is what a jq condition sees of a message: {method, path, query, headers: {lower-case name: [values]}, body}.
// Path and query are as they were sent; the body is parsed JSON, its numbers exact, or else text.
func Document(m *signature.Message) map[string]any {
	path, query, _ := strings.Cut(pathOf(m.Target), "?")
	headers := make(map[string]any, len(m.Headers))
	for i := range m.Headers {
		name := strings.ToLower(m.Headers[i].Name)
		values, _ := headers[name].([]any)
		headers[name] = append(values, m.Headers[i].Value)
	}
	return map[string]any{"method": m.Method, "path": path, "query": query, "headers": headers, "body": parsedBody(m.Body)}
}

func parsedBody(body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return string(body)
	}
	if _, err := decoder.Token(); err != io.EOF { //nolint:errorlint // never wrapped
		return string(body)
	}
	return v
}

package webhooksite

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/internal/clip"
)

// response is an answer that somebody gives to a request that is held.
type response struct {
	status  int
	headers map[string][]string
	content []byte
}

// Bounds of a response.
const (
	mostLines   = 200
	longestLine = 8 << 10 // bytes
)

// setResponse answers a request that is held. https://docs.webhook.site/api/requests.html#set-response
func (s *Site) setResponse(w http.ResponseWriter, r *http.Request, t *token) error {
	f, err := readFields(r)
	if err != nil {
		return err
	}
	answered, err := readResponse(f)
	if err != nil {
		return err
	}
	id := r.PathValue("rid")
	seq, n, ok := parseID(id)
	if !ok || n != 0 {
		return noRequest(id)
	}
	if !s.held.answer(r.Context(), t.UUID, seq, answered) {
		if _, err := s.capture(r.Context(), t, id); err != nil {
			return err
		}
		return fail(http.StatusConflict, "request %s waits for no response: it has been answered, or the token has no listen", id)
	}
	return answer(w, http.StatusOK, status{true})
}

func readResponse(f *fields) (response, error) {
	r := response{status: http.StatusOK, headers: map[string][]string{}}
	f.integer("status", 200, 599, &r.status)
	content := ""
	f.text("content", longestBody, &content)
	if f.err != nil {
		return response{}, f.err
	}
	var err error
	if r.content, err = base64.StdEncoding.DecodeString(content); err != nil {
		return response{}, invalid("content %s: want base64: %s", clip.Quote(content), err)
	}
	if raw := f.value("headers"); raw != nil && string(raw) != "[]" { // PHP's empty object
		err = r.readHeaders(raw)
	}
	return r, err
}

// readHeaders takes the header lines: a value or a list of values for each name. Those about the connection or the
// length are another answer's. The official command line hands on what it got after decoding it, so a coding that the
// content does not have is left out.
func (r *response) readHeaders(raw json.RawMessage) error {
	var lines map[string]any
	if err := json.Unmarshal(raw, &lines); err != nil {
		return invalid("headers %s: want an object of names and values", clip.Quote(string(raw)))
	}
	n := 0
	for name, value := range lines {
		if !httpguts.ValidHeaderFieldName(name) {
			return invalid("headers: %s is no name of a header", clip.Quote(name))
		}
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding", "connection", "keep-alive", "trailer":
			continue
		case "content-encoding":
			if len(values) == 1 && values[0] == "gzip" && !strings.HasPrefix(string(r.content), "\x1f\x8b") {
				continue
			}
		}
		for _, v := range values {
			text, isText := v.(string)
			if !isText || len(text) > longestLine || strings.ContainsAny(text, "\r\n\x00") {
				return invalid("headers: %s: want text of one line, at most %d bytes", name, longestLine)
			}
			if n++; n > mostLines {
				return invalid("headers: want at most %d lines", mostLines)
			}
			r.headers[name] = append(r.headers[name], text)
		}
	}
	return nil
}

package webhooksite

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/internal/clip"
)

// response is somebody's response to a request that waits.
type response struct {
	status  int
	headers map[string][]string
	content []byte
}

// Bounds of a response.
const (
	maxLines = 200
	maxLine  = 8 << 10 // bytes
)

// setResponse answers a request that waits.
// https://docs.webhook.site/api/requests.html#set-response
func (s *API) setResponse(w http.ResponseWriter, r *http.Request, t *token) error {
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
	if !s.waiters.answer(r.Context(), t.UUID, seq, answered) {
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
	f.text("content", maxCall, &content)
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

// readHeaders takes the header lines: a value or a list of values for each name, without those
// about the connection and the length. The official command line decodes a response before it hands
// it on, so a coding that the content does not have is left out.
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
			if !isText || len(text) > maxLine || strings.ContainsAny(text, "\r\n\x00") {
				return invalid("headers: %s: want text of one line, at most %d bytes", name, maxLine)
			}
			if n++; n > maxLines {
				return invalid("headers: want at most %d lines", maxLines)
			}
			r.headers[name] = append(r.headers[name], text)
		}
	}
	return nil
}

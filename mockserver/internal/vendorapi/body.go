package vendorapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// MaxBody bounds a request's body, in bytes.
const MaxBody = 1 << 20

// Body reads a request's whole body. The error is an *Error: 413 when it is too large, 400 when it
// ends early, 408 when it takes too long.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err == nil {
		return body, nil
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, Errorf(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", large.Limit)
	}
	if wait := (interface{ Timeout() bool })(nil); errors.As(err, &wait) && wait.Timeout() {
		return nil, Errorf(http.StatusRequestTimeout, "The body did not arrive in time.")
	}
	return nil, Errorf(http.StatusBadRequest, "The body could not be read: %v.", err)
}

// JSONBody reads a request's body. The error is an *Error of Body, or 415 when the content type is
// not JSON. An optional body may be empty, whatever the content type is.
func JSONBody(w http.ResponseWriter, r *http.Request, optional bool) ([]byte, error) {
	var wrongType error
	contentType := r.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" && !(strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")) {
		wrongType = Errorf(http.StatusUnsupportedMediaType, "The content type is %.100q: send application/json.", contentType)
	}
	if wrongType != nil && !optional {
		return nil, wrongType
	}
	body, err := Body(w, r)
	if err != nil || optional && len(body) == 0 {
		return nil, err
	}
	return body, wrongType
}

// Decode reads one JSON value into v. The error is an *Error, 400, that says where the mistake is.
func Decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	err := dec.Decode(v)
	if err == nil {
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return Errorf(http.StatusBadRequest, "More follows the JSON value, at byte %d.", dec.InputOffset())
		}
		return nil
	}
	e := Errorf(http.StatusBadRequest, "The body is not valid: %v.", err)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		e.Text = fmt.Sprintf("The body is not valid JSON, at byte %d: %v.", syntax.Offset, syntax)
	} else if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		e.Text = "A value is of the wrong type."
		e.Fields = map[string][]string{wrong.Field: {fmt.Sprintf("A JSON %s cannot be read as %s.", wrong.Value, wrong.Type)}}
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Text = "The body ends too early: send JSON."
	}
	return e
}

// Write answers with a value as JSON.
func Write(w http.ResponseWriter, status int, v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	WriteBytes(w, status, bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	return nil
}

// WriteBytes answers with JSON text as it is.
func WriteBytes(w http.ResponseWriter, status int, text []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // an error means that the caller has left
}

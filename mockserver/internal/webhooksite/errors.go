package webhooksite

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// failure is an error for the caller, with its status.
type failure struct {
	status  int
	message string
}

func (f *failure) Error() string { return f.message }

func fail(status int, format string, args ...any) error {
	return &failure{status, fmt.Sprintf(format, args...)}
}

// invalid is a 422 about the caller's input.
func invalid(format string, args ...any) error {
	return fail(http.StatusUnprocessableEntity, format, args...)
}

// errorBody is the API's form of an error. The id is random, as the service's is: a person can
// quote it.
type errorBody struct {
	Success bool `json:"success"`
	Error   struct {
		Message string `json:"message"`
		ID      string `json:"id"`
	} `json:"error"`
}

func newErrorBody(message string) []byte {
	var b errorBody
	b.Error.Message, b.Error.ID = message, newUUID()
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // two texts always encode
	}
	return text
}

// answerError writes an error.
func (s *API) answerError(w http.ResponseWriter, r *http.Request, err error) {
	status, message := problem.Of(err).Status, err.Error()
	var f *failure
	switch {
	case errors.As(err, &f):
		status, message = f.status, f.message
	case status == http.StatusInsufficientStorage:
		message = "hookrig has no room to store this"
	case status == http.StatusServiceUnavailable, status == http.StatusInternalServerError && r.Context().Err() != nil:
		status, message = http.StatusServiceUnavailable, "hookrig is closing"
	case status == http.StatusInternalServerError:
		message = "hookrig could not do this; see its log"
		s.o.Log.Error("webhooksite: a call failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(newErrorBody(message))
}

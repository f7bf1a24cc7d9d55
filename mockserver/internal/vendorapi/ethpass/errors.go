package ethpass

import (
	"maps"
	"net/http"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// writeError writes an error as clients of ethpass read it: a JSON object with a message.
func writeError(w http.ResponseWriter, _ *http.Request, e *vendorapi.Error) {
	_ = vendorapi.Write(w, e.Status, map[string]string{"message": text(e)})
}

// text returns all that an error says, in one line.
func text(e *vendorapi.Error) string {
	said := e.Text
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		for _, why := range e.Fields[field] {
			said += " " + field + ": " + why
		}
	}
	return said
}

// invalid is a 400 about a member or a parameter.
func invalid(format string, args ...any) *vendorapi.Error {
	return vendorapi.Errorf(http.StatusBadRequest, format, args...)
}

// noPass returns a 404 in the words of ethpass when there is no such pass; other errors stay.
func noPass(id string, err error) error {
	return vendorapi.NotFound(err, "The project has no pass %.80q.", id)
}

package problem

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Problem is one error in the form of RFC 9457.
type Problem struct {
	// Type is "urn:hookrig:error:" and the first of Kinds. "" means about:blank: the error has only
	// a status.
	Type   string `json:"type,omitempty" doc:"names the kind of error"`
	Title  string `json:"title,omitempty" doc:"the kind of error in words"`
	Status int    `json:"status,omitempty" doc:"the HTTP status"`
	// Detail is the error's own text.
	Detail string `json:"detail,omitempty" doc:"what went wrong this time, and what to do"`
	// Kinds are all kinds of the error, the closest first.
	Kinds []string `json:"kinds,omitempty" doc:"all kinds of the error, the closest first"`
	// Errors are the parts of a request that were wrong.
	Errors []Part `json:"errors,omitempty" doc:"what was wrong with the request, part by part"`
}

// Part is one thing that was wrong with a request.
type Part struct {
	Message  string `json:"message,omitempty" doc:"what was wrong"`
	Location string `json:"location,omitempty" doc:"where: query.limit, body"`
	Value    any    `json:"value,omitempty" doc:"the invalid value"`
}

// typePrefix is the start of every type. The name of a kind follows it.
const typePrefix = "urn:hookrig:error:"

// New returns a problem without a kind.
func New(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// Of converts err to a problem. The kinds are those of the sentinels that err wraps; without one
// the status is 500. It returns a *Problem in err unchanged.
func Of(err error) *Problem {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p
	}
	p := &Problem{Detail: err.Error()}
	for _, k := range kinds() {
		if !errors.Is(err, k.err) {
			continue
		}
		if len(p.Kinds) == 0 {
			p.Type, p.Title, p.Status = typePrefix+k.name, k.err.Error(), k.status
		}
		p.Kinds = append(p.Kinds, k.name)
	}
	if len(p.Kinds) == 0 {
		p.Title, p.Status = http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError
	}
	return p
}

// maxRead is how many bytes Read reads from a response.
const maxRead = 1 << 20

// Read returns the error in a response. If the response is not a problem document, for example that
// of a proxy, it returns a problem with its status and the start of its text.
func Read(r *http.Response) *Problem {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRead))
	p := &Problem{}
	if err == nil && json.Unmarshal(body, p) == nil && p.Status == r.StatusCode {
		return p
	}
	text := string(body[:min(len(body), 200)])
	if text == "" {
		text = "no body"
	}
	return New(r.StatusCode, "status "+r.Status+": "+text)
}

// Error returns the detail and the wrong parts of the request.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for i, part := range p.Errors {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		text += sep
		if part.Location != "" {
			text += part.Location + ": "
		}
		text += part.Message
	}
	return text
}

// Is reports whether the problem has the kind of the sentinel.
func (p *Problem) Is(target error) bool {
	for _, k := range kinds() {
		if k.err == target { //nolint:errorlint // a sentinel is looked up, not matched
			return slices.Contains(p.Kinds, k.name)
		}
	}
	return false
}

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of a problem, whatever was negotiated.
func (p *Problem) ContentType(string) string { return ContentType }

// Write writes p as the response to a request.
func (p *Problem) Write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil { // a Value that is not valid in JSON
		body, _ = json.Marshal(New(p.Status, p.Error()))
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // fails only if the client has disconnected
}

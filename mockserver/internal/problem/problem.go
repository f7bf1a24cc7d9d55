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

// Problem is one error as RFC 9457 writes it.
type Problem struct {
	// Type is "urn:hookrig:error:" and the first of Kinds; "" is about:blank, an error of no kind.
	Type   string `json:"type,omitempty" doc:"names the kind of error"`
	Title  string `json:"title,omitempty" doc:"the kind of error in words"`
	Status int    `json:"status,omitempty" doc:"the HTTP status"`
	// Detail is the error's own text.
	Detail string `json:"detail,omitempty" doc:"what went wrong this time, and what to do"`
	// Kinds are all the kinds that the error is of, the closest first.
	Kinds []string `json:"kinds,omitempty" doc:"all the kinds that the error is of, the closest first"`
	// Errors are the parts of a request that were wrong.
	Errors []Part `json:"errors,omitempty" doc:"what was wrong with the request, part by part"`
}

// Part is one thing that was wrong with a request.
type Part struct {
	Message  string `json:"message,omitempty" doc:"what was wrong"`
	Location string `json:"location,omitempty" doc:"where: query.limit, body"`
	Value    any    `json:"value,omitempty" doc:"what stood there"`
}

// typePrefix begins every type; the name of a kind follows.
const typePrefix = "urn:hookrig:error:"

// New returns a problem of no kind, with that status.
func New(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// Of returns err as a problem: its kinds from the sentinels it wraps, 500 when it wraps none. A
// *Problem stays as it is.
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

// maxRead bounds what Read takes of a response that is an error.
const maxRead = 1 << 20

// Read returns the error of a response. A response that is no problem document, as a proxy's may
// be, is then a Problem with its status and the start of its text.
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

// Error returns the detail, and what was wrong part by part.
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

// Is says whether the problem is of the kind of the sentinel.
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

// Write answers a request with p.
func (p *Problem) Write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil { // a Value that JSON cannot hold
		body, _ = json.Marshal(New(p.Status, p.Error()))
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // an error means that the caller has left
}

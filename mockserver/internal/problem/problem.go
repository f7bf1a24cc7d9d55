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
	// Type is "urn:hookrig:error:" and the first of Kinds; "" stands for about:blank, an error with nothing to it but its status.
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

// typePrefix begins every type; what follows is a kind's name.
const typePrefix = "urn:hookrig:error:"

// New is a problem of no kind but its status.
func New(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// Of is err as a problem: its kinds from the sentinels it wraps, 500 when it wraps none of them. A *Problem stays as it is.
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

// Read is the error that a response holds. A response that is no problem document, as a proxy's may be, is a Problem of its
// status with the start of its text.
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

// Error is the detail, and what was wrong part by part.
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

// Is says whether the problem is of the kind that the sentinel stands for.
func (p *Problem) Is(target error) bool {
	for _, k := range kinds() {
		if k.err == target { //nolint:errorlint // a sentinel is looked up, not matched
			return slices.Contains(p.Kinds, k.name)
		}
	}
	return false
}

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType turns the negotiated media type of a response into a problem's.
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
	_, _ = w.Write(append(body, '\n')) // whoever asked is gone: nobody is left to tell
}

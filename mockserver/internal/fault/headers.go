package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// lineName is an argument that is the name of a header line.
func lineName(example string) argument {
	return argument{"NAME", example, func(arg string) error {
		if !httpguts.ValidHeaderFieldName(arg) {
			return errors.New("want the name of a header line, as in " + example)
		}
		return nil
	}}
}

// line returns the index of the first header line of a name.
func (r *Request) line(name string) (int, error) {
	i := slices.IndexFunc(r.Message.Headers, func(h signature.Header) bool { return strings.EqualFold(h.Name, name) })
	if i >= 0 {
		return i, nil
	}
	names := make([]string, len(r.Message.Headers))
	for i := range names {
		names[i] = r.Message.Headers[i].Name
	}
	return 0, fmt.Errorf("the request has no line %s: it has %s%s", name, strings.Join(names, ", "), didYouMean(name, names))
}

// setLine sets the value of a header line, which keeps its place and case.
func (r *Request) setLine(name, value string) {
	if i, err := r.line(name); err == nil {
		r.Message.Headers[i].Value = value
		return
	}
	r.Message.Headers.Add(name, value)
}

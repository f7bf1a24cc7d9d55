package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
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

// dropHeader leaves out a header line.
func dropHeader() row {
	return row{
		Kind: Kind{
			Name: "headers:drop", Text: "leave out a header line",
			Changes: "one header line", Signature: Uncovered,
			Finds:  "The consumer fails with a 5xx without a line that is optional, or does without one that it needs.",
			Source: "CloudEvents, HTTP 1.1 Web Hooks: Content-Type; AdCP rejection vectors",
		},
		arg: lineName("Content-Type"),
		alter: func(arg string, r *Request) error {
			if strings.EqualFold(arg, "Content-Length") || strings.EqualFold(arg, "Transfer-Encoding") {
				return errors.New("without it the request ends elsewhere: use transport:chunked")
			}
			if _, err := r.line(arg); err != nil {
				return err
			}
			for _, at := range places(r.scheme) {
				if strings.EqualFold(at.header, arg) {
					return errors.New("it is the signature: use signature:missing")
				}
			}
			r.Message.Headers.Del(arg)
			return nil
		},
	}
}

// duplicateHeader sends a header line twice.
func duplicateHeader() row {
	return row{
		Kind: Kind{
			Name: "headers:duplicate", Text: "send a header line twice, with the same value",
			Changes: "one more header line", Signature: Uncovered,
			Finds:  "The consumer joins the two values with a comma, or reads a list where it expects a text.",
			Source: "RFC 9110, section 5.3; webhook-skills, headers that come twice",
		},
		arg: lineName("Content-Type"),
		alter: func(arg string, r *Request) error {
			i, err := r.line(arg)
			if err != nil {
				return err
			}
			r.Message.Headers = slices.Insert(r.Message.Headers, i+1, r.Message.Headers[i])
			return nil
		},
	}
}

// extraHeaders adds header lines.
func extraHeaders() row {
	return row{
		Kind: Kind{
			Name: "headers:extra", Text: "add N header lines that nobody knows",
			Changes: "N more header lines", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, refuses a request with more lines than it is used to.",
			Source: "RFC 9110, section 5.4: limits; Node.js allows 2000 lines, nginx 32 KiB",
		},
		arg:    number("N", "50", "how many lines are added", 1, 10_000),
		groups: []string{"extra"},
		alter: func(arg string, r *Request) error {
			for i := range count(arg, 0) {
				r.Message.Headers.Add("X-Hookrig-Extra-"+strconv.Itoa(i+1), strconv.Itoa(i+1))
			}
			return nil
		},
	}
}

// headerCase writes the names of all header lines in another case.
func headerCase() row {
	return row{
		Kind: Kind{
			Name: "headers:case", Text: "write the names of all header lines in lower, UPPER or mIxEd case",
			Changes: "the case of header names", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, looks header lines up by their exact case.",
			Source: "RFC 9110, section 5.1: names are case-insensitive; HTTP/2 proxies send them in lower case",
		},
		arg:    oneOf("lower", "upper", "mixed"),
		groups: []string{"case"},
		alter: func(arg string, r *Request) error {
			change := map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper, "mixed": mixed}[arg]
			changed := false
			for i := range r.Message.Headers {
				line := &r.Message.Headers[i]
				before := line.Name
				line.Name = change(before)
				changed = changed || line.Name != before
			}
			if !changed {
				return fmt.Errorf("a good delivery has all names so")
			}
			return nil
		},
	}
}

// mixed alternates the case: cOnTeNt-tYpE.
func mixed(name string) string {
	b := []byte(strings.ToLower(name))
	for i := 1; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}

// contentType replaces Content-Type.
func contentType() row {
	return row{
		Kind: Kind{
			Name: "headers:content_type", Text: "send another Content-Type",
			Changes: "the line Content-Type", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer's framework parses, or drops, the body by its type before the signature is checked, or takes any type.",
			Source: "CloudEvents, HTTP 1.1 Web Hooks: 415",
		},
		arg: argument{"TYPE", "application/vnd.api+json", func(arg string) error {
			if arg == "" || !httpguts.ValidHeaderFieldValue(arg) {
				return errors.New("want a media type, as in text/plain; charset=utf-8")
			}
			return nil
		}},
		groups: []string{"type"},
		prepare: func(arg string, r *Request) error {
			if r.Message.Headers.Get("Content-Type") == arg {
				return fmt.Errorf("a good delivery has the Content-Type %q too", arg)
			}
			r.setLine("Content-Type", arg)
			return nil
		},
	}
}

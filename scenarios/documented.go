package scenarios

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// checkDocumented compares captures with the provider's documents: the method, and the header
// lines, each exactly once with its documented name and value, and no others.
func checkDocumented(p *fixtures.Provider, b *bin, list []mockserver.Capture, known []*runEvent, v *result) error {
	var wrong []string
	for i := range list {
		if known[i] == nil {
			continue // reported already
		}
		problems, err := undocumented(p, b, list[i].Message, known[i].Event)
		for at := 0; err == nil && len(problems) > 0 && at < len(known[i].again); at++ {
			var more []string
			if more, err = undocumented(p, b, list[i].Message, known[i].again[at]); len(more) < len(problems) {
				problems = more
			}
		}
		if err != nil {
			return err
		}
		for _, problem := range problems {
			wrong = append(wrong, fmt.Sprintf("%s (%s): %s", list[i].ID, known[i].Name, problem))
		}
	}
	v.failEach(wrong)
	if len(wrong) == 0 {
		v.note("headers as documented")
	}
	return nil
}

// undocumented returns the differences between a request and the documents.
func undocumented(p *fixtures.Provider, b *bin, got signature.Message, e fixtures.Event) ([]string, error) {
	// The time of the attempt is not known here. Two messages with different times show which
	// header lines depend on it.
	want, err := p.Message(b.url, e, e.At)
	if err != nil {
		return nil, err
	}
	later, err := p.Message(b.url, e, e.At.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	var problems []string
	if got.Method != want.Method {
		problems = append(problems, fmt.Sprintf("want the method %s, got %s", want.Method, got.Method))
	}
	known := map[string]bool{}
	for _, line := range want.Headers {
		known[strings.ToLower(line.Name)] = true
		value, problem := oneLine(got.Headers, line.Name)
		stamped := later.Headers.Get(line.Name) != line.Value
		switch {
		case problem != "":
			problems = append(problems, problem)
		case !stamped && value != line.Value:
			problems = append(problems, fmt.Sprintf("header %s: want %q, got %q", line.Name, line.Value, value))
		case stamped && maskDigits(value) != maskDigits(line.Value):
			problems = append(problems, fmt.Sprintf("header %s: want a time as %q, got %q", line.Name, line.Value, value))
		}
	}
	for _, emit := range signatureHeaders(p) {
		known[strings.ToLower(emit.Header)] = true
		if len(b.secrets) == 0 || emit.Secret > len(b.secrets) {
			continue // requests are not signed, or not with so many secrets
		}
		if _, problem := oneLine(got.Headers, emit.Header); problem != "" {
			problems = append(problems, problem)
		}
	}
	for _, line := range got.Headers {
		if !known[strings.ToLower(line.Name)] {
			problems = append(problems, fmt.Sprintf("header %s is not documented", line.Name))
		}
	}
	return problems, nil
}

// signatureHeaders returns the provider's signature header lines.
func signatureHeaders(p *fixtures.Provider) []signature.Emit {
	var lines []signature.Emit
	for _, s := range p.Signing.Signatures {
		for _, emit := range s.Emit {
			if emit.Header != "" {
				lines = append(lines, emit)
			}
		}
	}
	return lines
}

// maskDigits replaces every digit by 0, so that times of the same format are equal.
func maskDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '0'
		}
		return r
	}, text)
}

package matchers

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/clip"
)

// wantedText is what a text must be: an exact text, or what a matcher accepts.
type wantedText struct {
	exact   string
	matcher types.GomegaMatcher
}

// textWanted reads an argument: a string, bytes or a matcher.
func textWanted(name string, want any) (wantedText, error) {
	switch w := want.(type) {
	case types.GomegaMatcher:
		return wantedText{matcher: w}, wrongOf(w)
	case []byte:
		return wantedText{exact: string(w)}, nil
	}
	if v := reflect.ValueOf(want); v.Kind() == reflect.String {
		return wantedText{exact: v.String()}, nil
	}
	got := typeOf(want)
	if want != nil {
		got += fmt.Sprintf(" %v", want)
	}
	return wantedText{}, fmt.Errorf("%s wants a string or a matcher, got %s", name, got)
}

// compare returns whether a text is as wanted, and the text in quotes, with the reason if a matcher
// could not take it.
func (w wantedText) compare(got string) (found string, matched bool) {
	if w.matcher == nil {
		return clip.Quote(got), got == w.exact
	}
	matched, err := w.matcher.Match(got)
	if err != nil {
		return clip.Quote(got) + ": " + firstLine(err), false
	}
	return clip.Quote(got), matched
}

// to says what a text must do, in a sentence.
func (w wantedText) to() string {
	if w.matcher != nil {
		return "match " + w.String()
	}
	return "be " + w.String()
}

func (w wantedText) String() string {
	if w.matcher != nil {
		return nameOf(w.matcher)
	}
	return clip.Quote(w.exact)
}

// firstLine returns the first line of an error. Gomega's errors end in "Got:" and a dump of the
// value.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(line, ": "), "Got"), ":. ")
}

// indented puts every line of a text after the first behind a margin.
func indented(text, margin string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+margin)
}

// plural returns a number of things: "1 capture", "2 captures".
func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

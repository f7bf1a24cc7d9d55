package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/mockserver"
)

// pageDifference is a Difference whose texts are split into what is equal and what differs.
type pageDifference struct {
	What              string
	WantName, GotName string
	Want, Got         []markedPart
}

// markedPart is a part of a text that is equal to a part of the other text, or differs.
type markedPart struct {
	Text    string
	Differs bool
}

// mostCompared is the largest number of pairs of words that are compared. Longer texts differ in
// one part.
const mostCompared = 1 << 18

func newPageDifference(d Difference) pageDifference {
	want, got := words(d.Want), words(d.Got)
	start, end := 0, 0
	for start < len(want) && start < len(got) && want[start] == got[start] {
		start++
	}
	for end < len(want)-start && end < len(got)-start && want[len(want)-1-end] == got[len(got)-1-end] {
		end++
	}
	before, after := want[:start], want[len(want)-end:]
	want, got = want[start:len(want)-end], got[start:len(got)-end]
	inWant, inGot := make([]bool, len(want)), make([]bool, len(got)) // equal words
	if len(want)*len(got) <= mostCompared {
		pair(want, got, inWant, inGot)
	}
	return pageDifference{What: d.What, WantName: "expected", GotName: "got", Want: marked(before, want, inWant, after), Got: marked(before, got, inGot, after)}
}

// words splits a text into words of letters and digits, and the characters between them.
func words(text string) []string {
	var list []string
	begun := false // the last item is a word
	for _, r := range text {
		inWord := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-'
		if begun && inWord {
			list[len(list)-1] += string(r)
		} else {
			list = append(list, string(r))
		}
		begun = inWord
	}
	return list
}

// pair marks the words of a longest common subsequence.
func pair(want, got []string, inWant, inGot []bool) {
	wide := len(got) + 1
	longest := make([]int32, (len(want)+1)*wide) // of the rests of both lists
	for i := len(want) - 1; i >= 0; i-- {
		for k := len(got) - 1; k >= 0; k-- {
			if want[i] == got[k] {
				longest[i*wide+k] = longest[(i+1)*wide+k+1] + 1
			} else {
				longest[i*wide+k] = max(longest[(i+1)*wide+k], longest[i*wide+k+1])
			}
		}
	}
	for i, k := 0, 0; i < len(want) && k < len(got); {
		switch {
		case want[i] == got[k]:
			inWant[i], inGot[k] = true, true
			i, k = i+1, k+1
		case longest[(i+1)*wide+k] >= longest[i*wide+k+1]:
			i++
		default:
			k++
		}
	}
}

// marked joins words to parts.
func marked(before, middle []string, equal []bool, after []string) []markedPart {
	var parts []markedPart
	add := func(word string, differs bool) {
		if n := len(parts); n > 0 && parts[n-1].Differs == differs {
			parts[n-1].Text += word
			return
		}
		parts = append(parts, markedPart{word, differs})
	}
	for _, word := range before {
		add(word, false)
	}
	for i, word := range middle {
		add(word, !equal[i])
	}
	for _, word := range after {
		add(word, false)
	}
	return parts
}

// changes returns how the request of an attempt differs from that of the first attempt, or a note
// if there is no difference to show.
func changes(first, e *Exchange) (list []pageDifference, note string) {
	if e.SameAsFirst {
		return nil, "The request has the same bytes as attempt 1."
	}
	for _, part := range partsOf(&first.Request) {
		part.Got = partOf(part.What, &e.Request)
		list = appendChange(list, part, first, e)
	}
	for _, part := range partsOf(&e.Request) {
		if partOf(part.What, &first.Request) == "" {
			list = appendChange(list, Difference{part.What, "", part.Want}, first, e)
		}
	}
	if len(list) == 0 {
		note = "The request differs from attempt 1 in a part that is left out here, or in the order of its header lines."
	}
	return list, note
}

func appendChange(list []pageDifference, d Difference, first, e *Exchange) []pageDifference {
	if d.Want == d.Got || len(list) == mostDifferences {
		return list
	}
	d.Want, d.Got = cmp.Or(d.Want, "none"), cmp.Or(d.Got, "none")
	change := newPageDifference(d)
	change.WantName, change.GotName = fmt.Sprintf("attempt %d", first.Attempt), fmt.Sprintf("attempt %d", e.Attempt)
	return append(list, change)
}

// partsOf returns the parts of a request that are compared, with their values as Want.
func partsOf(m *mockserver.Message) []Difference {
	var parts []Difference
	names := []string{"request line"}
	for _, h := range m.Headers {
		if name := "header " + h.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range append(names, "body") {
		parts = append(parts, Difference{What: name, Want: partOf(name, m)})
	}
	return parts
}

// partOf returns the text of one part of a request; "" when it has none. A body that is not text
// is in hexadecimal.
func partOf(part string, m *mockserver.Message) string {
	name, isHeader := strings.CutPrefix(part, "header ")
	switch {
	case isHeader:
		var values []string
		for _, h := range m.Headers {
			if h.Name == name {
				values = append(values, h.Value)
			}
		}
		return strings.Join(values, ", ")
	case part == "body" && isText(m.Body):
		return string(m.Body[:min(len(m.Body), longestValue)])
	case part == "body":
		return fmt.Sprintf("% x", m.Body[:min(len(m.Body), longestValue/4)])
	}
	return m.Method + " " + m.Target + " " + m.Version
}

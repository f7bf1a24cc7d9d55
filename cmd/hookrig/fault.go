package main

import (
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// helpWidth is the width of help texts, in columns.
const helpWidth = 110

// parseFaults parses the values of --fault.
func parseFaults(list []string) ([]mockserver.Fault, error) {
	var faults []mockserver.Fault
	for _, text := range list {
		fault, err := mockserver.ParseFault(text)
		if err != nil {
			return nil, misuse(withoutPrefix(err))
		}
		faults = append(faults, fault)
	}
	return faults, nil
}

// faultHelp lists the faults. The text of a fault is to the right of its name, or below a long
// name.
func faultHelp() string {
	const column = 20
	var b terminal.Builder
	for _, kind := range mockserver.FaultKinds() {
		name := "  " + kind.Name
		if optional, ok := strings.CutPrefix(kind.Args, "["); ok {
			name += "[:" + optional
		} else if kind.Args != "" {
			name += ":" + kind.Args
		}
		if len(name) > column-2 {
			b.Printf("%s\n", name)
			name = ""
		}
		for i, line := range folded(kind.Text, helpWidth-column) {
			if i > 0 {
				name = ""
			}
			b.Printf("%-*s%s\n", column, name, line)
		}
	}
	return b.String()
}

// folded wraps a text between words into lines of at most the given number of columns.
func folded(text string, columns int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) > columns:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}

// faultForms returns the completions of a kind of fault. They contain the argument if it is one of
// a list of words.
func faultForms(kind mockserver.FaultKind) []string {
	switch {
	case kind.Args == "":
		return []string{kind.Name}
	case strings.HasPrefix(kind.Args, "["):
		return []string{kind.Name, kind.Name + ":"}
	case kind.Args == strings.ToUpper(kind.Args):
		return []string{kind.Name + ":"}
	}
	var forms []string
	for arg := range strings.SplitSeq(kind.Args, "|") {
		forms = append(forms, kind.Name+":"+arg)
	}
	return forms
}

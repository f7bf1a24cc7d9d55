package main

import (
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

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

// faultList lists the faults. The text of a fault is to the right of its name, or below a long
// name.
func faultList() string {
	const column = 32
	var b terminal.Builder
	for _, kind := range mockserver.FaultKinds() {
		name := kind.Label()
		if len(name) > column-2 {
			b.Printf("%s\n", name)
			name = ""
		}
		for _, line := range folded(kind.Text, helpWidth-column) {
			b.Printf("%-*s%s\n", column, name, line)
			name = ""
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

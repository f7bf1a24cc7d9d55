// Package workflow writes what GitHub Actions reads: workflow commands, and Markdown for the
// summary of a job.
package workflow

import (
	"fmt"
	"strings"
)

// MostSummary is about the largest number of bytes of a summary. GitHub refuses summaries of more
// than 1 MiB.
const MostSummary = 256 << 10

// Property is a property of a command, such as its title.
type Property struct{ Name, Value string }

// Command returns a workflow command, such as error, with a message. Properties without a value are
// left out. It is escaped as GitHub's toolkit does.
func Command(name, message string, properties ...Property) string {
	var list []string
	for _, p := range properties {
		if p.Value != "" {
			list = append(list, p.Name+"="+escapedProperty(p.Value))
		}
	}
	return "::" + name + " " + strings.Join(list, ",") + "::" + escapedData(message)
}

// escapedData escapes the message of a workflow command.
func escapedData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapedProperty escapes the value of a property of a workflow command.
func escapedProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// Cell returns a text as plain text in a cell of a Markdown table, on one line.
func Cell(text string) string {
	var escaped strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if r < 0x80 && strings.ContainsRune("\\`*_[]|~#$@:!()<>&\"'{}^=+", r) {
			fmt.Fprintf(&escaped, "&#%d;", r)
			continue
		}
		escaped.WriteRune(r)
	}
	return escaped.String()
}

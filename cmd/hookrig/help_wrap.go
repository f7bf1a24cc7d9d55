package main

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// helpWidth is the width of help texts, in columns.
const helpWidth = 100

// wrapHelp wraps the descriptions of a command, and of those below it, at helpWidth.
func wrapHelp(cmd *cobra.Command) {
	cmd.Long = wrap(cmd.Long, helpWidth)
	for _, sub := range cmd.Commands() {
		wrapHelp(sub)
	}
}

// wrap wraps paragraphs and list items. It keeps empty lines, and lines with columns.
func wrap(text string, width int) string {
	var out []string
	indent, open := "", false // of the paragraph in the last line of out, if that may go on
	for line := range strings.SplitSeq(text, "\n") {
		words := strings.TrimLeft(line, " ")
		lead := line[:len(line)-len(words)]
		item := strings.HasPrefix(words, "- ")
		if words == "" || strings.Contains(words, "  ") {
			out, open = append(out, line), false
			continue
		}
		if item || !open || lead != indent {
			out = append(out, lead+words)
			if indent = lead; item {
				indent += "  "
			}
		} else {
			out[len(out)-1] += " " + words
		}
		open = true
		for last := out[len(out)-1]; utf8.RuneCountInString(last) > width; last = out[len(out)-1] {
			head := string([]rune(last)[:width+1])
			cut := strings.LastIndexByte(head, ' ')
			if cut <= len(indent) { // one long word
				if cut = strings.IndexByte(last[len(indent):], ' ') + len(indent); cut < len(indent) {
					break
				}
			}
			out[len(out)-1] = last[:cut]
			out = append(out, indent+last[cut+1:])
		}
	}
	return strings.Join(out, "\n")
}

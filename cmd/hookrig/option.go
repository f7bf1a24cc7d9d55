package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/terminal"
)

// writeOptions lists the options of a provider and their values, with the current value in
// brackets.
func writeOptions(out terminal.Printer, p *fixtures.Provider) {
	rows := [][4]string{{"OPTION", "VALUES", "ID", "MEANING"}}
	for _, o := range p.Options {
		var values []string
		for _, value := range o.Values {
			if value == o.Value {
				value = "[" + value + "]"
			}
			values = append(values, value)
		}
		if o.Values == nil && o.Value != "" { // any text is permitted
			values = []string{"[" + o.Value + "]"}
		}
		rows = append(rows, [4]string{o.Name, strings.Join(values, " "), o.Row, o.Text})
	}
	var width [3]int
	for _, row := range rows {
		for i := range width {
			width[i] = max(width[i], len(row[i]))
		}
	}
	out.Printf("\noptions, set with --option %s.OPTION=VALUE; the current value is in brackets:\n", p.Name)
	column := width[0] + width[1] + width[2] + 8
	for _, row := range rows {
		for i, line := range folded(row[3], max(helpWidth-2-column, 20)) {
			if i > 0 {
				row = [4]string{}
			}
			out.Printf("  %-*s  %-*s  %-*s  %s\n", width[0], row[0], width[1], row[1], width[2], row[2], line)
		}
	}
}

// completeOption completes PROVIDER.NAME=VALUE. It adds no space after a part of it.
func completeOption(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	provider, _, named := strings.Cut(typed, ".")
	var words []string
	for _, p := range fixtures.Builtin().Providers() {
		if !named {
			words = append(words, p.Name+".")
			continue
		}
		for _, o := range p.Options {
			if p.Name != provider {
				break
			}
			option := p.Name + "." + o.Name + "="
			if !strings.HasPrefix(typed, option) {
				words = append(words, option+"\t"+o.Text)
				continue
			}
			for _, value := range o.Values {
				words = append(words, option+value)
			}
		}
	}
	return startingWith(typed, words), noFiles | cobra.ShellCompDirectiveNoSpace
}

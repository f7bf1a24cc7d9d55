package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// report is the text of BENCHMARKS.md, or "" without a run.
func report(r Results) string {
	if len(r.Runs) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

`+"`make bench`"+` wrote this file: each figure was measured, none was typed. Every tool did the same work
against the same server, in turn, with the sender and the server on one machine. A figure is the
median of the rounds, and the range is from the lowest to the highest. Ratios are within a round.
Compare ratios, not rates: a rate depends on the machine.

| | |
|---|---|
| date | %s |
| machine | %s |
| runs | %s |
| static request | %d bytes, %d of them the body |

`, r.Date.Format("2006-01-02 15:04 UTC"), r.Machine, r.lengths(), r.RequestBytes, r.BodyBytes)
	r.writeBudgets(&b)
	for _, c := range comparisons() {
		r.writeComparison(&b, c)
	}
	r.writeTools(&b)
	r.writeCommands(&b)
	return b.String()
}

// lengths says how often and how long the rows ran.
func (r Results) lengths() string {
	s := r.Settings
	text := fmt.Sprintf("%s of %d s", plural(s.Rounds, "round"), s.Seconds)
	if s.wants("D") {
		text += fmt.Sprintf("; at a fixed rate %s of %d s", plural(min(s.Rounds, pacedRounds), "round"), s.PacedSeconds)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (r Results) writeBudgets(b *strings.Builder) {
	b.WriteString("## Budgets\n\n" + wrap("By CPU time is the ratio of the CPU times of a request, of sender and server together: the ratio of "+
		"the rates if nothing but the processors were the limit. It varies less when something else runs on the machine.") +
		"\n\n| | budget | required | measured | range | by CPU time | range | |\n|---|---|---|---|---|---|---|---|\n")
	for _, c := range comparisons() {
		for _, budget := range c.Budgets {
			bound := "≥ " + budget.bound()
			if budget.Upper {
				bound = "≤ " + budget.bound()
			}
			s := budget.measured(r, c.Key)
			if s.Rounds == 0 {
				fmt.Fprintf(b, "| %s | %s | %s | – | – | – | – | not measured |\n", c.Key, budget.Text, bound)
				continue
			}
			result := "not met"
			if budget.met(s) {
				result = "met"
			}
			cpu := budget.byCPU(r, c.Key)
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", c.Key, budget.Text, bound, number(s.Median), rangeOf(s), shown(cpu), rangeOf(cpu), result)
		}
	}
	b.WriteByte('\n')
}

func (r Results) writeComparison(b *strings.Builder, c Comparison) {
	if !r.Settings.wants(c.Key) {
		return
	}
	fmt.Fprintf(b, "## %s. %s\n\n%s\n\n", c.Key, c.Title, wrap(c.Text))
	columns := c.columns()
	for _, column := range columns {
		fmt.Fprintf(b, "| %s ", column.name)
	}
	b.WriteString("|\n" + strings.Repeat("|---", len(columns)) + "|\n")
	var notes []string
	for _, row := range c.Rows {
		runs := r.of(c.Key, row.Key)
		if len(runs) == 0 {
			notes = append(notes, fmt.Sprintf("%s: not found: %s", row.Key, r.missing(row)))
			continue
		}
		for _, run := range runs {
			if run.Error != "" {
				notes = append(notes, fmt.Sprintf("%s, round %d does not count: %s", row.Key, run.Round+1, run.Error))
			} else if run.Failed > 0 {
				notes = append(notes, fmt.Sprintf("%s, round %d: %d requests without a 2xx", row.Key, run.Round+1, run.Failed))
			}
		}
		for _, column := range columns {
			fmt.Fprintf(b, "| %s ", column.cell(r, row, runs))
		}
		b.WriteString("|\n")
	}
	b.WriteByte('\n')
	for _, note := range notes {
		fmt.Fprintf(b, "- %s\n", note)
	}
	if notes != nil {
		b.WriteByte('\n')
	}
}

// missing is why a row did not run.
func (r Results) missing(row Row) string {
	for _, name := range []string{row.Generator.Tool, row.Server.Tool} {
		if why := r.Tools[name].Missing; why != "" {
			return name + " is " + why
		}
	}
	return "no run"
}

// column is one of a table.
type column struct {
	name string
	cell func(r Results, row Row, runs []Run) string
}

func (c Comparison) columns() []column {
	list := []column{
		{"sender", func(_ Results, row Row, _ []Run) string { return row.Key }},
		{"what it does", func(_ Results, row Row, _ []Run) string { return row.Does }},
		{"requests/s", figure(rateOf)},
		{"range", rangeFigure(rateOf)},
	}
	if c.SubjectIsServer {
		list[0].name, list[1].name = "server, connections", "server"
		list = slices.Delete(list, 1, 2)
	}
	if c.Reference != "" {
		over := func(r Results, row Row, runs []Run) Sample { return ratio(runs, r.of(c.Key, row.Over), rateOf) }
		list = append(list,
			column{"÷ " + c.Reference, func(r Results, row Row, runs []Run) string { return shown(over(r, row, runs)) }},
			column{"range", func(r Results, row Row, runs []Run) string { return rangeOf(over(r, row, runs)) }})
	}
	if c.Paced {
		list = append(list,
			column{"lag p50, p99, ms", quantiles(func(r Run) *Quantiles { return r.Lag })},
			column{"response p50, p99, ms", quantiles(func(r Run) *Quantiles { return r.Response })})
	}
	cpu, memory := cpuOf, func(r Run) float64 { return float64(r.Memory) / (1 << 20) }
	if c.SubjectIsServer {
		cpu, memory = serverCPUOf, func(r Run) float64 { return float64(r.ServerMemory) / (1 << 20) }
	}
	list = append(list, column{"CPU µs a request", figure(cpu)}, column{"range", rangeFigure(cpu)}, column{"memory, MiB", figure(memory)})
	if !c.SubjectIsServer {
		list = append(list, column{"server's CPU µs a request", figure(serverCPUOf)})
	}
	return list
}

func figure(f func(Run) float64) func(Results, Row, []Run) string {
	return func(_ Results, _ Row, runs []Run) string { return shown(of(runs, f)) }
}

func rangeFigure(f func(Run) float64) func(Results, Row, []Run) string {
	return func(_ Results, _ Row, runs []Run) string { return rangeOf(of(runs, f)) }
}

// quantiles are the medians of two quantiles, where the tool tells them.
func quantiles(f func(Run) *Quantiles) func(Results, Row, []Run) string {
	return func(_ Results, _ Row, runs []Run) string {
		runs = slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return f(r) == nil })
		p50, p99 := of(runs, func(r Run) float64 { return f(r).P50 }), of(runs, func(r Run) float64 { return f(r).P99 })
		if p50.Rounds == 0 {
			return "–"
		}
		return number(p50.Median) + ", " + number(p99.Median)
	}
}

func (r Results) writeTools(b *strings.Builder) {
	b.WriteString("## Tools\n\n| tool | version |\n|---|---|\n")
	names := []string{"hookrig"}
	for _, w := range toolsWanted {
		names = append(names, w.name)
	}
	for _, name := range names {
		switch t := r.Tools[name]; {
		case t.Missing != "":
			fmt.Fprintf(b, "| %s | not found: %s |\n", name, t.Missing)
		case t.Version == "":
			fmt.Fprintf(b, "| %s | it does not tell |\n", name)
		default:
			fmt.Fprintf(b, "| %s | %s |\n", name, t.Version)
		}
	}
	b.WriteString("\n`signed` is vegeta's library with a targeter that signs, and `sink` the bare server: both are in\n`.tools/bench`.\n\n")
}

// writeCommands lists the command of each row's first run, and each server's.
func (r Results) writeCommands(b *strings.Builder) {
	b.WriteString("## Commands\n\n```sh\n")
	for _, c := range comparisons() {
		if !r.Settings.wants(c.Key) {
			continue
		}
		fmt.Fprintf(b, "# %s. %s\n", c.Key, c.Title)
		seen := map[string]bool{}
		for _, row := range c.Rows {
			for _, run := range r.of(c.Key, row.Key) {
				for _, command := range []string{run.ServerCommand, run.Command} {
					if command != "" && !seen[command] {
						seen[command] = true
						b.WriteString(command + "\n")
					}
				}
			}
		}
	}
	b.WriteString("```\n")
}

// bound is the budget's number as it is written in the source.
func (b Budget) bound() string {
	if b.Bound >= 10_000 {
		return grouped(b.Bound)
	}
	return strconv.FormatFloat(b.Bound, 'f', -1, 64)
}

// shown is the median, or a dash.
func shown(s Sample) string {
	if s.Rounds == 0 {
		return "–"
	}
	return number(s.Median)
}

func rangeOf(s Sample) string {
	if s.Rounds == 0 {
		return "–"
	}
	return number(s.Min) + "–" + number(s.Max)
}

// number has three digits or all that are before the point, in groups.
func number(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x >= 100:
		return grouped(x)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case x >= 0.1:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// grouped puts a space before every third digit from the right, from 10 000 on.
func grouped(x float64) string {
	digits := strconv.FormatFloat(x, 'f', 0, 64)
	if len(digits) <= 4 {
		return digits
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

// wrap breaks a text into lines of at most 100 characters.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch n := utf8.RuneCountInString(word); {
		case column == 0:
			column = n
		case column+1+n > 100:
			b.WriteByte('\n')
			column = n
		default:
			b.WriteByte(' ')
			column += 1 + n
		}
		b.WriteString(word)
	}
	return b.String()
}

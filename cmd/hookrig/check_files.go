package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// checkFiles are the report files of check.
type checkFiles struct {
	json, junit, html, sarif, badge string
	location                        string // of the results in SARIF
}

func (c *checkFiles) add(f *pflag.FlagSet) {
	f.StringVar(&c.json, "json", "", "write the report as JSON to `FILE` (- is standard output, instead of the text report)")
	f.StringVar(&c.junit, "junit", "", "write a JUnit report to `FILE` (or -)")
	f.StringVar(&c.html, "html", "", "write the report as an HTML page to `FILE` (or -)")
	f.StringVar(&c.sarif, "sarif", "", "write what is wrong as SARIF, for code scanning, to `FILE` (or -)")
	f.StringVar(&c.location, "sarif-location", exam.SARIFLocation, "with --sarif, the `FILE` of your repository that code scanning shows: its path from the root")
	f.StringVar(&c.badge, "badge", "", "write the score as an SVG image to `FILE` (or -)")
}

// reportFile is one report file: its flag, its name and what writes it.
type reportFile struct {
	flag, name string
	write      func(io.Writer, exam.Report) error
}

func (c *checkFiles) list() []reportFile {
	return []reportFile{
		{"--json", c.json, exam.WriteJSON},
		{"--junit", c.junit, exam.WriteJUnit},
		{"--html", c.html, exam.WriteHTML},
		{"--sarif", c.sarif, c.writeSARIF},
		{"--badge", c.badge, exam.WriteBadge},
	}
}

func (c *checkFiles) writeSARIF(w io.Writer, r exam.Report) error {
	return exam.WriteSARIFAt(w, r, c.location)
}

// check checks before the exam that the files can be written.
func (c *checkFiles) check() error {
	if err := exam.WriteSARIFAt(io.Discard, exam.Report{}, c.location); err != nil {
		return fmt.Errorf("--sarif-location: %w", err)
	}
	onStdout := ""
	for _, f := range c.list() {
		if err := errors.Join(noScenario(f.flag, f.name), checkOut(f.name)); err != nil {
			return err
		}
		if f.name == "-" && onStdout != "" {
			return fmt.Errorf("%s - and %s -: only one report can be on standard output", onStdout, f.flag)
		}
		if f.name == "-" {
			onStdout = f.flag
		}
	}
	return nil
}

// writeAll writes the reports, and what GitHub Actions shows of them. level is the lowest whose
// failures count.
func (c *checkFiles) writeAll(w World, report exam.Report, level scenarios.Level, o exam.TextOptions) error {
	onStdout := slices.ContainsFunc(c.list(), func(f reportFile) bool { return f.name == "-" })
	github := newGithub(w, onStdout)
	defer github.resume()
	if err := c.write(w, report, o); err != nil {
		return err
	}
	github.report(
		func(out io.Writer) error { return exam.WriteAnnotations(out, report, level) },
		func(out io.Writer) error { return exam.WriteSummary(out, report) },
	)
	return nil
}

// write writes the files, and the text report unless a file is on standard output.
func (c *checkFiles) write(w World, report exam.Report, o exam.TextOptions) error {
	text := true
	for _, f := range c.list() {
		var err error
		switch f.name {
		case "":
			continue
		case "-":
			text = false
			if err = f.write(w.Stdout, report); err != nil {
				err = inconclusive(err)
			}
		default:
			err = writeOut(f.name, func(out io.Writer) error { return f.write(out, report) })
		}
		if err != nil {
			return err
		}
	}
	if !text {
		return nil
	}
	if err := exam.WriteText(w.Stdout, report, o); err != nil {
		return inconclusive(err)
	}
	return nil
}

// writeList writes the checks as JSON.
func (c *checkFiles) writeList(w World, checks []exam.Check) error {
	if c.json == "-" {
		if err := w.Stdout.JSON(checks, "  "); err != nil {
			return inconclusive(err)
		}
		return nil
	}
	return writeOut(c.json, func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(checks)
	})
}

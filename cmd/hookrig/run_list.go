package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/scenarios"
)

// printList prints the scenarios that the flags select, without playing them.
func (r *runFlags) printList(w World, list []*scenarios.Scenario) error {
	list, err := scenarios.Select(list, r.only...)
	if err != nil {
		return misuse(fmt.Errorf("--only: %w", err))
	}
	summaries := make([]scenarios.Summary, len(list))
	for i, s := range list {
		summaries[i] = s.Summary()
	}
	switch r.json {
	case "":
		for i := range summaries {
			printSummary(w, &summaries[i])
		}
		err = w.Stdout.Err()
	case "-":
		err = w.Stdout.JSON(summaries, "  ")
	default:
		return writeOut(r.json, func(out io.Writer) error {
			encoder := json.NewEncoder(out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(summaries)
		})
	}
	if err != nil {
		return inconclusive(err)
	}
	return nil
}

// printSummary prints one scenario: its name, providers and tags, its description and parameters.
func printSummary(w World, s *scenarios.Summary) {
	w.Stdout.Printf("%s  %s", s.Name, cmp.Or(strings.Join(s.Providers, ", "), "no provider"))
	if len(s.Tags) > 0 {
		w.Stdout.Printf("  [%s]", strings.Join(s.Tags, ", "))
	}
	w.Stdout.Printf("\n")
	if s.Description != "" {
		w.Stdout.Printf("  %s\n", strings.Join(strings.Fields(s.Description), " "))
	}
	for _, p := range s.Params {
		value := "required"
		if p.Default != nil {
			value = "default " + string(p.Default)
		}
		w.Stdout.Printf("  --param %s=%s  %s", p.Name, strings.ToUpper(string(p.Type)), value)
		if p.Description != "" {
			w.Stdout.Printf(": %s", p.Description)
		}
		w.Stdout.Printf("\n")
	}
	for _, row := range s.Rows {
		w.Stdout.Printf("  row %s\n", row)
	}
}

// listAsJSON makes --json a switch in "run --list --json" and "check --list --json": it then needs
// no value, because records are printed and no report is written.
func listAsJSON(args []string) []string {
	end := len(args)
	if at := slices.Index(args, "--"); at >= 0 {
		end = at
	}
	if len(args) == 0 || args[0] != "run" && args[0] != "check" || !slices.Contains(args[:end], "--list") {
		return args
	}
	args = slices.Clone(args)
	for i := range args[:end] {
		if args[i] == "--json" && (i+1 == len(args) || args[i+1] != "-") {
			args[i] = "--json=-"
		}
	}
	return args
}

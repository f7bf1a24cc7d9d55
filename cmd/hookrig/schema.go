package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/scenarios"
)

// schemaKind is a file format with a JSON Schema.
type schemaKind struct {
	name   string
	schema func() []byte
}

// schemaKinds returns the formats.
func schemaKinds() []schemaKind {
	return []schemaKind{
		{"scenario", scenarios.JSONSchema},
		{"provider", fixtures.JSONSchema},
	}
}

// schemaNames returns the names of the formats.
func schemaNames() []string {
	var names []string
	for _, kind := range schemaKinds() {
		names = append(names, kind.name)
	}
	return names
}

func newSchema(w World) *cobra.Command {
	names := strings.Join(schemaNames(), "|")
	return &cobra.Command{
		Use:   "schema " + names,
		Short: "Print the JSON Schema of a file format, for your editor",
		Long: `Prints the JSON Schema (2020-12) of a file format. With it, your editor completes keys and marks mistakes while you
type. hookrig lint finds more mistakes than the schema.`,
		Example:           "  hookrig schema scenario > scenario.schema.json\n  hookrig schema provider > provider.schema.json",
		Args:              exactArgs("a format"),
		ValidArgsFunction: completeSchema,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, kind := range schemaKinds() {
				if kind.name == args[0] {
					if _, err := w.Stdout.Write(kind.schema()); err != nil {
						return inconclusive(err)
					}
					return nil
				}
			}
			hint := ""
			if near := strictyaml.Nearest(args[0], schemaNames()); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return misusef("schema %q: want %s%s", args[0], names, hint)
		},
	}
}

func completeSchema(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	return startingWith(typed, schemaNames()), noFiles
}

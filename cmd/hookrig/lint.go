package main

import (
	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/scenarios"
)

func newLint(w World) *cobra.Command {
	var of knowledge
	cmd := &cobra.Command{
		Use:   "lint FILE|DIR...",
		Short: "Check scenario and provider files, and print every mistake with its location",
		Long: `Checks scenario files and provider folders without playing anything. Prints one line per mistake to stdout, as
file:line:column: what is wrong; what to do. Exit code 0: no mistakes; 2: mistakes.`,
		Example: "  hookrig lint tests/webhooks\n  hookrig lint fixtures/providers/neostore",
		Args:    someArgs("files or folders"),
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := of.catalogue()
			if err != nil {
				return err
			}
			problems := scenarios.Lint(known, args...)
			for _, p := range problems {
				w.Stdout.Printf("%s\n", p)
			}
			if len(problems) > 0 {
				return &exitError{code: exitMisuse}
			}
			return nil
		},
	}
	of.flags(cmd)
	return cmd
}

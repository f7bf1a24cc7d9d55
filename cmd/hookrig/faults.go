package main

import (
	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

func newFaults(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "List what a delivery can do wrong on purpose",
		Long: `Lists the faults, in the order in which they are done. --json adds what each changes, whether the message is signed
again, what a check of the signature finds, which mistake of a consumer it finds, and where it is described. hookrig
help faults explains how they are written.`,
		Example: `  hookrig faults
  hookrig faults --json
  hookrig send neostore Pass:Installed --to http://127.0.0.1:3000/hooks --secret S --fault body:reserialize:pretty`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return w.Stdout.JSON(mockserver.FaultKinds(), "  ")
			}
			w.Stdout.Printf("%s", terminal.Lines(faultList()))
			if err := w.Stdout.Err(); err != nil {
				return inconclusive(err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the table as JSON")
	return cmd
}

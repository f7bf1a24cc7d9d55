package main

import "github.com/spf13/cobra"

func newShow(w World) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print a scenario that comes with hookrig",
		Long: `Prints the file of a scenario that comes with hookrig. You can save it under another name, change it, and play
your copy with hookrig run.`,
		Example: "  hookrig show duplicate\n  hookrig show duplicate > mine.yaml",
		Args:    exactArgs("NAME"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, noFiles
			}
			return startingWith(typed, libraryNames()), noFiles
		},
		RunE: func(_ *cobra.Command, args []string) error {
			_, data, err := libraryFile(args[0])
			if err != nil {
				return misusef("%q: %w", args[0], err)
			}
			if _, err := w.Stdout.Write(data); err != nil {
				return inconclusive(err)
			}
			return nil
		},
	}
}

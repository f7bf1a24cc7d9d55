package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/terminal"
)

func newVersion(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return w.Stdout.JSON(map[string]string{
					"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
				}, "")
			}
			w.Stdout.Printf("%s", terminal.Lines(versionText()))
			return w.Stdout.Err()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func versionText() string {
	return fmt.Sprintf("hookrig %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

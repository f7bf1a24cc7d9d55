package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// exactArgs requires one argument for each name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return wrongArgs(cmd, strings.Join(names, " and "), args)
	}
}

// atMostArgs permits at most one argument for each name.
func atMostArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= len(names) {
			return nil
		}
		return wrongArgs(cmd, "at most "+strings.Join(names, " and "), args)
	}
}

// someArgs requires at least one argument.
func someArgs(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return wrongArgs(cmd, name, args)
	}
}

// noArgs permits no arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return wrongArgs(cmd, "no arguments", args)
}

func wrongArgs(cmd *cobra.Command, want string, args []string) error {
	got := "got none"
	if len(args) > 0 {
		quoted := make([]string, len(args))
		for i, arg := range args {
			quoted[i] = fmt.Sprintf("%q", arg)
		}
		got = fmt.Sprintf("got %d: %s", len(args), strings.Join(quoted, ", "))
	}
	return misusef("%s wants %s, %s\nusage: %s", cmd.Name(), want, got, cmd.UseLine())
}

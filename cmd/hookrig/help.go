package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newHelp prints the help of a command; of one that there is not, it is misuse.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if len(args) == 0 {
				for _, cmd := range root.Commands() {
					names = append(names, cmd.Name()+"\t"+cmd.Short)
				}
			}
			return startingWith(typed, names), noFiles
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return misusef("there is no command %q\nsee %q", strings.Join(args, " "), "hookrig help")
			}
			cmd.InitDefaultHelpFlag()
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	}
}

// explainCompletion has a shell that there is no completion for be misuse too.
func explainCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return misusef("completion %q: want bash, fish, powershell or zsh", args[0])
		}
	}
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// newHelp returns the command help, which shows a page of the manual or the help of a command.
func newHelp(root *cobra.Command, w World, pages []topic) *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC|COMMAND]",
		Short: "Show a page of the manual, or the help of a command",
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if len(args) == 0 {
				for _, cmd := range root.Commands() {
					names = append(names, cmd.Name()+"\t"+cmd.Short)
				}
				for _, page := range pages {
					names = append(names, page.name+"\t"+page.summary)
				}
			}
			return startingWith(typed, names), noFiles
		},
		RunE: func(_ *cobra.Command, args []string) error {
			for _, page := range pages {
				if len(args) == 1 && args[0] == page.name {
					return printTopic(w, page)
				}
			}
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noTopic(root, pages, strings.Join(args, " "))
			}
			cmd.InitDefaultHelpFlag()
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	}
}

// noTopic returns the error for an unknown command or page, with the nearest name.
func noTopic(root *cobra.Command, pages []topic, name string) error {
	var names []string
	for _, page := range pages {
		names = append(names, page.name)
	}
	for _, cmd := range root.Commands() {
		if !cmd.Hidden {
			names = append(names, cmd.Name())
		}
	}
	hint := ""
	if near := strictyaml.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return misusef("unknown command or topic %q%s\nsee %q", name, hint, "hookrig help")
}

// topicsOf returns the pages of the manual about each command.
func topicsOf() map[string][]string {
	return map[string][]string{
		"burst": {"load"}, "copy": {"safety"}, "events": {"providers", "signatures"}, "export": {"queries", "redaction"}, "lint": {"scenarios", "providers"},
		"listen": {"queries", "safety"}, "run": {"scenarios", "ci"}, "send": {"faults", "signatures"}, "serve": {"deploy", "docker", "safety"},
		"show": {"scenarios"}, "verify": {"signatures"},
	}
}

// listTopics adds the pages of the manual to the help of the program, and the pages about a command
// to its help.
func listTopics(root *cobra.Command, pages []topic) {
	const (
		key = "manual"
		end = `{{if .HasAvailableSubCommands}}

Use "`
	)
	for _, cmd := range root.Commands() {
		if names := topicsOf()[cmd.Name()]; len(names) > 0 {
			cmd.Annotations = map[string]string{key: "hookrig help " + strings.Join(names, ", hookrig help ")}
		}
	}
	table := "{{if not .HasParent}}\n\nManual:\n" + strings.TrimRight(topicTable(pages), "\n") +
		"\n\nUse \"{{.CommandPath}} help TOPIC\" to read a page of the manual; hookrig serve shows them at /manual.{{end}}" +
		`{{with index .Annotations "` + key + `"}}

Manual: {{.}}{{end}}`
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), end, table+end, 1))
}

// explainCompletion makes an unknown shell a usage error.
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

package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

func newNodes(w World) *cobra.Command {
	var (
		server serverFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "nodes",
		Short: "List the servers that share a database",
		Long: `Asks the server at --server which servers share its database, the oldest first: their state (running, draining, or lost:
not seen for 15 seconds), when they were last seen, how many pending deliveries they own, and their dashboards. A
server that shares nothing lists itself.`,
		Example:           "  hookrig nodes\n  hookrig nodes --json",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := server.dial(cmd, w)
			if err != nil {
				return err
			}
			defer client.Close()
			nodes, err := client.Nodes(cmd.Context())
			if err != nil {
				return inconclusive(err)
			}
			if asJSON {
				return w.Stdout.JSON(nodes, "  ")
			}
			var b terminal.Builder
			nodeTable(&b, nodes, time.Now())
			w.Stdout.Printf("%s", terminal.Lines(b.String()))
			if err := w.Stdout.Err(); err != nil {
				return inconclusive(err)
			}
			return nil
		},
	}
	server.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

// nodeTable lists servers.
func nodeTable(b *terminal.Builder, nodes []mockserver.Node, now time.Time) {
	names, width := make([]string, len(nodes)), len("SERVER")
	for i, n := range nodes {
		names[i] = fmt.Sprintf("%s/%d", n.Host, n.PID)
		if n.Self {
			names[i] += " *"
		}
		width = max(width, len(names[i]))
	}
	b.Printf("%-*s  %-8s  %-8s  %-8s  DASHBOARD\n", width, "SERVER", "STATE", "SEEN", "PENDING")
	for i, n := range nodes {
		b.Printf("%-*s  %-8s  %-8s  %-8d  %s\n", width, names[i], n.State, now.Sub(n.Seen).Truncate(time.Second).String(), n.Pending, cmp.Or(n.Dashboard, "-"))
	}
}

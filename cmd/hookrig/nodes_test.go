package main

import (
	"encoding/json"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// A server that shares nothing lists itself, as text and as JSON.
func TestNodesOfOneServer(t *testing.T) {
	t.Parallel()
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler, Version: "v1", BurstWorkers: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	stdout, _ := start(t, "nodes", "--server", server.DashboardURL()).end(t, exitPassed)
	want(t, stdout, `^SERVER +STATE +SEEN +PENDING +DASHBOARD\n\S+/\d+ \*  running   \S+ +0 +`+server.DashboardURL()+`\n$`)
	stdout, _ = start(t, "nodes", "--server", server.DashboardURL(), "--json").end(t, exitPassed)
	var nodes []mockserver.Node
	if err := json.Unmarshal([]byte(stdout), &nodes); err != nil || len(nodes) != 1 || nodes[0].Version != "v1" || nodes[0].BurstWorkers != 3 || !nodes[0].Self || nodes[0].ID == "" {
		t.Errorf("%s: %v", stdout, err)
	}
	own, err := server.Client().Nodes(t.Context())
	if err != nil || len(own) != 1 || own[0].ID != nodes[0].ID || own[0].Capture != server.CaptureURL() {
		t.Errorf("%+v, %v", own, err)
	}
}

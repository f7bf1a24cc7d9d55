package dashboard

import (
	"context"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

func (k *dashboard) listNodes(ctx context.Context, _ *struct{}) (*response[list[journal.Node]], error) {
	nodes, err := k.nodes(ctx)
	return fullList(nodes), err
}

// ready says whether a load balancer may send requests to the server.
func (k *dashboard) ready(context.Context, *struct{}) (*textOut, error) {
	if err := k.readiness(); err != nil {
		return nil, problem.New(http.StatusServiceUnavailable, "not ready: "+err.Error())
	}
	return &textOut{"text/plain; charset=utf-8", []byte("ok\n")}, nil
}

// probe serves ready at /readyz, where load balancers look for it, as one line of text.
func (k *dashboard) probe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ok\n"
	if err := k.readiness(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = "not ready: " + err.Error() + "\n"
	}
	_, _ = w.Write([]byte(text)) // the client has left
}

// countNodes writes how many servers use the same store, and what this one owns of it.
func countNodes(e *exposition, nodes []journal.Node) {
	states, owned := map[journal.NodeState]int{}, 0
	for _, n := range nodes {
		states[n.State]++
		if n.Self {
			owned = n.Pending
		}
	}
	e.family("hookrig_nodes", "gauge", "Servers that use the same store, by their state.")
	for _, state := range []journal.NodeState{journal.NodeRunning, journal.NodeDraining, journal.NodeLost} {
		e.sample("state", string(state), float64(states[state]))
	}
	e.family("hookrig_deliveries_owned", "gauge", "Pending deliveries whose attempts this server makes.")
	e.sample("", "", float64(owned))
}

// countLoad writes how a database keeps up with this server.
func countLoad(e *exposition, l journal.Load) {
	e.family("hookrig_store_waiting", "gauge", "Writes that wait for their commit in the database.")
	e.sample("", "", float64(l.Waiting))
	e.family("hookrig_store_oldest_wait_seconds", "gauge", "For how long the first of these writes has waited.")
	e.sample("", "", l.Oldest.Seconds())
	e.family("hookrig_store_commits_total", "counter", "Transactions committed.")
	e.sample("", "", float64(l.Commits))
	e.family("hookrig_store_writes_total", "counter", "Writes committed; several share a transaction.")
	e.sample("", "", float64(l.Written))
	e.family("hookrig_store_batch", "gauge", "Writes in the last transaction.")
	e.sample("", "", float64(l.Batch))
	e.family("hookrig_store_outages_total", "counter", "How often the database could not be reached.")
	e.sample("", "", float64(l.Outages))
	away := 0.0
	if l.Away {
		away = 1
	}
	e.family("hookrig_store_away", "gauge", "1 while the database cannot be reached or takes no writes, else 0. The metrics of what is stored are left out then.")
	e.sample("", "", away)
	e.family("hookrig_store_changes_behind", "gauge", "Changes of other servers that this one had not read a second after they were made.")
	e.sample("", "", float64(l.Behind))
	e.family("hookrig_deliveries_adopted_total", "counter", "Pending deliveries taken over from servers that had ended.")
	e.sample("", "", float64(l.Adopted))
}

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

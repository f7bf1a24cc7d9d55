package scenarios

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// TestDeliveriesAreAwaitedWithoutPolling checks that the run follows the server's updates of
// pending deliveries.
func TestDeliveriesAreAwaitedWithoutPolling(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release)
	consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer }))
	t.Cleanup(consumer.Close)
	server := mockserver.StartT(t, mockserver.Options{RealClock: true, Dashboard: dashboard.Handler})
	var asked deliveriesAsked
	// The consumer responds once the run follows the server.
	client := proxy{asked: asked.count, stream: func(piece []byte) {
		if bytes.Contains(piece, []byte("event: ready")) {
			release()
		}
	}}.client(t, server)
	to := mockserver.Endpoint{Provider: "neostore", URL: consumer.URL, Events: []string{"*:*"}}
	if _, err := client.Register(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	r := newRun(client, &Scenario{}, Options{})
	var ids []string
	for range 50 {
		ds, err := client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Created"})
		if err != nil {
			t.Fatal(err)
		}
		r.byID[ds[0].ID] = len(ids)
		ids, r.deliveries = append(ids, ds[0].ID), append(r.deliveries, runDelivery{id: ds[0].ID, seq: ds[0].Seq})
	}
	list, err := r.awaitDeliveries(t.Context(), ids, &Deliveries{State: mockserver.Delivered, Within: Duration(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].ID != ids[i] || list[i].State != mockserver.Delivered || len(list[i].Attempts) != 1 {
			t.Fatalf("delivery %d is %s, %s after %d attempts; want %s delivered", i, list[i].ID, list[i].State, len(list[i].Attempts), ids[i])
		}
	}
	if single, pages := asked.single.Load(), asked.pages.Load(); single > 8 || pages > 4 {
		t.Errorf("%d single deliveries and %d pages were asked for", single, pages)
	}
}

package scenarios

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// releasing lets the consumer answer once the server is followed.
type releasing struct {
	*countingClient
	release func()
}

func (c *releasing) Follow(ctx context.Context, o mockserver.FollowOptions, tell func(mockserver.Update) error) error {
	return c.countingClient.Follow(ctx, o, func(u mockserver.Update) error {
		err := tell(u)
		if u.Ready != nil {
			c.release()
		}
		return err
	})
}

// TestDeliveriesAreAwaitedWithoutPolling: while deliveries are under way, the server tells what becomes of them.
func TestDeliveriesAreAwaitedWithoutPolling(t *testing.T) {
	t.Parallel()
	for name, dial := range map[string]func(*testing.T, *mockserver.Server) mockserver.Client{
		"in process": func(_ *testing.T, server *mockserver.Server) mockserver.Client { return server.Client() },
		"over HTTP": func(t *testing.T, server *mockserver.Server) mockserver.Client {
			client, err := mockserver.Dial(server.DashboardURL(), "")
			if err != nil {
				t.Fatal(err)
			}
			return client
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := make(chan struct{})
			consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer }))
			t.Cleanup(consumer.Close)
			server := mockserver.StartT(t, mockserver.Options{RealClock: true, Dashboard: dashboard.Handler})
			client := &releasing{&countingClient{Client: dial(t, server)}, func() { close(answer) }}
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
				ids, r.made = append(ids, ds[0].ID), append(r.made, made{id: ds[0].ID, seq: ds[0].Seq})
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
			if client.single > 8 || client.pages > 4 {
				t.Errorf("%d single deliveries and %d pages were asked for", client.single, client.pages)
			}
		})
	}
}

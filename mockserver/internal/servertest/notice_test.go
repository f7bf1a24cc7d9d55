package servertest

import (
	"errors"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
)

// A client sees that a policy deleted an endpoint, and why.
func TestNotices(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		ctx := t.Context()
		down := mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 500}}}}
		if err := client.Configure(ctx, "down", down); err != nil {
			t.Fatal(err)
		}
		endpoint, err := client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: client.BinURL("down"), Retry: "like shopify"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Emit(ctx, "neostore", mockserver.Emission{Event: "Pass:Created"}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Advance(ctx, 4*time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, provider := range []string{"", "neostore"} {
			list, err := client.Notices(ctx, provider)
			if err != nil || len(list) != 1 || list[0].Action != "delete" || list[0].Endpoint != endpoint.ID || list[0].Reason != "9 failed attempts in a row" {
				t.Errorf("notices of %q: %+v, %v", provider, list, err)
			}
		}
		if list, err := client.Notices(ctx, "ethpass"); err != nil || len(list) != 0 {
			t.Errorf("notices of ethpass: %+v, %v", list, err)
		}
		if _, err := client.Notices(ctx, "nobody"); !errors.Is(err, fixtures.ErrUnknownProvider) {
			t.Errorf("notices of an unknown provider: %v", err)
		}
	})
}

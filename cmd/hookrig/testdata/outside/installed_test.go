package outside

import (
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/matchers"
)

// A pass is installed: one event arrives, signed with the endpoint's secret.
func TestInstalled(t *testing.T) {
	server := mockserver.StartT(t)
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	endpoint, err := neostore.Subscribe(t.Context(), inbox.URL(), "Pass:*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := neostore.Emit(t.Context(), "Pass:Installed"); err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	received := matchers.HaveReceived(
		matchers.BeSignedBy("neostore", endpoint.Secrets...),
		matchers.BeEvent("neostore", "Pass:Installed"),
		matchers.MatchSchema("neostore"),
	).Times(1)
	if ok, err := received.Match(inbox); !ok || err != nil {
		t.Fatal(err, received.FailureMessage(inbox))
	}
}

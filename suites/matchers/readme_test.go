package matchers_test

import (
	"testing"

	"github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
	. "github.com/hookrig/hookrig/suites/matchers"
)

// README shows this.
func TestReadme(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	endpoint, err := neostore.Subscribe(t.Context(), inbox.URL(), "Pass:*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := neostore.Emit(t.Context(), "Pass:Created"); err != nil {
		t.Fatal(err)
	}
	// example:received
	g := gomega.NewWithT(t)
	g.Eventually(inbox).Should(HaveReceived(
		BeEvent("neostore", "Pass:Created"),
		BeSignedBy("neostore", endpoint.Secrets...),
		HaveJSON(".body.__eventName", "Pass:Created"),
	).Times(1))
	// example:end
}

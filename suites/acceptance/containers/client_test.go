package containers_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/hookrig"
)

var _ = Describe("the client of the module's README", Label("docker"), func() {
	It("drives a server in a container", func(ctx SpecContext) {
		nw, err := network.New(ctx)
		testcontainers.CleanupNetwork(GinkgoTB(), nw)
		Expect(err).NotTo(HaveOccurred())
		consumer := startConsumer(ctx, nw, "S")
		server := start(ctx, network.WithNetwork([]string{"provider"}, nw), hookrig.WithAllowTarget("consumer"), hookrig.WithVirtualClock())
		driveWithClient(ctx, GinkgoTB(), server)
		Expect(consumer.effects(ctx)).To(HaveLen(1))
	}, SpecTimeout(2*time.Minute))
})

// driveWithClient is the code that the module's README shows.
func driveWithClient(ctx context.Context, t testing.TB, server *hookrig.Container) {
	// driveWithClient {
	client, err := mockserver.Dial(server.MustDashboardURL(ctx), "") // the second is the token of WithToken
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: "http://consumer:3000/hooks", Secrets: []string{"S"}}); err != nil {
		t.Fatal(err)
	}
	deliveries, err := client.Emit(ctx, "neostore", mockserver.Emission{Event: "Pass:Installed"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Advance(ctx, 96*time.Hour); err != nil { // past all retries
		t.Fatal(err)
	}
	delivery, err := client.Delivery(ctx, deliveries[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if delivery.State != mockserver.Delivered {
		t.Errorf("%s after %d attempts, want delivered", delivery.State, len(delivery.Attempts))
	}
	// }
}

package consumer_test

import (
	"net/http/httptest"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
	consumer "github.com/hookrig/hookrig/suites/examples/go"
	. "github.com/hookrig/hookrig/suites/matchers"
)

func TestConsumer(t *testing.T) {
	RegisterFailHandler(Fail)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyTimeout(5 * time.Second)
	RunSpecs(t, "consumer")
}

var _ = Describe("the consumer", func() {
	var (
		server   *mockserver.Client
		crm      *mockserver.Bin
		neostore *mockserver.Provider
	)

	BeforeEach(func(ctx SpecContext) {
		address := os.Getenv("HOOKRIG_SERVER")
		if address == "" {
			Skip("HOOKRIG_SERVER is not set: it is the address of hookrig serve, such as http://127.0.0.1:8080")
		}
		var err error
		server, err = mockserver.Dial(address, os.Getenv("HOOKRIG_TOKEN"))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(server.Close)
		crm = mockserver.NewBin(server, "crm-"+time.Now().Format("150405.000000000"))

		shop := httptest.NewServer(consumer.Handler("S", crm.URL()))
		DeferCleanup(shop.Close)
		neostore = mockserver.NewProvider(server, "neostore")
		endpoint, err := neostore.Register(ctx, mockserver.Endpoint{URL: shop.URL + "/hooks", Secrets: []string{"S"}, Events: []string{"Pass:*"}})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) error { return neostore.Remove(ctx, endpoint.ID) })
		neostore = neostore.With(mockserver.To(endpoint))
	})

	It("welcomes an installed pass once", func(ctx SpecContext) {
		deliveries, err := neostore.With(mockserver.Set("/passId", "P-1")).Emit(ctx, "Pass:Installed", "duplicate")
		Expect(err).NotTo(HaveOccurred())
		Eventually(Track(server, deliveries...)).Should(BeDelivered())
		Expect(crm).To(HaveReceived(HaveJSON(".body.type", "welcome"), HaveJSON(".body.pass", "P-1")).Times(1))
	})

	It("refuses a forged event", func(ctx SpecContext) {
		deliveries, err := neostore.Emit(ctx, "Pass:Installed", "signature:tampered")
		Expect(err).NotTo(HaveOccurred())
		Eventually(Track(server, deliveries...)).Should(BeRefused(401))
		Expect(crm).NotTo(HaveReceived())
	})
})

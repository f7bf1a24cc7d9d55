package containers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/moby/moby/client"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/hookrig"
	"github.com/hookrig/hookrig/suites/matchers"
)

// The provider delivers to a bin of the capture server, which forwards to the consumer: each in a
// container of a network of their own. Whatever the consumer suffers, every event is delivered in
// the end, and none takes effect twice. The clock of the retries is virtual, so that nothing waits
// but for an attempt's own time limit.
var _ = Describe("a consumer that fails", Label("docker"), func() {
	const secret = "S"

	It("gets every event in the end, and applies none twice", func(ctx SpecContext) {
		nw, err := network.New(ctx)
		testcontainers.CleanupNetwork(GinkgoTB(), nw)
		Expect(err).NotTo(HaveOccurred())
		consumer := startConsumer(ctx, nw, secret)
		capture := start(ctx, network.WithNetwork([]string{"capture"}, nw), hookrig.WithAllowTarget("consumer"))
		provider := start(ctx, network.WithNetwork([]string{"provider"}, nw), hookrig.WithAllowTarget("capture"), hookrig.WithVirtualClock())
		bin := mockserver.NewBin(dial(ctx, capture), "inbox")
		Expect(bin.Configure(ctx, mockserver.Settings{Forward: "http://consumer:3000/hooks", Provider: "neostore", Secrets: []string{secret}})).To(Succeed())
		sender := dial(ctx, provider)
		endpoint, err := sender.Register(ctx, mockserver.Endpoint{
			Provider: "neostore", URL: capture.MustInternalBinURL(ctx, "inbox"), Secrets: []string{secret}, Retry: "at-least-once",
			Timeout: mockserver.Duration(time.Second),
		})
		Expect(err).NotTo(HaveOccurred())

		var events []string // the ids of all events, in their order
		// emit emits two events and waits until their first attempts were made.
		emit := func() {
			GinkgoHelper()
			made, err := sender.Emit(ctx, "neostore", mockserver.Emission{Event: "Pass:Created"}, mockserver.Emission{Event: "Pass:Installed"})
			Expect(err).NotTo(HaveOccurred())
			Expect(made).To(HaveLen(2))
			for _, d := range made {
				events = append(events, d.Event.ID)
			}
			Expect(sender.WaitIdle(ctx)).To(Succeed())
		}
		// failed checks that no attempt of the newest events succeeded.
		failed := func() {
			GinkgoHelper()
			newest, err := sender.Deliveries(ctx, mockserver.DeliveryQuery{Endpoint: endpoint.ID, Limit: 2})
			Expect(err).NotTo(HaveOccurred())
			Expect(newest).To(HaveEach(gstruct.MatchFields(gstruct.IgnoreExtras, gstruct.Fields{
				"State": Equal(mockserver.Pending), "Attempts": Not(BeEmpty()),
			})))
		}
		// delivered lets the time of all retries pass, and checks that every event so far is
		// delivered and has taken effect once.
		delivered := func() {
			GinkgoHelper()
			_, err := sender.Advance(ctx, 96*time.Hour)
			Expect(err).NotTo(HaveOccurred())
			Expect(sender.WaitIdle(ctx)).To(Succeed())
			all, err := sender.Deliveries(ctx, mockserver.DeliveryQuery{Endpoint: endpoint.ID})
			Expect(err).NotTo(HaveOccurred())
			Expect(all).To(HaveLen(len(events)))
			Expect(all).To(HaveEach(HaveField("State", mockserver.Delivered)))
			Expect(consumer.effects(ctx)).To(ConsistOf(events))
		}

		By("all is well")
		emit()
		delivered()

		By("the consumer is paused")
		consumer.pause(ctx)
		emit()
		failed()
		consumer.unpause(ctx)
		delivered()

		By("the consumer is killed")
		consumer.kill(ctx)
		emit()
		failed()
		consumer.restart(ctx)
		delivered()

		By("the consumer is restarted")
		Expect(consumer.Stop(ctx, new(10*time.Second))).To(Succeed())
		emit()
		failed()
		consumer.restart(ctx)
		delivered()

		By("the consumer is cut off after it has applied an event and before it answers")
		consumer.hold(ctx)
		before := len(events)
		emit()
		failed()
		Expect(consumer.effects(ctx)).To(HaveLen(before+2), "the consumer has applied the events")
		consumer.kill(ctx)
		consumer.restart(ctx)
		delivered()

		By("the capture server has seen every attempt that reached it, signed")
		captures, err := bin.Captures(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(len(captures)).To(BeNumerically(">", len(events)), "some events took several attempts")
		Expect(captures).To(HaveEach(matchers.BeSignedBy("neostore", secret)))
	}, SpecTimeout(3*time.Minute))
})

// dial returns a client of a server in a container.
func dial(ctx context.Context, container *hookrig.Container) *mockserver.Client {
	GinkgoHelper()
	server, err := mockserver.Dial(container.MustDashboardURL(ctx), "")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(server.Close)
	return server
}

// consumer is a consumer in a container.
type consumer struct {
	testcontainers.Container
	engine *testcontainers.DockerClient
}

// startConsumer runs the consumer in a network, as the host "consumer", until the spec ends.
func startConsumer(ctx context.Context, nw *testcontainers.DockerNetwork, secret string) *consumer {
	GinkgoHelper()
	engine, err := testcontainers.NewDockerClientWithOpts(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(engine.Close)
	container, err := testcontainers.Run(ctx, consumerImage,
		testcontainers.WithCmd("--address", ":3000", "--provider", "neostore", "--secret", secret),
		network.WithNetwork([]string{"consumer"}, nw),
		testcontainers.WithExposedPorts("3000/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/effects").WithPort("3000/tcp").WithPollInterval(20*time.Millisecond)),
	)
	testcontainers.CleanupContainer(GinkgoTB(), container)
	Expect(err).NotTo(HaveOccurred())
	return &consumer{container, engine}
}

func (c *consumer) pause(ctx context.Context) {
	GinkgoHelper()
	_, err := c.engine.ContainerPause(ctx, c.GetContainerID(), client.ContainerPauseOptions{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) { // a paused container cannot be stopped
		_, _ = c.engine.ContainerUnpause(ctx, c.GetContainerID(), client.ContainerUnpauseOptions{})
	})
}

func (c *consumer) unpause(ctx context.Context) {
	GinkgoHelper()
	_, err := c.engine.ContainerUnpause(ctx, c.GetContainerID(), client.ContainerUnpauseOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// kill ends the consumer as a loss of power does, and waits until it has ended.
func (c *consumer) kill(ctx context.Context) {
	GinkgoHelper()
	_, err := c.engine.ContainerKill(ctx, c.GetContainerID(), client.ContainerKillOptions{Signal: "SIGKILL"})
	Expect(err).NotTo(HaveOccurred())
	Eventually(ctx, func(g Gomega) {
		state, err := c.State(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(state.Running).To(BeFalse())
	}).Should(Succeed())
}

// restart starts a consumer that has ended, with the files that it had, and waits until it answers.
func (c *consumer) restart(ctx context.Context) {
	GinkgoHelper()
	Expect(c.Start(ctx)).To(Succeed())
}

// hold makes the consumer apply events without answering.
func (c *consumer) hold(ctx context.Context) {
	GinkgoHelper()
	c.call(ctx, http.MethodPost, "/hold", nil)
}

// effects returns the ids of the events that the consumer has applied.
func (c *consumer) effects(ctx context.Context) []string {
	GinkgoHelper()
	var effects struct {
		Count int
		IDs   []string
	}
	c.call(ctx, http.MethodGet, "/effects", &effects)
	Expect(effects.IDs).To(HaveLen(effects.Count))
	return effects.IDs
}

// call calls the consumer, whose port on this machine is another after each start.
func (c *consumer) call(ctx context.Context, method, path string, result any) {
	GinkgoHelper()
	url, err := c.PortEndpoint(ctx, "3000/tcp", "http")
	Expect(err).NotTo(HaveOccurred())
	req, err := http.NewRequestWithContext(ctx, method, url+path, nil)
	Expect(err).NotTo(HaveOccurred())
	resp, err := http.DefaultClient.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	Expect(resp).To(HaveHTTPStatus(http.StatusOK))
	if result != nil {
		Expect(json.NewDecoder(resp.Body).Decode(result)).To(Succeed())
	}
}

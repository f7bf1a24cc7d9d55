package hookrig_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/hookrig/hookrig/suites/hookrig"
)

func ExampleRun() {
	// runHookrigContainer {
	ctx := context.Background()

	server, err := hookrig.Run(ctx, "hookrig:dev")
	defer func() {
		if err := testcontainers.TerminateContainer(server); err != nil {
			log.Printf("failed to terminate container: %s", err)
		}
	}()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}
	// }

	state, err := server.State(ctx)
	if err != nil {
		log.Printf("failed to get container state: %s", err)
		return
	}

	fmt.Println(state.Running)

	// Output:
	// true
}

// A program posts to a bin, and the test waits for what arrives.
func ExampleRun_bin() {
	ctx := context.Background()
	server, err := hookrig.Run(ctx, "hookrig:dev")
	defer func() { _ = testcontainers.TerminateContainer(server) }()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}

	// waitForCapture {
	url := server.MustBinURL(ctx, "inbox")
	sent, err := http.Post(url+"/orders", "application/json", strings.NewReader(`{"order": 7}`))
	if err != nil {
		log.Printf("failed to post: %s", err)
		return
	}
	sent.Body.Close()

	arrived, err := http.Get(server.MustDashboardURL(ctx) + "/api/v1/bins/inbox/wait?count=1&timeout=10s")
	if err != nil {
		log.Printf("failed to wait: %s", err)
		return
	}
	defer arrived.Body.Close()
	var captures struct {
		Matched []struct {
			Method, Target string
			Body           []byte
		}
	}
	if err := json.NewDecoder(arrived.Body).Decode(&captures); err != nil {
		log.Printf("failed to read the captures: %s", err)
		return
	}
	for _, c := range captures.Matched {
		fmt.Println(c.Method, c.Target, string(c.Body))
	}
	// }

	// Output:
	// POST /inbox/orders {"order": 7}
}

// A scenario file is played in the container.
func ExampleRun_scenario() {
	ctx := context.Background()
	// runScenario {
	server, err := hookrig.Run(ctx, "hookrig:dev", hookrig.WithScenarios("testdata/installed.yaml"))
	defer func() { _ = testcontainers.TerminateContainer(server) }()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}

	run, err := server.RunScenario(ctx, "installed.yaml")
	if err != nil {
		log.Printf("failed to run the scenario: %s", err)
		return
	}
	for _, report := range run.Reports {
		fmt.Println(report.Scenario, report.Status)
	}
	// }

	// Output:
	// installed passed
}

// The consumer is a container of the same network.
func ExampleRun_consumerInNetwork() {
	ctx := context.Background()
	// consumerInNetwork {
	nw, err := network.New(ctx)
	if err != nil {
		log.Printf("failed to make a network: %s", err)
		return
	}
	defer func() { _ = nw.Remove(ctx) }()

	// Here another hookrig receives; in your test it is the image of your program.
	consumer, err := testcontainers.Run(ctx, "hookrig:dev",
		network.WithNetwork([]string{"consumer"}, nw),
		testcontainers.WithExposedPorts("8080/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/healthz").WithPort("8080/tcp")))
	defer func() { _ = testcontainers.TerminateContainer(consumer) }()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}

	server, err := hookrig.Run(ctx, "hookrig:dev",
		network.WithNetwork([]string{"hookrig"}, nw),
		hookrig.WithAllowTarget("consumer"))
	defer func() { _ = testcontainers.TerminateContainer(server) }()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}
	fmt.Println("the consumer posts to", server.MustInternalBinURL(ctx, "inbox"))

	run, err := server.RunScenario(ctx, "duplicate", "--target", "http://consumer:8081/hooks", "--secret", "S")
	if err != nil {
		log.Printf("failed to run the scenario: %s", err)
		return
	}
	fmt.Println("duplicates accepted:", run.Passed())
	// }

	// Output:
	// the consumer posts to http://hookrig:8081/inbox
	// duplicates accepted: true
}

// The consumer registers its endpoint with the provider's own API.
func ExampleRun_vendorAPI() {
	ctx := context.Background()
	// registersItself {
	server, err := hookrig.Run(ctx, "hookrig:dev",
		hookrig.WithAllowTarget("consumer"),
		hookrig.WithAPIKey("neostore", "acme", "a-key"))
	defer func() { _ = testcontainers.TerminateContainer(server) }()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}

	// What a consumer does when it starts: here by the URL for this machine, in a container of the
	// same network by MustInternalVendorURL.
	webhook := `{"events": ["Pass:*"], "endpoint": "http://consumer:3000/hooks", "enabled": true}`
	req, err := http.NewRequestWithContext(ctx, "POST", server.MustVendorURL(ctx, "neostore")+"/api/acme/webhooks", strings.NewReader(webhook))
	if err != nil {
		log.Printf("failed to make a request: %s", err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-API-KEY", "a-key")
	registered, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Printf("failed to register: %s", err)
		return
	}
	defer registered.Body.Close()
	fmt.Println(registered.Status)
	// }

	// Output:
	// 200 OK
}

// The consumer runs on this machine, in the test's process.
func ExampleRun_consumerOnHost() {
	ctx := context.Background()
	// consumerOnHost {
	// It listens on all addresses: on Linux a container does not reach 127.0.0.1 of its host.
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		log.Printf("failed to listen: %s", err)
		return
	}
	consumer := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }),
		ReadHeaderTimeout: 10 * time.Second,
	}
	defer consumer.Close()
	go func() { _ = consumer.Serve(listener) }()

	server, err := hookrig.Run(ctx, "hookrig:dev", hookrig.WithHostTarget(listener.Addr().(*net.TCPAddr).Port))
	defer func() { _ = testcontainers.TerminateContainer(server) }()
	if err != nil {
		log.Printf("failed to start container: %s", err)
		return
	}

	run, err := server.RunScenario(ctx, "duplicate", "--target", server.MustHostTargetURL()+"/hooks", "--secret", "S")
	if err != nil {
		log.Printf("failed to run the scenario: %s", err)
		return
	}
	fmt.Println("duplicates accepted:", run.Passed())
	// }

	// Output:
	// duplicates accepted: true
}

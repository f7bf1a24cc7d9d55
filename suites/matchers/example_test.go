package matchers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
	. "github.com/hookrig/hookrig/suites/matchers"
)

// printing is a Gomega that prints failures, where a test would fail.
func printing() Gomega {
	g := NewGomega(func(message string, _ ...int) { fmt.Println(message) })
	g.SetDefaultEventuallyTimeout(time.Minute)
	return g
}

// request is a request with a body, as a bin captures it.
func request(id, body string) mockserver.Capture {
	c := mockserver.Capture{ID: id, At: time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)}
	c.Method, c.Target, c.Body = "POST", "/inbox", []byte(body)
	c.Headers.Add("Content-Type", "application/json")
	return c
}

// started is a server for an example.
func started() *mockserver.Server {
	server, err := mockserver.Start(context.Background(), mockserver.Options{Seed: 7})
	if err != nil {
		panic(err)
	}
	return server
}

// emitted are the deliveries of an event to a consumer that answers with these statuses, after all
// retries.
func emitted(server *mockserver.Server, statuses ...int) []mockserver.Delivery {
	ctx := context.Background()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[0])
		if len(statuses) > 1 {
			statuses = statuses[1:]
		}
	}))
	defer consumer.Close()
	subscribfy := server.Provider("subscribfy")
	_, err := subscribfy.Register(ctx, mockserver.Endpoint{URL: consumer.URL, Retry: "spatie-default"})
	if err != nil {
		panic(err)
	}
	deliveries, err := subscribfy.Emit(ctx, "wallet_pass/created")
	if err == nil {
		_, err = server.Advance(ctx, 24*time.Hour)
	}
	if err != nil {
		panic(err)
	}
	for i := range deliveries {
		if deliveries[i], err = server.Client().Delivery(ctx, deliveries[i].ID); err != nil {
			panic(err)
		}
		deliveries[i].URL = "http://127.0.0.1:3000/hooks" // the port of the consumer is random
	}
	return deliveries
}

func ExampleHaveReceived() {
	g := printing()
	server := started()
	defer server.Close()
	ctx := context.Background()
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	endpoint, err := neostore.Subscribe(ctx, inbox.URL(), "Pass:*")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = neostore.Emit(ctx, "Pass:Created")
	g.Expect(err).NotTo(HaveOccurred())

	g.Eventually(inbox).Should(HaveReceived(
		BeSignedBy("neostore", endpoint.Secrets...),
		HaveJSON(".body.__eventName", "Pass:Created"),
	).Times(1))

	g.Expect(inbox).To(HaveReceived(
		BeSignedBy("neostore", endpoint.Secrets...),
		HaveJSON(".body.__eventName", "Pass:Installed"),
	).Times(1))
	// Output:
	// expected bin inbox to have received exactly 1 capture with these 2 conditions, got 0 of 1
	// nearest: c00000001 POST /inbox
	//   matched:     BeSignedBy("neostore")
	//   not matched: HaveJSON(".body.__eventName", "Pass:Installed"): got "Pass:Created"
}

func ExampleReceivedMatcher_Times() {
	captures := []mockserver.Capture{request("c1", `{"id":1}`), request("c2", `{"id":1}`)}
	printing().Expect(captures).To(HaveReceived(HaveJSON(".body.id", 1)).Times(1))
	// Output:
	// expected the captures to have received exactly 1 capture with HaveJSON(".body.id", 1), got 2 of 2
	//   c1 POST /inbox 8 bytes {"id":1}
	//   c2 POST /inbox 8 bytes {"id":1}
}

func ExampleReceivedMatcher_AtLeast() {
	captures := []mockserver.Capture{request("c1", `{"id":1}`), request("c2", `{"id":2}`)}
	printing().Expect(captures).To(HaveReceived().AtLeast(2))
	// Output:
}

func ExampleReceivedMatcher_AtMost() {
	captures := []mockserver.Capture{request("c1", `{"id":1}`), request("c2", `{"id":2}`)}
	printing().Expect(captures).To(HaveReceived().AtLeast(1).AtMost(2))
	// Output:
}

func ExampleHaveReceivedInOrder() {
	captures := []mockserver.Capture{request("c1", `{"state":"paid"}`), request("c2", `{"state":"new"}`)}
	printing().Expect(captures).To(HaveReceivedInOrder(HaveJSON(".body.state", "new"), HaveJSON(".body.state", "paid")))
	// Output:
	// expected the captures to have received 2 captures in this order, got 1 of 2, among 2 captures:
	//   1. matched:     HaveJSON(".body.state", "new"): c2 POST /inbox
	//   2. not matched: HaveJSON(".body.state", "paid"): c1 POST /inbox matches, but it came before c2 POST /inbox
}

func ExampleBeEvent() {
	g := printing()
	capture := request("c1", `{"type":"charge.refunded"}`)
	g.Expect(capture).To(BeEvent("stripe", "invoice.paid"))

	deliveries := []mockserver.Delivery{{Provider: "neostore", Event: fixtures.Event{Name: "Pass:Created"}}}
	g.Expect(deliveries).To(ContainElement(BeEvent("neostore", HavePrefix("Pass:"))))
	// Output:
	// expected the event to be "invoice.paid" of stripe, it is "charge.refunded"
}

func ExampleBeSignedBy() {
	printing().Expect(request("c1", `{}`)).To(BeSignedBy("subscribfy", "token"))
	// Output:
	// expected the subscribfy signature to be valid, it is missing: header Signature is missing
}

func ExampleHaveBody() {
	g := printing()
	capture := request("c1", `{"total": 10.50}`)
	g.Expect(capture).To(HaveBody(ContainSubstring("10.50")))
	g.Expect(capture).To(HaveBody(`{"total": 10.5}`))
	// Output:
	// expected the body to be "{\"total\": 10.5}", got "{\"total\": 10.50}": they differ at byte 15: "0}", want "}"
}

func ExampleHaveJSON() {
	g := printing()
	capture := request("c1", `{"items": [{"sku": "a"}], "total": 10}`)
	g.Expect(capture).To(HaveJSON(".body.items[0].sku", "a"))
	g.Expect(capture).To(HaveJSON(".method", "POST"))
	g.Expect(capture).To(HaveJSON(".body.total", BeNumerically(">", 20)))
	// Output:
	// expected .body.total to match BeNumerically(">", 20), got 10
}

func ExampleMatchSchema() {
	g := printing()
	schema := []byte(`{"title": "order", "required": ["id"], "properties": {"total": {"type": "number"}}}`)
	g.Expect(request("c1", `{"id": 1, "total": 10}`)).To(MatchSchema(schema))
	g.Expect(request("c1", `{"total": "10"}`)).To(MatchSchema(schema))
	// Output:
	// expected the body to fit the JSON Schema "order", but it does not:
	//   the whole body: missing property 'id'
	//   /total: got string, want number
}

func ExampleHaveHeader() {
	g := printing()
	capture := request("c1", `{}`)
	g.Expect(capture).To(HaveHeader("Content-Type", HavePrefix("application/json")))
	g.Expect(capture).To(HaveHeader("X-Request-Id"))
	// Output:
	// expected the header X-Request-Id to be there, there are only Content-Type
}

func ExampleBeDelivered() {
	server := started()
	defer server.Close()
	printing().Expect(emitted(server, 500)).To(BeDelivered())
	// Output:
	// expected the delivery to be delivered, it is exhausted:
	//   d1 wallet_pass/created to http://127.0.0.1:3000/hooks: exhausted
	//     attempt 1: 500
	//     attempt 2: 500
	//     attempt 3: 500
}

func ExampleTrack() {
	g := printing()
	server := started()
	defer server.Close()
	neostore := server.Provider("neostore")
	_, err := neostore.Subscribe(context.Background(), server.Bin("inbox").URL(), "Pass:*")
	g.Expect(err).NotTo(HaveOccurred())
	deliveries, err := neostore.Emit(context.Background(), "Pass:Created")
	g.Expect(err).NotTo(HaveOccurred())

	g.Eventually(Track(server.Client(), deliveries...)).Should(BeDelivered())
	// Output:
}

func ExampleBeRefused() {
	server := started()
	defer server.Close()
	printing().Expect(emitted(server, 200)).To(BeRefused(401))
	// Output:
	// expected the delivery to be refused with 401, got 200:
	//   d1 wallet_pass/created to http://127.0.0.1:3000/hooks: delivered
	//     attempt 1: 200 ← want 401
}

func ExampleBeExhausted() {
	server := started()
	defer server.Close()
	printing().Expect(emitted(server, 503)).To(BeExhausted())
	// Output:
}

func ExampleHaveAttempts() {
	g := printing()
	server := started()
	defer server.Close()
	deliveries := emitted(server, 500, 404, 202)
	g.Expect(deliveries).To(HaveAttempts(500, "4xx", BeNumerically("<", 300)))
	g.Expect(deliveries).To(HaveAttempts(500, "5xx", 202))
	// Output:
	// expected the delivery to have the attempts 500, 5xx, 202, got 500, 404, 202:
	//   d1 wallet_pass/created to http://127.0.0.1:3000/hooks: delivered
	//     attempt 1: 500
	//     attempt 2: 404 ← want 5xx
	//     attempt 3: 202
}

func ExampleFollowSchedule() {
	g := printing()
	server := started()
	defer server.Close()
	deliveries := emitted(server, 500)
	g.Expect(deliveries).To(FollowSchedule("10s", 100*time.Second))
	g.Expect(deliveries).To(FollowSchedule("10s", "2m", "1h"))
	// Output:
	// expected the delivery to follow the schedule 10s, 2m0s, 1h0m0s, got 10s, 1m40s:
	//   d1 wallet_pass/created to http://127.0.0.1:3000/hooks: exhausted
	//     attempt 1: 500
	//     attempt 2: 500
	//     attempt 3: 500 ← 1m40s later, want 2m0s
	//     attempt 4: missing: want it after 1h0m0s
}

// The retries of your own program arrive by the wall clock, so their waits have a tolerance.
func ExampleScheduleMatcher_Within() {
	first, second := request("c1", `{}`), request("c2", `{}`)
	second.At = first.At.Add(10300 * time.Millisecond)
	printing().Expect([]mockserver.Capture{first, second}).To(FollowSchedule("10s").Within(500 * time.Millisecond))
	// Output:
}

func ExamplePass() {
	g := printing()
	server := started()
	defer server.Close()
	scenario, err := scenarios.LoadFS(scenarios.Library(), "duplicate.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	report, err := scenarios.Run(context.Background(), server.Client(), scenario, scenarios.Options{})
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(report).To(Pass())
	// Output:
}

package consumer_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"

	"github.com/hookrig/hookrig/suites/conformance"
	consumer "github.com/hookrig/hookrig/suites/examples/go"
)

// The exam of the consumer: a spec for each check of level must, with a server in this process.
// What the consumer does is the number of messages that the CRM gets.
var _ = Describe("the consumer", func() {
	var (
		shop     *httptest.Server
		messages atomic.Int64
	)

	BeforeEach(OncePerOrdered, func() {
		crm := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { messages.Add(1) }))
		DeferCleanup(crm.Close)
		shop = httptest.NewServer(consumer.Handler("S", crm.URL))
		DeferCleanup(shop.Close)
	})

	conformance.Register("neostore", func() conformance.Consumer {
		return conformance.Consumer{
			URL: shop.URL + "/hooks", Secret: "S", Event: "Pass:Installed", Only: []string{"must"},
			EffectFunc: func(context.Context) (int, error) { return int(messages.Load()), nil },
		}
	})
})

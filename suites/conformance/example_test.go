package conformance_test

import (
	"context"
	"net/http/httptest"
	"testing"

	. "github.com/onsi/ginkgo/v2"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/conformance"
)

// shop is the program under test, which BeforeSuite starts.
var shop *httptest.Server

// orders is what it stores.
type orders struct{}

func (orders) Count(context.Context) (int, error) { return 0, nil }

// A suite that has started the program under test in BeforeSuite registers it in three lines.
func ExampleRegister() {
	_ = conformance.Register("stripe", func() conformance.Consumer {
		return conformance.Consumer{URL: shop.URL + "/hooks", Secret: "whsec_S", EffectFunc: orders{}.Count}
	})
}

// Within a container, its BeforeEach can start the program, and its decorators count.
func ExampleRegister_container() {
	_ = Describe("the shop", Label("slow"), func() {
		conformance.Register("github", func() conformance.Consumer {
			return conformance.Consumer{
				URL: shop.URL + "/hooks", Secret: "S", EffectFunc: orders{}.Count,
				Only:  []string{"must", "should"},
				Skip:  map[string]string{"order-reversed": "we ask the API for the state"},
				Known: map[string]string{"duplicate-sequential": "ticket 71"},
			}
		})
	})
}

// A plain test gives the provider too.
func ExampleRun() {
	_ = func(t *testing.T) { // TestShop
		conformance.Run(t, conformance.Consumer{URL: shop.URL + "/hooks", Provider: "stripe", Secret: "whsec_S"})
	}
}

// inbox is a bin of a server that BeforeSuite starts, at which the program under test has an
// endpoint.
var inbox *mockserver.Bin

// trigger makes the program under test send one event.
func trigger(context.Context) error { return nil }

// A suite of a program that sends webhooks registers it in three lines.
func ExampleRegisterSender() {
	_ = conformance.RegisterSender("standard-webhooks", func() conformance.Sender {
		return conformance.Sender{Bin: inbox, Secrets: []string{"whsec_S"}, Send: trigger}
	})
}

// A plain test judges what a bin has recorded, here by the policy of a vendor.
func ExampleRunSender() {
	_ = func(t *testing.T) { // TestWebhooks
		conformance.RunSender(t, conformance.Sender{
			Bin: inbox, Secrets: []string{"whsec_S"}, Retry: "like stripe",
			Known: map[string]string{"retry-after": "ticket 71"},
		})
	}
}

package consumer_test

import (
	"net/http/httptest"
	"testing"

	consumer "github.com/hookrig/hookrig/suites/examples/go"
)

func TestInstalledPassIsWelcomedOnce(t *testing.T) {
	crm := newBin(t, "crm")
	shop := httptest.NewServer(consumer.Handler("S", crm.url))
	defer shop.Close()
	send(t, "neostore", "2xx", event{
		Event: "Pass:Installed", To: shop.URL + "/hooks", Secret: "S",
		Set: map[string]any{"/passId": "P-1"}, Faults: []string{"duplicate"},
	})
	crm.wait(t, `.body.type == "welcome" and .body.pass == "P-1"`, 1)
}

func TestForgedEventIsRefused(t *testing.T) {
	crm := newBin(t, "crm")
	shop := httptest.NewServer(consumer.Handler("S", crm.url))
	defer shop.Close()
	send(t, "neostore", "401", event{Event: "Pass:Installed", To: shop.URL + "/hooks", Secret: "S", Faults: []string{"signature:tampered"}})
	crm.wait(t, "", 0)
}

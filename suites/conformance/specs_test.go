package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
	"github.com/hookrig/hookrig/suites/conformance"
)

// specsVariable has the consumers that the suite of this file checks, as JSON. The tests run this
// program again with it; without it there are no specs.
const specsVariable = "CONFORMANCE_SPECS"

// checked is a consumer that the suite checks.
type checked struct {
	Provider string `json:"provider"`
	Mistake  string `json:"mistake"`
	// Sends is a sender and not a consumer. Its mistake is a fault of each event.
	Sends bool `json:"sends"`
	// Around is what the consumer is started by: "suite", "each" or "ordered"; "port" starts one
	// with an empty database for each spec, always at the same address.
	Around string `json:"around"`
	// Secret that the exam has; "" is the right one.
	Secret string `json:"secret"`
	// Other is the provider that the Consumer has, if it is another.
	Other string `json:"other"`
	// OneSecret has no old secret.
	OneSecret bool `json:"one_secret"`
	// Blind has an effect that cannot be read.
	Blind  bool              `json:"blind"`
	Skip   map[string]string `json:"skip"`
	Known  map[string]string `json:"known"`
	Only   []string          `json:"only"`
	Strict bool              `json:"strict"`
	Seed   uint64            `json:"seed"`
}

const secret = "whsec_R1ghtR1ghtR1ght"

func TestSpecs(t *testing.T) {
	list := fromVariable(t)
	RegisterFailHandler(Fail)
	running := map[string]conformance.Consumer{} // by provider
	senders := map[string]conformance.Sender{}   // likewise
	BeforeSuite(func() {
		for _, c := range list {
			switch {
			case c.Sends:
				senders[c.Provider] = c.sent(GinkgoT())
			case c.Around == "suite":
				running[c.Provider] = c.start(GinkgoT())
			}
		}
	})
	for _, c := range list {
		if c.Sends {
			conformance.RegisterSender(c.Provider, func() conformance.Sender { return senders[c.Provider] })
			continue
		}
		switch c.Around {
		case "suite":
			conformance.Register(c.Provider, func() conformance.Consumer { return running[c.Provider] })
		case "each":
			Describe("a shop", func() {
				var consumer conformance.Consumer
				BeforeEach(func() { consumer = c.start(GinkgoT()) })
				conformance.Register(c.Provider, func() conformance.Consumer { return consumer })
			})
		case "port":
			Describe("a shop at one address", func() {
				var consumer conformance.Consumer
				var at address
				BeforeEach(func() { consumer = c.startAt(GinkgoT(), &at) })
				conformance.Register(c.Provider, func() conformance.Consumer { return consumer })
			})
		case "ordered":
			Describe("a team's own", Ordered, ContinueOnFailure, func() {
				var consumer conformance.Consumer
				BeforeAll(func() { consumer = c.start(GinkgoT()) })
				conformance.Register(c.Provider, func() conformance.Consumer { return consumer })
			})
		}
	}
	RunSpecs(t, "specs")
}

func TestSubtests(t *testing.T) {
	for _, c := range fromVariable(t) {
		t.Run(c.Provider, func(t *testing.T) {
			t.Parallel()
			if c.Sends {
				conformance.RunSender(t, c.sent(t))
				return
			}
			conformance.Run(t, c.start(t))
		})
	}
}

// fromVariable returns the consumers to check.
func fromVariable(t *testing.T) (list []checked) {
	t.Helper()
	text := os.Getenv(specsVariable)
	if text == "" {
		t.Skip("the other tests run it")
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// start starts the consumer.
func (c checked) start(t consumers.T) conformance.Consumer {
	base := consumers.StartT(t, consumers.Options{Provider: c.Provider, Secrets: []string{secret, "old"}, Mistake: c.Mistake})
	consumer := conformance.Consumer{
		URL: base + "/hooks", Secret: secret, OldSecret: "old", Skip: c.Skip, Known: c.Known, Only: c.Only, Strict: c.Strict, Seed: c.Seed,
		EffectFunc: func(ctx context.Context) (int, error) {
			var body struct{ Count int }
			err := get(ctx, base+"/effects", &body)
			if c.Blind {
				err = errors.New("the table is missing")
			}
			return body.Count, err
		},
		StateFunc: func(ctx context.Context, entity string) (any, error) {
			var body struct{ State any }
			err := get(ctx, base+"/states/"+url.PathEscape(entity), &body)
			return body.State, err
		},
	}
	if c.Secret != "" {
		consumer.Secret = c.Secret
	}
	if c.OneSecret {
		consumer.OldSecret = ""
	}
	consumer.Provider = c.Other
	if c.Around == "" { // of a subtest, where nothing else names the provider
		consumer.Provider = c.Provider
	}
	return consumer
}

// address is where one consumer after the other listens.
type address struct {
	server *httptest.Server
	now    atomic.Pointer[consumers.Consumer]
}

// startAt starts the consumer with an empty database, in the place of the one before, whose
// database is then closed.
func (c checked) startAt(t FullGinkgoTInterface, at *address) conformance.Consumer {
	shop, err := consumers.New(consumers.Options{Provider: c.Provider, Secrets: []string{secret}, Mistake: c.Mistake})
	if err != nil {
		t.Fatal(err)
	}
	at.now.Store(shop)
	if at.server == nil { // its specs run in one process; it ends with that
		at.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { at.now.Load().ServeHTTP(w, r) }))
	}
	return conformance.Consumer{
		URL: at.server.URL + "/hooks", Secret: secret, Only: c.Only,
		EffectFunc: func(context.Context) (int, error) {
			if at.now.Load() != shop {
				return 0, errors.New("the database is closed")
			}
			var body struct{ Count int }
			w := httptest.NewRecorder()
			shop.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/effects", nil))
			err := json.Unmarshal(w.Body.Bytes(), &body)
			return body.Count, err
		},
	}
}

// get reads JSON.
func get(ctx context.Context, url string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

package conformance_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
	"github.com/hookrig/hookrig/suites/conformance"
)

// specsVariable has what the suite of this file checks, as JSON. The tests run this binary again
// with it; without it there is no spec.
const specsVariable = "CONFORMANCE_SPECS"

// checked is a consumer that the suite checks.
type checked struct {
	Provider string
	Mistake  string
	Secret   string // that the exam has; "" is the right one
	Within   string // "" is at the top level, "each" below a BeforeEach, "ordered" in an Ordered container
	Consumer conformance.Consumer
}

const secret = "whsec_R1ghtR1ghtR1ght"

func TestSpecs(t *testing.T) {
	if os.Getenv(specsVariable) == "" {
		t.Skip("the other tests run it")
	}
	RegisterFailHandler(Fail)
	RunSpecs(t, "specs")
}

var _ = register(os.Getenv(specsVariable))

// register registers the consumers.
func register(text string) bool {
	var list []checked
	if text != "" {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			panic(err)
		}
	}
	for _, c := range list {
		switch c.Within {
		case "":
			conformance.Register(c.Provider, func() conformance.Consumer { return c.start(GinkgoT()) })
		case "each":
			Describe("a shop", func() {
				var consumer conformance.Consumer
				BeforeEach(func() { consumer = c.start(GinkgoT()) })
				conformance.Register(c.Provider, func() conformance.Consumer { return consumer })
			})
		case "ordered":
			Describe("a shop", Ordered, func() {
				var consumer conformance.Consumer
				BeforeAll(func() { consumer = c.start(GinkgoT()) })
				conformance.Register(c.Provider, func() conformance.Consumer { return consumer })
			})
		}
	}
	return true
}

// start starts the consumer.
func (c checked) start(t consumers.T) conformance.Consumer {
	base := consumers.StartT(t, consumers.Options{Provider: c.Provider, Secrets: []string{secret}, Mistake: c.Mistake})
	consumer := c.Consumer
	consumer.URL, consumer.Secret = base+"/hooks", secret
	if c.Secret != "" {
		consumer.Secret = c.Secret
	}
	consumer.EffectFunc = func(ctx context.Context) (int, error) {
		var body struct{ Count int }
		return body.Count, get(ctx, base+"/effects", &body)
	}
	consumer.StateFunc = func(ctx context.Context, entity string) (any, error) {
		var body struct{ State any }
		return body.State, get(ctx, base+"/states/"+url.PathEscape(entity), &body)
	}
	return consumer
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

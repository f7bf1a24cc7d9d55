package matchers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/mockserver"
	. "github.com/hookrig/hookrig/suites/matchers"
)

// BenchmarkPoll looks once more into a bin of 1000 captures, of which none matches.
func BenchmarkPoll(b *testing.B) {
	server := mockserver.StartT(b)
	inbox := server.Bin("inbox")
	for range 1000 {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, inbox.URL(), strings.NewReader(`{"__eventName":"Pass:Created","points":10}`))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("x-neostore-signature", strings.Repeat("0", 64))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			b.Fatal(err)
		}
	}
	for name, conditions := range map[string][]types.GomegaMatcher{
		"BeSignedBy":            {BeSignedBy("neostore", "s3cret")},
		"HaveJSON":              {HaveJSON(".body.points", 11)},
		"a matcher of the test": {gomega.Not(BeSignedBy("neostore", "s3cret")), HaveJSON(".body.points", gomega.BeNumerically(">", 10))},
	} {
		b.Run(name, func(b *testing.B) {
			m := HaveReceived(conditions...)
			for b.Loop() {
				if ok, err := m.Match(inbox); ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

package scenarios

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBackground checks that a delivery in the background does not keep the next steps waiting, and
// that the end of the run cuts it short.
func TestBackground(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	consumer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			ended <- err
		}
	}))
	t.Cleanup(consumer.Close)
	text := `hookrig: 1
name: beside
provider: neostore
target: {bin: inbox}
bins: {inbox: {provider: neostore}}
steps:
  - id: stuck
    subscribe: {timeout: 10m}
  - id: sub
    subscribe: {}
  - id: stalled
    deliver: {event: "Pass:Created", to: stuck, faults: ["transport:stall:1"], background: true}
  - id: short
    deliver: {event: "Pass:Created", to: sub, faults: ["transport:split:1"]}
  - id: again
    replay: {of: short}
  - id: accepted
    expect: {response: {of: again, status: 2xx}}
`
	s, err := Parse("beside.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, s, Options{Target: consumer.URL})
	if err != nil || report.Status != Passed || report.Counts.Deliveries != 3 {
		t.Errorf("%v, %+v", err, report)
	}
	if err := <-ended; err == nil {
		t.Error("the stalled request ended well")
	}
	wrong := strings.Replace(text, "background: true}", "background: true}\n    expect: {response: {status: 2xx}}", 1)
	if _, err := Parse("beside.yaml", []byte(wrong), nil); err == nil || !strings.Contains(err.Error(), "expect something of a later step") {
		t.Errorf("%v", err)
	}
}

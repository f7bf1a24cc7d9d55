package scenarios

import (
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// TestBinsOfAScenario checks that bins have the exact responses and handshakes of the file.
func TestBinsOfAScenario(t *testing.T) {
	s, err := Parse("bins.yaml", []byte(`
hookrig: 1
name: bins
target: {bin: inbox}
bins:
  inbox:
    provider: neostore
    handshakes: [{kind: twitter, secret: key}, slack]
    rules:
      - {where: '.method == "PUT"', responses: [500, 201]}
      - {where: .body.passId, responses: [503, {status: 200, lines: [[x-A, one], [X-a, two]], body: done, drip: 20ms}], by: delivery}
  cut: {responses: [{body: abcdef, cut: body}]}
effects:
  check: {http: {url: "${bins.inbox.url}?crc_token=a"}, jq: .body.response_token}
  put: {http: {method: PUT, url: "${bins.inbox.url}"}, jq: .status}
steps:
  - id: check
    expect: {effects: {check: {eventually: {eq: "sha256=eAw9tM495bnlWBb7qY9ZBjHZbAdScbJpdiONX0REIZs="}}}}
  - id: put
    expect: {effects: {put: {eventually: {eq: 201}}}}
  - id: sub
    subscribe: {provider: neostore, events: ["Pass:*"], retry: at-least-once}
  - id: two
    deliver: {provider: neostore, events: ["Pass:Created", "Pass:Installed"]}
  - id: later
    advance: 1m
    expect: {deliveries: {of: two, state: delivered, attempts: [503, 200]}}
`), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, s, Options{})
	if err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
	response := s.Bins["inbox"].Rules[1].Responses[1].toServer()
	if len(response.Lines) != 2 || response.Lines[1].Name != "X-a" || response.Lines[1].Value != "two" || response.Drip == 0 {
		t.Errorf("response %+v", response)
	}
	if cut := s.Bins["cut"].Responses[0].toServer(); cut.Cut != "body" || cut.Body != "abcdef" {
		t.Errorf("response %+v", cut)
	}
}

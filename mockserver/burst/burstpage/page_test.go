package burstpage

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// report runs a burst whose events partly fail.
func report(t *testing.T, text string, plan burst.Plan) *burst.Report {
	t.Helper()
	n := 0
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n%10 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(consumer.Close)
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		if plan.Shape, err = burst.ParseShape(text); err != nil {
			t.Fatal(err)
		}
	}
	threshold, err := burst.ParseThreshold("status.5xx<1%")
	if err != nil {
		t.Fatal(err)
	}
	plan.Parts, plan.URLs, plan.Seed, plan.Connections = []burst.Part{{Provider: p, Secret: "s3cret"}}, []string{consumer.URL + "/<b>?a=1&b=2"}, 7, 1
	plan.Thresholds = append(plan.Thresholds, threshold)
	r, err := burst.Run(t.Context(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The page has the result, the times and the plots, needs nothing from outside, and
// escapes what it shows.
func TestPage(t *testing.T) {
	t.Parallel()
	r := report(t, "hold(100,1100ms) ramp(100,200,1s)", burst.Plan{Faults: []burst.FaultShare{{Fault: "signature:missing", Share: 0.1}}})
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var before burst.Report
	if err := json.Unmarshal(raw, &before); err != nil { // as --compare reads it
		t.Fatal(err)
	}
	r.Shards = []burst.ShardResult{{Number: 3, Node: "<b>south", ClockOffset: 1.25, Sent: 7, Intended: 9}}
	var b bytes.Buffer
	if err := Write(&b, r, &before); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<title>Failed: ", "status.5xx&lt;1%", "✗ fails", "hold(100,1100ms) ramp(100,200,1s)", "&lt;b&gt;", "signature:missing", "Compared with the burst before",
		"<h2>Rate</h2>", "<h2>Response time</h2>", "<h2>Lag</h2>", "<h2>Percentiles</h2>", "<h2>Distribution</h2>", "p99.9", "1.00",
		"<h2>Shards</h2>", "&lt;b&gt;south", "1.25 ± 0.00",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if n := strings.Count(page, "<svg"); n != 5 {
		t.Errorf("%d drawings, want five", n)
	}
	for _, wrong := range []string{"<script", "style=\"", "src=", "href=", "url(", "<b>", "NaN", "ZgotmplZ"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page has %q", wrong)
		}
	}
	if outside := regexp.MustCompile(`https?://[^"<]*`).FindAllString(strings.ReplaceAll(page, "http://www.w3.org/", ""), -1); len(outside) != 2 || outside[0] != outside[1] {
		t.Errorf("addresses %q, want the consumer's twice: in the title and below", outside)
	}
}

// Without a rate nothing is late, and a burst of less than two seconds has no plots over time.
func TestPageOfAShortBurst(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Write(&b, report(t, "", burst.Plan{Count: 5}), nil); err != nil {
		t.Fatal(err)
	}
	if page := b.String(); strings.Contains(page, "<h2>Lag") || strings.Contains(page, "lag") || !strings.Contains(page, "<h2>Percentiles</h2>") {
		t.Error(page)
	}
	b.Reset()
	if err := Write(&b, report(t, "", burst.Plan{Count: 1}), nil); err != nil {
		t.Fatal(err)
	}
}

// Grid lines have round distances, and reach above the highest value.
func TestTick(t *testing.T) {
	t.Parallel()
	for highest, want := range map[float64]float64{0: 1, 0.04: 0.01, 1: 0.2, 4.9: 1, 5: 1, 5.1: 2, 99: 20, 1001: 500, 26000: 10000} {
		if got := tick(highest); math.Abs(got-want) > want/1e9 {
			t.Errorf("%v: %v, want %v", highest, got, want)
		}
	}
}

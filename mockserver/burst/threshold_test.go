package burst

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Each threshold compares the figure that it names, with its unit.
func TestThresholds(t *testing.T) {
	t.Parallel()
	h := newHistogram()
	for i := range 1000 {
		_ = h.RecordValue(int64(i+1) * 1000)
	}
	lag := newHistogram()
	_ = lag.RecordValue(1500)
	r := &Report{
		Intended: 1000, Sent: 990, Faulted: 90, Acknowledged: 880, Rate: 495, RateShare: 0.99,
		Outcomes: map[string]uint64{"2xx": 880, "5xx": 18, "no_reply": 2, "dropped": 10}, Statuses: map[int]uint64{200: 880, 503: 15, 500: 3},
		Faults:     []FaultResult{{Forged: true, Accepted: 3}, {Accepted: 50}},
		Generator:  Generator{Late: 5, Queued: 7},
		Histograms: Histograms{Response: encoded(h), Service: encoded(h), SuccessResponse: encoded(h), Lag: encoded(lag)},
		Accounting: &Accounting{Captured: 880, Lost: 2, Duplicated: 1, Unexpected: 4, Corrupted: 5, OutOfOrder: 6},
	}
	for text, want := range map[string]struct {
		ok    bool
		value string
	}{
		"p99<250ms":               {false, "990.21ms"},
		"p50<=501ms":              {true, "500.22ms"},
		"p99.9 > 0.9s":            {true, "999.42ms"},
		"response.p99<1s":         {true, "990.21ms"},
		"service.max<=1001ms":     {true, "1000.45ms"},
		"success.min>0ms":         {true, "1.00ms"},
		"mean<501ms":              {true, "500.50ms"},
		"lag.p99<2ms":             {true, "1.50ms"},
		"rate>=0.99":              {true, "0.9900"},
		"rate>=99%":               {true, "99%"},
		"rate>500/s":              {false, "495.0/s"},
		"status.5xx<2%":           {true, "1.82%"},
		"status.503==15":          {true, "15"},
		"status.404==0":           {true, "0"},
		"failed<=30":              {true, "30"},
		"no_reply<1%":             {true, "0.202%"},
		"dropped!=0":              {true, "10"},
		"lost==0":                 {false, "2"},
		"duplicated<2":            {true, "1"},
		"unexpected==4":           {true, "4"},
		"corrupted==5":            {true, "5"},
		"out_of_order==6":         {true, "6"},
		"captured>=880":           {true, "880"},
		"accepted==0":             {false, "3"},
		"late<1%":                 {true, "0.505%"},
		"queued==7":               {true, "7"},
		"intended==1000":          {true, "1000"},
		"abort:status.5xx<50%":    {true, "1.82%"},
		"abort@10s:status.5xx<1%": {false, "1.82%"},
	} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := threshold.compare(r); got.OK != want.ok || got.Text != want.value || got.Unknown {
			t.Errorf("%s: %v, %q; want %v, %q", text, got.OK, got.Text, want.ok, want.value)
		}
		raw, err := json.Marshal(threshold)
		var again Threshold
		if err != nil || json.Unmarshal(raw, &again) != nil || again != threshold {
			t.Errorf("%s: as JSON %s, %v", text, raw, err)
		}
		if got := threshold.compare(&Report{}); got.OK && got.Unknown {
			t.Errorf("%s of nothing: %+v", text, got)
		}
	}
	lost, _ := ParseThreshold("lost==0")
	if got := lost.compare(&Report{}); got.OK || !got.Unknown {
		t.Errorf("lost without an accounting: %+v", got)
	}
}

func TestWrongThresholds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                   "want NOUN OPERATOR VALUE",
		"p99":                "want NOUN OPERATOR VALUE",
		"p99=<5ms":           `the operator "=<"`,
		"p99<5":              "p99 is a duration",
		"p999<5ms":           `the percentile "p999"`,
		"wait.p99<5ms":       `no latency has the name "wait"`,
		"rate>5ms":           "rate is a ratio",
		"lost<5ms":           "lost is a number of events",
		"lots==0":            `no figure has the name "lots"`,
		"status.6==0":        `the status "6"`,
		"status.5xx<x":       `the value "x"`,
		"stop:lost==0":       `found "stop"`,
		"abort:lost==0":      "lost is known after the burst only",
		"abort@x:p99<5ms":    `the time "x"`,
		"status.5xx < -1 %":  "the value",
		"sent>=1000000000/s": "sent is a number of events",
	} {
		if _, err := ParseThreshold(text); !errors.Is(err, ErrThreshold) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzThreshold(f *testing.F) {
	for _, text := range []string{"p99<250ms", "lag.p99.9<=2ms", "abort@10s:status.5xx<50%", "rate>=0.99", "lost==0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		threshold, err := ParseThreshold(text)
		if err != nil {
			return
		}
		if got := threshold.compare(&Report{}); got.Unknown && got.OK {
			t.Fatalf("%q holds for an unknown value", text)
		}
	})
}

// A threshold ends a burst that has gone wrong, and the report says so.
func TestThresholdEndsABurst(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	c := newConsumer(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) > 20 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	p := plan(t, "ethpass", c.URL)
	p.Count, p.Shape = 100_000, shape(t, "200")
	for _, text := range []string{"abort@1s:status.5xx<50%", "lost==0", "p50<1h"} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		p.Thresholds = append(p.Thresholds, threshold)
	}
	start := time.Now()
	r, err := Run(t.Context(), p, nil)
	if err != nil || r.OK() || r.Sent > 10_000 || time.Since(start) > time.Minute {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "abort@1s:status.5xx<50%") {
		t.Errorf("%q", r.Problems)
	}
	if th := r.Thresholds; len(th) != 3 || th[0].OK || !th[1].Unknown || !th[2].OK {
		t.Errorf("%+v", th)
	}
	if err := r.Reconcile(c.all()); err != nil {
		t.Fatal(err)
	}
	if th := r.Thresholds[1]; !th.OK || th.Text != "0" {
		t.Errorf("after the comparison: %+v", th)
	}
}

// TestMeasurements checks that the names of counts and percentiles are nouns of thresholds, and
// that their values are the same.
func TestMeasurements(t *testing.T) {
	t.Parallel()
	r := &Report{
		Rate: 99, RateShare: 0.99, Lag: Latency{P50: 1, P99: 2, P999: 3, Max: 4}, Response: Latency{P50: 5, P99: 6, P999: 7, Max: 8}, Sent: 10,
		Outcomes: map[string]uint64{"2xx": 5, "5xx": 3, "no_reply": 2}, Accounting: &Accounting{Lost: 1, Duplicated: 2},
	}
	got := map[string]float64{}
	for _, m := range r.Measurements() {
		if _, twice := got[m.Name]; twice {
			t.Errorf("%s comes twice", m.Name)
		}
		got[m.Name] = m.Value
	}
	for name, want := range map[string]float64{
		"rate": 99, "rate share": 0.99, "lag.p50": 1, "lag.p99.9": 3, "response.p99": 6, "response.max": 8, "failed": 5, "lost": 1, "duplicated": 2,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
		if name == "rate share" {
			continue
		}
		if _, err := ParseThreshold(name + ">0" + map[bool]string{true: "ms"}[strings.Contains(name, ".")]); err != nil {
			t.Error(err)
		}
	}
	if n := len((&Report{}).Measurements()); n != len(got)-2 {
		t.Errorf("%d without an accounting, want %d", n, len(got)-2)
	}
}

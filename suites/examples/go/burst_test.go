package consumer_test

import (
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gmeasure"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/burst"
	consumer "github.com/hookrig/hookrig/suites/examples/go"
)

// A burst is a test like another one: it has a plan, thresholds, and a report whose figures
// gmeasure records.
var _ = Describe("the consumer under load", func() {
	It("answers quickly, and refuses forged events", func(ctx SpecContext) {
		app := httptest.NewServer(consumer.Handler("s3cret", "http://127.0.0.1:1"))
		DeferCleanup(app.Close)
		neostore, err := fixtures.Builtin().Provider("neostore")
		Expect(err).NotTo(HaveOccurred())
		shape, err := burst.ParseShape("ramp(50,200,1s) hold(200,1s)")
		Expect(err).NotTo(HaveOccurred())
		var thresholds []burst.Threshold
		for _, text := range []string{"failed==0", "accepted==0", "p50<1s"} {
			threshold, err := burst.ParseThreshold(text)
			Expect(err).NotTo(HaveOccurred())
			thresholds = append(thresholds, threshold)
		}
		report, err := burst.Run(ctx, burst.Plan{
			Parts:      []burst.Part{{Provider: neostore, Secret: "s3cret", Events: []string{"Pass:Created", "Pass:Updated"}}},
			URLs:       []string{app.URL},
			Shape:      shape,
			Seed:       7,
			Faults:     []burst.FaultShare{{Fault: "signature:missing", Share: 0.05}},
			Thresholds: thresholds,
		}, nil)
		Expect(err).NotTo(HaveOccurred())

		experiment := gmeasure.NewExperiment("load")
		for _, m := range report.Measurements() {
			experiment.RecordValue(m.Name, m.Value, gmeasure.Units(m.Units), gmeasure.Precision(2))
		}
		AddReportEntry(experiment.Name, experiment)
		for _, result := range report.Thresholds {
			Expect(result.OK).To(BeTrue(), "%+v", result)
		}
		Expect(report.Intended).To(BeEquivalentTo(325))
		Expect(experiment.Get("failed").Values).To(Equal([]float64{0}))
	}, SpecTimeout(30e9))
})

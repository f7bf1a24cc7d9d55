package acceptance_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// burstReport is the part of `hookrig burst --json` that the specs check.
type burstReport struct {
	Intended, Sent, Faulted, Acknowledged uint64

	Outcomes   map[string]uint64
	Statuses   map[int]uint64
	Accounting *struct{ Captured, Lost, Duplicated, Unexpected, Corrupted, Unacknowledged uint64 }
}

var _ = Describe("hookrig burst", Serial, func() {
	It("reconciles a hundred thousand events with a durable server: none lost, none duplicated", func(ctx SpecContext) {
		r := serve("--data", GinkgoT().TempDir())
		session := hookrig("burst", "neostore", "--to", r.capture+"/load", "--count", "100000", "--connections", "64", "--seed", "7", "--json", "-")
		Eventually(ctx, session, 4*time.Minute).Should(exited())
		Expect(session.ExitCode()).To(Equal(0), string(session.Out.Contents()))
		var report burstReport
		Expect(json.Unmarshal(session.Out.Contents(), &report)).To(Succeed())
		Expect(report.Sent).To(BeEquivalentTo(100000))
		Expect(report.Acknowledged).To(BeEquivalentTo(100000))
		Expect(report.Accounting).NotTo(BeNil(), "the bin was found")
		Expect(report.Accounting.Captured).To(BeEquivalentTo(100000))
		Expect(report.Accounting.Lost).To(BeZero())
		Expect(report.Accounting.Duplicated).To(BeZero())
		Expect(report.Accounting.Unexpected).To(BeZero())
	}, SpecTimeout(5*time.Minute))

	It("counts captures that it did not send as unexpected", func(ctx SpecContext) {
		r := serve("--data", "memory")
		for _, provider := range []string{"subscribfy", "ethpass"} {
			out := run(ctx, 0, "burst", provider, "--to", r.capture+"/"+provider, "--count", "2000", "--json", "-")
			var report burstReport
			Expect(json.Unmarshal([]byte(out), &report)).To(Succeed())
			Expect(report.Accounting.Captured).To(BeEquivalentTo(2000))
		}
		foreign := hookrig("burst", "neostore", "--to", r.capture+"/mixed", "--rate", "200", "--duration", "3s", "--json", "-")
		Eventually(ctx, func(g Gomega) {
			bins, err := r.client.Bins(ctx)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(bins).To(ContainElement(HaveField("Name", "mixed")))
		}).Should(Succeed())
		run(ctx, 0, "send", "neostore", "Pass:Created", "--to", r.capture+"/mixed")
		Eventually(ctx, foreign).Should(exited())
		Expect(foreign.ExitCode()).To(Equal(1))
		var report burstReport
		Expect(json.Unmarshal(foreign.Out.Contents(), &report)).To(Succeed())
		Expect(report.Accounting.Unexpected).To(BeEquivalentTo(1))
		Expect(report.Accounting.Lost).To(BeZero())
	}, SpecTimeout(time.Minute))

	It("counts what a consumer refuses, and fails", func(ctx SpecContext) {
		consumer := newReceiver(func(n int, _ received) string { return response(map[bool]int{true: 503, false: 204}[n%10 == 0]) })
		out := run(ctx, 1, "burst", "ethpass", "--to", consumer.url, "--count", "500", "--connections", "1", "--no-reconcile", "--json", "-")
		var report burstReport
		Expect(json.Unmarshal([]byte(out), &report)).To(Succeed())
		Expect(report.Outcomes).To(Equal(map[string]uint64{"2xx": 450, "5xx": 50}))
		Expect(report.Accounting).To(BeNil())
	})
})

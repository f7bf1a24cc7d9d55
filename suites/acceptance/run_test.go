package acceptance_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("hookrig run", func() {
	library := func(name string) string { return filepath.Join(repository(), "scenarios", "library", name) }

	It("plays the tour: all 42 events of the three systems, with a result for each step", func(ctx SpecContext) {
		out := run(ctx, 0, "run", library("tour.yaml"), "--seed", "7")
		Expect(out).To(And(ContainSubstring("seed 7"), ContainSubstring("passed")))
	})

	It("plays the whole library and writes JSON and JUnit", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		asJSON, junit := filepath.Join(dir, "r.json"), filepath.Join(dir, "r.xml")
		run(ctx, 0, "run", library(""), "--json", asJSON, "--junit", junit)

		var reports []struct {
			Scenario, Status string
			Seed             uint64
			Steps            []struct{ ID, Status, Detail string }
		}
		raw, err := os.ReadFile(asJSON)
		Expect(err).NotTo(HaveOccurred())
		Expect(json.Unmarshal(raw, &reports)).To(Succeed())
		names := []string{}
		for _, r := range reports {
			Expect(r.Status).To(Equal("passed"), r.Scenario)
			Expect(r.Steps).NotTo(BeEmpty())
			names = append(names, r.Scenario)
		}
		Expect(names).To(ContainElements("tour", "retry-until-up", "duplicate", "out-of-order", "forged", "slow-consumer"))

		raw, err = os.ReadFile(junit)
		Expect(err).NotTo(HaveOccurred())
		var suites struct {
			Suites []struct {
				Name  string     `xml:"name,attr"`
				Cases []struct{} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		Expect(xml.Unmarshal(raw, &suites)).To(Succeed())
		Expect(suites.Suites).To(HaveLen(len(reports)))
	})

	It("gives byte-identical bodies for the same seed, and others for another", func(ctx SpecContext) {
		r := serve("--data", "memory", "--clock", "virtual")
		bodies := func(seed string) []string {
			GinkgoHelper()
			before, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Limit: 1}})
			Expect(err).NotTo(HaveOccurred())
			query := mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Limit: mockserver.MaxLimit, Oldest: true}}
			if len(before) > 0 {
				query.After = before[0].Seq
			}
			run(ctx, 0, "run", library("tour.yaml"), "--seed", seed, "--server", r.dashboard)
			captures, err := r.client.Captures(ctx, query)
			Expect(err).NotTo(HaveOccurred())
			var list []string
			for _, c := range captures {
				list = append(list, string(c.Body))
			}
			Expect(len(list)).To(BeNumerically(">=", 42))
			return list
		}
		first := bodies("7")
		Expect(bodies("7")).To(ConsistOf(first))
		Expect(bodies("8")).NotTo(ContainElements(first[0]))
	})

	It("names every mistake of a wrong file, with line, column and a hint, and exits 2", func(ctx SpecContext) {
		file := filepath.Join(GinkgoT().TempDir(), "wrong.yaml")
		Expect(os.WriteFile(file, []byte(strings.TrimLeft(`
hookrig: 1
name: wrong
bins: {inbox: {}}
steps:
  - id: one
    subscrib: {provider: neostore}
  - id: two
    deliver: {provider: neostore, event: "Pass:Instaled"}
  - id: three
    advance: 3 days
  - id: four
    deliver: {provider: neostore, event: "Pass:Created", times: many}
`, "\n")), 0o600)).To(Succeed())
		for _, verb := range []string{"run", "lint"} {
			session := hookrig(verb, file)
			Expect(session.Wait("20s").ExitCode()).To(Equal(2), verb)
			text := string(session.Err.Contents()) + string(session.Out.Contents())
			Expect(text).To(And(
				MatchRegexp(`wrong\.yaml:6:5: .*subscrib.*\n?.*subscribe`),
				MatchRegexp(`wrong\.yaml:8:42: .*Pass:Instaled.*\n?.*Pass:Installed`),
				MatchRegexp(`wrong\.yaml:10:14: .*3 days`),
				MatchRegexp(`wrong\.yaml:12:65: .*many`),
			), verb)
		}
	})

	It("exits 1 when the consumer is wrong, and says how to repeat it", func(ctx SpecContext) {
		consumer := newReceiver(always(500))
		out := run(ctx, 1, "run", library("duplicate.yaml"), "--target", consumer.url, "--seed", "7")
		Expect(out).To(And(ContainSubstring("failed"), ContainSubstring("hookrig run"), ContainSubstring("--seed 7")))
		Expect(consumer.all()).NotTo(BeEmpty())
	})
})

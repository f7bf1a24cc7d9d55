package acceptance_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("the page of the API", func() {
	It("shows every operation, with a curl command that works unchanged", func(ctx SpecContext) {
		needs("curl")
		r := serve("--data", "memory", "--clock", "virtual", "--capture-tls", "127.0.0.1:0")
		post(r.capture+"/inbox", `{"hello":"world"}`)
		post(r.capture+"/inbox", `{"hello":"again"}`)
		endpoint, err := r.client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: r.capture + "/inbox"})
		Expect(err).NotTo(HaveOccurred())
		made, err := r.client.Emit(ctx, "neostore", mockserver.Emission{Event: "Pass:Created"})
		Expect(err).NotTo(HaveOccurred())
		run, err := r.client.BeginRun(ctx, mockserver.RunOptions{})
		Expect(err).NotTo(HaveOccurred())

		b := browse(r, "api/docs/")
		b.sees("#docs", "A bin is a capture address")
		b.isAccessible()
		b.eval(`document.querySelectorAll("details.operation").forEach((d) => { d.open = true; })`)
		Eventually(func() string { return b.eval(`document.querySelectorAll(".curl").length`) }).
			Should(Equal(b.eval(`document.querySelectorAll("details.operation").length`)))
		b.isAccessible()
		var shown []struct{ ID, Curl string }
		Expect(json.Unmarshal([]byte(b.eval(`JSON.stringify([...document.querySelectorAll("details.operation")].
			map((d) => ({ID: d.id, Curl: d.querySelector(".curl").textContent})))`)), &shown)).To(Succeed())
		Expect(len(shown)).To(BeNumerically(">", 50))

		entity := ""
		do := func(id, curl string) {
			GinkgoHelper()
			curl = strings.NewReplacer("/ENDPOINT", "/"+endpoint.ID, "/DELIVERY", "/"+made[0].ID, "/ENTITY", "/"+entity, "/RUN", "/"+run.Run()).Replace(curl)
			out, err := sh(ctx, curl+" -sS -o out -w '%{http_code}'", id == "get-stream")
			Expect(err).NotTo(HaveOccurred(), "%s: %s: %s", id, curl, out)
			Expect(out).To(HavePrefix("2"), "%s: %s", id, curl)
			if id == "create-entity" {
				made, err := sh(ctx, curl+" -sS", false)
				Expect(err).NotTo(HaveOccurred())
				var answer struct{ Entity struct{ ID string } }
				Expect(json.Unmarshal([]byte(made), &answer)).To(Succeed())
				entity = answer.Entity.ID
			}
		}
		// What makes comes before what reads, and what deletes is last.
		for _, when := range []func(id, curl string) bool{
			func(id, _ string) bool { return id == "create-entity" || id == "put-tenant" },
			func(id, curl string) bool {
				return id != "create-entity" && id != "put-tenant" && !strings.Contains(curl, "-X DELETE")
			},
			func(id, _ string) bool { return id == "delete-capture" }, // while its bin still has it
			func(id, curl string) bool { return strings.Contains(curl, "-X DELETE") && id != "delete-capture" },
		} {
			for _, s := range shown {
				if when(s.ID, s.Curl) {
					do(s.ID, s.Curl)
				}
			}
		}

		b.eval(`document.querySelector("#find").value = "stats"`)
		b.eval(`document.querySelector("#find").dispatchEvent(new Event("input"))`)
		Expect(b.eval(`[...document.querySelectorAll("details.operation")].filter((d) => d.checkVisibility()).map((d) => d.id).join()`)).To(Equal("get-stats"))
		b.eval(`document.documentElement.dataset.theme = "dark"`)
		b.isAccessible()
	}, SpecTimeout(2*time.Minute))
})

// sh runs a command in a new shell and folder. One that never ends is stopped by its
// time limit, and what it got until then is what counts.
func sh(ctx context.Context, command string, endless bool) (string, error) {
	GinkgoHelper()
	if endless {
		command += " --max-time 1 || true"
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = GinkgoT().TempDir()
	out, err := cmd.Output()
	return string(out), err
}

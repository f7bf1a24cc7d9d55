package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("a body whose exact bytes matter", func() {
	// What programs that read and write JSON anew spoil: a number beyond 2^53, an escaped slash,
	// the order and the space.
	const number = `"n":12345678901234567890,"s":"a\/b"}`

	It("goes through every file, a resend and a signature as it is", func(ctx SpecContext) {
		needs("curl")
		for name, body := range map[string]string{"plain": `{` + number, "event": `{"__id": "e1","__eventName":"Pass:Created",` + number} {
			By(name)
			r := serve("--data", "records")
			dir := GinkgoT().TempDir()
			in := func(name string) string { return filepath.Join(dir, name) }
			post(r.capture+"/inbox", body)
			first := r.newest(ctx, "inbox")
			Expect(string(first.Body)).To(Equal(body))
			export := func(format string) string {
				GinkgoHelper()
				file := in("inbox." + format)
				run(ctx, 0, "export", "inbox", "--server", r.dashboard, "--format", format, "-o", file)
				return file
			}

			By("raw, over a plain socket")
			raw := export("raw")
			content, err := os.ReadFile(raw)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(content)).To(HaveSuffix("\r\n\r\n" + body))
			Expect(r.exchange(strings.Replace(string(content), " /inbox ", " /raw ", 1), 1)).To(Equal([]int{200}))

			By("curl, in a shell")
			command, err := os.ReadFile(export("curl"))
			Expect(err).NotTo(HaveOccurred())
			out, err := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(string(command), "/inbox", "/curl")).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))

			for _, format := range []string{"har", "jsonl"} {
				By(format + ", imported and replayed")
				file := export(format)
				run(ctx, 0, "import", "imported-"+format, file, "--server", r.dashboard)
				run(ctx, 0, "replay", file, "--to", r.capture+"/replayed-"+format)
				run(ctx, 0, "replay", file, "--to", r.capture+"/signed-"+format, "--resign", "--provider", "neostore", "--secret", "S")
			}

			By("a Go test, as a string")
			test, err := os.ReadFile(export("go"))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(test)).To(Or(ContainSubstring("`"+body), ContainSubstring(fmt.Sprintf("%q", body)[1:])))

			By("a resend, as it was and signed anew")
			Expect(r.client.Configure(ctx, "signed", mockserver.Settings{Provider: "neostore", Secrets: []string{"S"}})).To(Succeed())
			for bin, more := range map[string]string{"resent": "", "signed": `, "resign": {"provider": "neostore", "secret": "S"}`} {
				resp, err := http.Post(r.dashboard+"/api/v1/captures/"+first.ID+"/resend", "application/json",
					strings.NewReader(`{"url": "`+r.capture+"/"+bin+`"`+more+`}`))
				Expect(err).NotTo(HaveOccurred())
				resp.Body.Close()
				Expect(resp.StatusCode).To(Equal(http.StatusOK))
			}
			bins := []string{
				"raw", "curl", "imported-har", "imported-jsonl", "replayed-har", "replayed-jsonl", "signed-har", "signed-jsonl", "resent", "signed",
			}
			if name == "event" {
				By("a scenario, played")
				run(ctx, 0, "run", export("scenario"), "--target", r.capture+"/played", "--secret", "S")
				bins = append(bins, "played")
			}

			for _, bin := range bins {
				Expect(string(r.newest(ctx, bin).Body)).To(Equal(body), bin)
			}
			signed := r.newest(ctx, "signed")
			Expect(signed.Verification).NotTo(BeNil())
			Expect(signed.Verification.Verdict).To(BeEquivalentTo("valid"))
			message := in("signed.http")
			Expect(os.WriteFile(message, []byte(r.get(ctx, "/captures/"+signed.ID+"/raw")), 0o600)).To(Succeed())
			run(ctx, 0, "verify", "neostore", "--secret", "S", message)
			run(ctx, 1, "verify", "neostore", "--secret", "T", message)
			var checked mockserver.Verification
			resp, err := http.Post(r.dashboard+"/api/v1/captures/"+r.newest(ctx, "signed-har").ID+"/verify", "application/json",
				strings.NewReader(`{"provider": "neostore", "secret": "S"}`))
			Expect(err).NotTo(HaveOccurred())
			Expect(json.NewDecoder(resp.Body).Decode(&checked)).To(Succeed())
			resp.Body.Close()
			Expect(checked.Verdict).To(BeEquivalentTo("valid"))
		}
	}, SpecTimeout(2*time.Minute))
})

// newest is the newest capture of a bin.
func (r *server) newest(ctx context.Context, bin string) mockserver.Capture {
	GinkgoHelper()
	kept, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, Limit: 1}})
	Expect(err).NotTo(HaveOccurred())
	Expect(kept).To(HaveLen(1), bin)
	return kept[0]
}

package acceptance_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// worked is one of the folders of suites/examples.
type worked struct {
	folder, program string
	command         string            // as README says
	consumer        string            // the file of the program under test, from the folder
	start           string            // a command that runs it, with $CRM; "" in Go, whose example with Ginkgo has the exam
	mistakes        map[string]string // by what the program does then: text → replacement
}

// What a consumer does wrong, by name.
const (
	saysGoodbye  = "says another word"
	trustsAll    = "does not check signatures"
	forgetsEvent = "handles an event twice"
)

// goMistakes are those of the program of both examples in Go.
var goMistakes = map[string]string{saysGoodbye: `"welcome" → "goodbye"`, trustsAll: `if !hmac.Equal → if false && hmac.Equal`, forgetsEvent: `LoadOrStore(event.ID → LoadOrStore(new(int)`}

var examples = []worked{
	{
		folder: "python", program: "python3", command: "python3 -m unittest -v", consumer: "consumer.py",
		start:    `exec python3 -c 'import os, consumer; s = consumer.make_server("whsec_Example", os.environ["CRM"]); print(f"http://127.0.0.1:{s.server_port}", flush=True); s.serve_forever()'`,
		mistakes: map[string]string{saysGoodbye: `"welcome" → "goodbye"`, trustsAll: `if not hmac → if False and hmac`, forgetsEvent: `seen.setdefault(key, message) is message → True`},
	},
	{
		folder: "node", program: "node", command: "node --test", consumer: "consumer.mjs",
		start:    `exec node -e 'import("./consumer.mjs").then((c) => c.start("whsec_Example", process.env.CRM)).then((s) => console.log("http://127.0.0.1:" + s.address().port))'`,
		mistakes: map[string]string{saysGoodbye: `"welcome" → "goodbye"`, trustsAll: `!timingSafeEqual(given, want) → false`, forgetsEvent: `seen.add(event.__id); → `},
	},
	{
		folder: "php", program: "php", command: "php test.php", consumer: "consumer.php",
		start:    `mkdir seen; WEBHOOK_SECRET=whsec_Example SEEN=seen exec php -S 127.0.0.1:0 consumer.php`,
		mistakes: map[string]string{saysGoodbye: `'welcome' → 'goodbye'`, trustsAll: `if (!hash_equals → if (false && hash_equals`, forgetsEvent: `@mkdir( → 1 | @mkdir(`},
	},
	{folder: "go", program: "go", command: "go test ./...", consumer: "consumer.go", mistakes: goMistakes},
	{folder: "go-plain", program: "go", command: "go test ./...", consumer: "../go/consumer.go", mistakes: goMistakes},
}

// failures are the texts in the output of a test of a consumer that makes a mistake. Those of
// Gomega are of package matchers, the others of the server.
func failures(folder, mistake string) []string {
	if folder == "go" {
		return map[string][]string{
			saysGoodbye:  {`not matched: HaveJSON(".body.type", "welcome"): got "goodbye"`, `matched:     HaveJSON(".body.pass", "P-1")`},
			trustsAll:    {"to be refused with 401, got 204", "attempt 1: 204, with signature:tampered ← want 401"},
			forgetsEvent: {"to have received exactly 1 capture", "got 2 of 2"},
		}[mistake]
	}
	return map[string][]string{
		saysGoodbye:  {"nearest: POST /crm-", `.body.type: want "welcome", got "goodbye"`},
		trustsAll:    {"want 401, got 204"},
		forgetsEvent: {"got 2"},
	}[mistake]
}

var _ = Describe("the worked examples", func() {
	It("are run as their README says", func() {
		text, err := os.ReadFile(filepath.Join(repository(), "suites/examples/README.md"))
		Expect(err).NotTo(HaveOccurred())
		for _, w := range examples {
			Expect(string(text)).To(ContainSubstring("| [%s](%s) |", w.folder, w.folder))
			Expect(string(text)).To(ContainSubstring("`" + w.command + "`"))
		}
	})

	for _, w := range examples {
		Describe("in "+w.folder, func() {
			It("pass with the consumer that is there", func(ctx SpecContext) {
				needs(w.program)
				session := w.run(ctx, serve("--data", "memory"), "")
				Expect(session).To(gexec.Exit(0), "%s", session.Err.Contents())
			}, SpecTimeout(3*time.Minute))

			It("pass on a server with a token, and fail without it", func(ctx SpecContext) {
				needs(w.program)
				server := serve("--data", "memory", "--token", "T-1")
				session := w.run(ctx, server, "", "HOOKRIG_TOKEN=T-1")
				Expect(session).To(gexec.Exit(0), "%s", session.Err.Contents())
				session = w.run(ctx, server, "")
				Expect(session).NotTo(gexec.Exit(0))
				Expect(string(session.Out.Contents()) + string(session.Err.Contents())).To(ContainSubstring("401"))
			}, SpecTimeout(3*time.Minute))

			It("has a consumer that passes the exam", func(ctx SpecContext) {
				if w.start == "" {
					Skip("the exam is among the tests in go")
				}
				needs(w.program)
				dir, server := GinkgoT().TempDir(), serve("--data", "memory")
				Expect(os.CopyFS(dir, os.DirFS(filepath.Join(repository(), "suites/examples", w.folder)))).To(Succeed())
				url := hooksOf(begin(dir, exec.Command("env", "CRM="+server.capture+"/crm", "sh", "-c", w.start)))
				passExam(ctx, url, "neostore", "whsec_Example", "--event", "Pass:Installed", "--server", server.dashboard, "--effect", "sink crm")
			}, SpecTimeout(3*time.Minute))

			for _, mistake := range []string{saysGoodbye, trustsAll, forgetsEvent} {
				It("fail, and say why, with one that "+mistake, func(ctx SpecContext) {
					needs(w.program)
					session := w.run(ctx, serve("--data", "memory"), mistake)
					Expect(session).NotTo(gexec.Exit(0))
					said := string(session.Out.Contents()) + string(session.Err.Contents())
					for _, text := range failures(w.folder, mistake) {
						Expect(said).To(ContainSubstring(text))
					}
				}, SpecTimeout(3*time.Minute))
			}
		})
	}
})

// run runs the tests of the example against a server, with a mistake in the consumer or "", and
// with more variables.
func (w worked) run(ctx context.Context, server *server, mistake string, env ...string) *gexec.Session {
	GinkgoHelper()
	source := filepath.Join(repository(), "suites/examples", w.folder)
	dir := GinkgoT().TempDir()
	Expect(os.CopyFS(dir, os.DirFS(source))).To(Succeed())
	right := filepath.Join(source, w.consumer)
	text, err := os.ReadFile(right)
	Expect(err).NotTo(HaveOccurred())
	if mistake != "" {
		old, wrong, _ := strings.Cut(w.mistakes[mistake], " → ")
		Expect(strings.Count(string(text), old)).To(Equal(1), "%s has %q once", w.consumer, old)
		text = []byte(strings.Replace(string(text), old, wrong, 1))
	}
	tried := filepath.Join(dir, filepath.Base(w.consumer))
	Expect(os.WriteFile(tried, text, 0o600)).To(Succeed())
	words := strings.Fields(w.command)
	if w.program == "go" { // which stays in its module, and takes the file from the copy
		overlay := filepath.Join(dir, "overlay.json")
		text, err := json.Marshal(map[string]map[string]string{"Replace": {right: tried}})
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(overlay, text, 0o600)).To(Succeed())
		dir, words = source, []string{"go", "test", "-vet=off", "-count=1", "-overlay", overlay, "./..."}
	}
	session := begin(dir, exec.Command("env", slices.Concat([]string{"HOOKRIG_SERVER=" + server.dashboard}, env, words)...))
	Eventually(ctx, session).Should(gexec.Exit())
	return session
}

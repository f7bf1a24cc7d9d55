package acceptance_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/handlers"
	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

var _ = Describe("a handler that events --code prints", func() {
	// Bytes that programs which read and write JSON anew spoil: escaped and plain slashes, letters
	// beyond ASCII, spaces, numbers.
	const exact = "{\"u\":\"h\u00e9 \\u00e9 \U0001f389\", \"s\":\"a\\/b c/d\",  \"n\":57.0,\t\"big\":12345678901234567890,\"lt\":\"<&>\"}\r\n"

	for _, l := range handlers.Languages() {
		Describe("in "+l.Title, func() {
			DescribeTable("takes what is signed and refuses the rest",
				func(ctx SpecContext, provider, event, secret string, more ...string) {
					folder := GinkgoT().TempDir()
					acme(folder)
					args := append([]string{"--provider-dir", folder}, more...)
					url, _ := handle(ctx, l, secret, append([]string{"events", provider, "--code", l.Name}, args...)...)
					send := func(status string, more ...string) {
						GinkgoHelper()
						out := run(ctx, 0, append(append([]string{"send", provider, event, "--to", url, "--expect", status, "--secret", secret}, args...), more...)...)
						Expect(out).To(ContainSubstring("  ← "+status[:1]), "hookrig send shows the answer")
					}
					signed := provider != "ethpass" && provider != "acme-token"
					if provider == "stripe" {
						By("an old timestamp, and a secret that is being replaced")
						for age, want := range map[time.Duration]int{0: http.StatusNoContent, time.Minute: http.StatusNoContent, time.Hour: http.StatusUnauthorized, -time.Hour: http.StatusUnauthorized} {
							Expect(postSigned(ctx, url, provider, exact, time.Now().Add(-age), "another", secret)).To(Equal(want), "%v old", age)
						}
						Expect(postSigned(ctx, url, provider, exact, time.Now(), "another")).To(Equal(http.StatusUnauthorized))
					}

					send("2xx")
					for _, fault := range []string{"missing", "empty", "wrong_secret", "tampered", "truncated"} {
						send("401", "--fault", "signature:"+fault)
					}
					if signed {
						send("401", "--fault", "body:tamper")
					}
					body := filepath.Join(GinkgoT().TempDir(), "body")
					Expect(os.WriteFile(body, []byte(exact), 0o600)).To(Succeed())
					send("2xx", "--body", body)
					send("2xx", "--fault", "duplicate")

					By("header lines that no program expects")
					names := []string{"X-Neostore-Signature", "Signature", "Authorization", "X-Acme-Sign", "Stripe-Signature", "X-Hub-Signature-256"}
					for _, value := range []string{"", "x", "t=1,v1=00", "t=99999999999999999999,v1=\u00e9", "v1=,t=", "t=,v1=,", "ts=1;h1=", "\u00e9\xff", strings.Repeat("0", 64), strings.Repeat("0", 500)} {
						request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(exact))
						Expect(err).NotTo(HaveOccurred())
						for _, name := range names {
							if value != "" {
								request.Header.Set(name, value)
							}
						}
						response, err := http.DefaultClient.Do(request)
						Expect(err).NotTo(HaveOccurred(), "%q", value)
						answer, err := io.ReadAll(response.Body)
						Expect(err).NotTo(HaveOccurred())
						response.Body.Close()
						Expect(response.StatusCode).To(Equal(http.StatusUnauthorized), "%q", value)
						Expect(string(answer)).To(Or(ContainSubstring("bad signature"), ContainSubstring("wrong secret")))
					}

					By("a sender that goes away in the middle of a body")
					conn, err := net.Dial("tcp", strings.Split(url, "/")[2])
					Expect(err).NotTo(HaveOccurred())
					_, err = io.WriteString(conn, "POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
					Expect(err).NotTo(HaveOccurred())
					Expect(conn.Close()).To(Succeed())
					send("2xx")

					if len(more) == 0 && !strings.HasPrefix(provider, "acme-") {
						By("the exam")
						passExam(ctx, url, provider, secret)
					}
				},
				Entry("of The Wallet Crew", "neostore", "Pass:Created", "s3cr\u00e9t \"$HOME\" \\x"),
				Entry("of The Wallet Crew, in upper-case hex", "neostore", "Pass:Installed", "S", "--option", "neostore.encoding=HEX"),
				Entry("of The Wallet Crew, in base64", "neostore", "Pass:Installed", "S", "--option", "neostore.encoding=base64"),
				Entry("of Subscribfy", "subscribfy", "wallet_pass/created", "token"),
				Entry("of ethpass", "ethpass", "pass:scan", "Bearer  a b=/+ c\u00e9"),
				Entry("of Stripe", "stripe", "customer.updated", "whsec_S"),
				Entry("of Stripe, in test mode", "stripe", "invoice.paid", "whsec_S", "--option", "stripe.v0=on"),
				Entry("of GitHub", "github", "pull_request.opened", "It's a Secret"),
				Entry("of a folder, with a timestamp, SHA-512 and base64", "acme-list", "order/paid", "k"),
				Entry("of a folder, with a prefix, SHA-1 and base64url", "acme-hash", "order/paid", "k"),
				Entry("of a folder, with a prefix and a secret", "acme-token", "order/paid", "k"),
			)

			It("does not run without a secret", func(ctx SpecContext) {
				for _, provider := range []string{"neostore", "ethpass", "stripe"} {
					program := built(ctx, l, "events", provider, "--code", l.Name)
					if l.Name == "php" { // its server starts, and answers 500
						url, _ := started(program, "")
						response, err := http.Post(url, "application/json", strings.NewReader("{}"))
						Expect(err).NotTo(HaveOccurred())
						response.Body.Close()
						Expect(response.StatusCode).To(Equal(http.StatusInternalServerError))
						continue
					}
					session := begin(program.dir, exec.Command("env", append([]string{"WEBHOOK_SECRET=", "PORT=0"}, program.words...)...))
					Eventually(ctx, session, 60*time.Second).Should(gexec.Exit())
					Expect(session.ExitCode()).NotTo(BeZero())
					Expect(string(session.Err.Contents())).To(ContainSubstring("WEBHOOK_SECRET is not set"))
				}
			})
		})
	}
})

// passExam examines a handler, and checks that it loses no mark of the levels must and should. What
// a handler did, which keeps nothing, cannot be seen, and a busy machine makes connections late.
// The arguments are further ones of hookrig check.
func passExam(ctx context.Context, url, provider, secret string, args ...string) {
	GinkgoHelper()
	out := run(ctx, 0, append([]string{"check", url, provider, "--secret", secret, "--level", "should", "--json", "-"}, args...)...)
	report, err := exam.ParseReport([]byte(out))
	Expect(err).NotTo(HaveOccurred())
	var lost []string
	passed := 0
	for _, r := range report.Checks {
		switch {
		case r.Level == scenarios.Info || r.Result == exam.NotApplicable:
		case r.Result == exam.Pass:
			passed++
		case r.Result == exam.Inconclusive && (r.Theme == "load" || unseen.MatchString(r.Why)):
		default:
			lost = append(lost, fmt.Sprintf("%s is %s: %s", r.ID, r.Result, r.Why))
		}
	}
	Expect(lost).To(BeEmpty())
	Expect(passed).To(BeNumerically(">=", 35))
}

// unseen is why a check has no grade that needs more than answers.
var unseen = regexp.MustCompile(`give --(effect|state|restart|old-secret) `)

// postSigned sends a body that is signed at a time with the secrets, and returns the status.
func postSigned(ctx context.Context, url, provider, body string, at time.Time, secrets ...string) int {
	GinkgoHelper()
	p, err := fixtures.Builtin().Provider(provider)
	Expect(err).NotTo(HaveOccurred())
	m := signature.Message{Body: []byte(body)}
	Expect(p.Signing.Sign(&m, signature.Context{ID: "1", URL: url, Time: at}, secrets...)).To(Succeed())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	for _, line := range m.Headers {
		request.Header.Add(line.Name, line.Value)
	}
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	return response.StatusCode
}

// program is a handler in a folder, and the words that run it.
type program struct {
	dir   string
	words []string
}

// built writes the handler that the arguments print into a new folder.
func built(ctx context.Context, l handlers.Language, args ...string) program {
	GinkgoHelper()
	needs(l.Run[0])
	p := program{GinkgoT().TempDir(), l.Run}
	Expect(os.WriteFile(filepath.Join(p.dir, l.File), []byte(run(ctx, 0, args...)), 0o600)).To(Succeed())
	switch l.Name {
	case "go": // go run would leave its program behind when it is killed
		cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", "handler", l.File)
		cmd.Dir = p.dir
		out, err := cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		p.words = []string{"./handler"}
	case "php":
		p.words = []string{"php", "-S", "127.0.0.1:0", l.File}
	}
	return p
}

var listens = regexp.MustCompile(`http://127\.0\.0\.1:([0-9]+)`)

// started runs a handler on a free port, until the spec ends, and waits until it says that it
// listens.
func started(p program, secret string) (url string, session *gexec.Session) {
	GinkgoHelper()
	session = begin(p.dir, exec.Command("env", append([]string{"WEBHOOK_SECRET=" + secret, "PORT=0"}, p.words...)...))
	return hooksOf(session), session
}

// hooksOf waits until a program says where it listens, and returns the URL of its hooks.
func hooksOf(session *gexec.Session) (url string) {
	GinkgoHelper()
	Eventually(func() string {
		for _, text := range [][]byte{session.Out.Contents(), session.Err.Contents()} {
			if found := listens.FindSubmatch(text); found != nil {
				url = fmt.Sprintf("http://127.0.0.1:%s/hooks", found[1])
			}
		}
		return url
	}).ShouldNot(BeEmpty(), "the program does not say that it listens")
	return url
}

// handle runs the handler that the arguments print.
func handle(ctx context.Context, l handlers.Language, secret string, args ...string) (string, *gexec.Session) {
	GinkgoHelper()
	return started(built(ctx, l, args...), secret)
}

// acme writes two providers of one's own, which sign as no system that comes with hookrig does.
func acme(folder string) {
	GinkgoHelper()
	for name, signing := range map[string]string{
		"acme-hash":  `{alg: hmac-sha1, content: ["${body}"], encode: base64url, emit: [{header: X-Acme-Sign, value: "v1=${sig}"}]}`,
		"acme-list":  `{alg: hmac-sha512, content: ["${ts}", ":", "${body}"], encode: base64, emit: [{header: X-Acme-Sign, value: "ts=${ts};${sigs}", each: "h1=${sig}", join: ";"}]}`,
		"acme-token": `{alg: static, emit: [{header: X-Acme-Sign, value: "Token ${secret}"}]}`,
	} {
		vector := `- {name: made here, source: DOC, secret: k, body: "{}", expect: {X-Acme-Sign: "v1=zV24rYCl921Uzm2HnI4cDhycjcw"}}`
		if name == "acme-list" {
			vector = `- {name: made here, source: DOC, secret: k, time: "2023-11-14T22:13:20Z", body: "{}", expect: {X-Acme-Sign: "ts=1700000000;h1=q9zr32IsrBW9CjQHxK/FejWvJ30iDB1TDWnZKl+cmWYWJeC22UJf0DyrnZJP6ChusrrVLBJyHtHhaSvrJzzwlQ=="}}`
		}
		if name == "acme-token" {
			vector = `- {name: made here, source: DOC, secret: k, body: "{}", expect: {X-Acme-Sign: Token k}}`
		}
		for file, text := range map[string]string{
			"provider.yaml": `name: ` + name + `
title: Acme
sources: [{tag: DOC, title: Acme}]
delivery: {timeout: 5s, success: [2xx]}
subscription: {kind: one_endpoint, secret: {minted: provider, length: 8, alphabet: a-f}}
signing:
  signatures:
    - ` + signing + `
entities:
  order: {number: "${hex_digits(8)}"}
events:
  - {name: order/paid, title: Paid, when: An order is paid., entity: order, template: events/paid.json, schema: schemas/paid.json}
`,
			"events/paid.json":  `{"id": "${id}", "number": "${number}"}`,
			"schemas/paid.json": `{"type": "object", "required": ["id"]}`,
			"vectors.yaml":      vector + "\n",
		} {
			path := filepath.Join(folder, name, filepath.FromSlash(file))
			Expect(os.MkdirAll(filepath.Dir(path), 0o700)).To(Succeed())
			Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
		}
	}
}

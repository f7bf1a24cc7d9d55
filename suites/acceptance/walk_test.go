//go:build unix

package acceptance_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/hookrig/hookrig/mockserver"
)

// step is one command of README, and what its comment says of it.
type step struct {
	command string
	goesOn  bool   // it runs in a separate terminal
	prints  string // what stands in its output sooner or later
}

var walks = regexp.MustCompile(`(?m)^<!-- walk -->\n((?:    .*\n)+)`)

// readmeWalk is what README has a newcomer type, in its order. A comment "goes on" is a command
// that does not end, "prints "X"" and "← X" what can be read then.
func readmeWalk() []step {
	GinkgoHelper()
	readme, err := os.ReadFile(filepath.Join(repository(), "README.md"))
	Expect(err).NotTo(HaveOccurred())
	var steps []step
	for _, block := range walks.FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			command, comment, _ := strings.Cut(strings.TrimSpace(line), " # ")
			s := step{command: strings.TrimSpace(command), goesOn: strings.HasPrefix(comment, "goes on")}
			if _, quoted, found := strings.Cut(comment, `prints "`); found {
				s.prints, _, _ = strings.Cut(quoted, `"`)
			} else if strings.HasPrefix(comment, "← ") || comment == "passed" {
				s.prints, _, _ = strings.Cut(comment, ",")
			}
			steps = append(steps, s)
		}
	}
	return steps
}

var _ = Describe("README, followed by a newcomer", func() {
	It("leads from a clone to a handler that refuses what is not signed", func(ctx SpecContext) {
		for _, program := range []string{"go", "python3"} {
			needs(program)
		}
		steps := readmeWalk()
		Expect(len(steps)).To(BeNumerically(">=", 10), "README has %d commands in its walk", len(steps))

		w := newWalk(ctx)
		var ran []string
		running := map[string]*gexec.Session{}
		for _, s := range steps {
			By(s.command)
			session := w.begin(s.command)
			ran = append(ran, s.command)
			if s.goesOn {
				Eventually(ctx, func() string { return output(session) }, 30*time.Second).Should(ContainSubstring("http://"), s.command)
				running[s.command] = session
				continue
			}
			Eventually(ctx, session, 3*time.Minute).Should(gexec.Exit(), s.command)
			Expect(output(session)).To(ContainSubstring(s.prints), s.command)
			refused := strings.Contains(s.prints, "401") && !strings.Contains(s.command, "--expect")
			switch {
			case refused:
				Expect(session.ExitCode()).To(Equal(1), output(session))
				Expect(output(session)).To(And(
					MatchRegexp(`← 401 Unauthorized in \S+ ms  bad signature`),
					ContainSubstring("hint    the signature is valid for this secret: the consumer has another secret"),
				))
			default:
				Expect(session.ExitCode()).To(BeZero(), "%s\n%s", s.command, output(session))
			}
		}
		for command, session := range running {
			for _, s := range steps {
				if s.command == command && s.prints != "" {
					Eventually(ctx, session).Should(gbytes.Say(regexp.QuoteMeta(s.prints)), command)
				}
			}
		}
		Expect(strings.Join(ran, "\n")).To(And(
			MatchRegexp(`(?s)^go install.*hookrig serve.*hookrig listen .*hookrig send .*hookrig events .*--code.*handler.*hookrig send`),
			ContainSubstring("signature:tampered"),
		))

		By("the server's own word for what came")
		client, err := mockserver.Dial("http://127.0.0.1:"+w.ports["8080"], "")
		Expect(err).NotTo(HaveOccurred())
		captures, err := client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "inbox"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(captures).To(HaveLen(1))
		Expect(captures[0].Verification).To(HaveField("Verdict", BeEquivalentTo("valid")))
	}, SpecTimeout(5*time.Minute))
})

// walk runs commands as in a shell of a new user, in an empty folder. The ports that README names
// may be taken here: each command has free ones in their place.
type walk struct {
	dir, home string
	env       []string
	ports     map[string]string // by the port in README
}

func newWalk(ctx context.Context) *walk {
	GinkgoHelper()
	w := &walk{dir: GinkgoT().TempDir(), home: GinkgoT().TempDir(), ports: map[string]string{}}
	for _, port := range []string{"8080", "8081", "3000"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer listener.Close() // after the last is chosen, so that they differ
		w.ports[port] = fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	}
	bin := filepath.Join(w.home, "bin")
	w.env = []string{
		"HOME=" + w.home, "GOBIN=" + bin, "PATH=" + bin + ":" + os.Getenv("PATH"),
		"HOOKRIG_DASHBOARD=127.0.0.1:" + w.ports["8080"], "HOOKRIG_CAPTURE=127.0.0.1:" + w.ports["8081"], "PORT=" + w.ports["3000"],
	}
	// What Go has downloaded and built before; everything else of the machine's own stays out.
	for _, name := range []string{"GOMODCACHE", "GOCACHE", "GOPROXY", "GOFLAGS", "GOTOOLCHAIN", "CGO_ENABLED"} {
		out, err := exec.CommandContext(ctx, "go", "env", name).Output()
		Expect(err).NotTo(HaveOccurred())
		w.env = append(w.env, name+"="+strings.TrimSpace(string(out)))
	}
	return w
}

// begin starts a command; what is left of it ends with the spec.
func (w *walk) begin(command string) *gexec.Session {
	GinkgoHelper()
	for from, to := range w.ports {
		command = regexp.MustCompile(`\b`+from+`\b`).ReplaceAllString(command, to)
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = w.dir, w.env
	if strings.HasPrefix(command, "go ") {
		cmd.Dir = repository()
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	session, err := gexec.Start(cmd, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		if session.ExitCode() < 0 { // it goes on
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the shell and what it started
			session.Wait()
		}
	})
	return session
}

// output is everything that a command has printed so far.
func output(session *gexec.Session) string {
	return string(session.Out.Contents()) + string(session.Err.Contents())
}

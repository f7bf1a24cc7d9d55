package acceptance_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"github.com/onsi/gomega/types"
)

func TestAcceptance(t *testing.T) {
	RegisterFailHandler(Fail)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyTimeout(20 * time.Second)
	RunSpecs(t, "hookrig")
}

// binary is the path of the program under test.
var binary string

var _ = SynchronizedBeforeSuite(func() []byte {
	if given := os.Getenv("HOOKRIG_BINARY"); given != "" {
		return []byte(given)
	}
	dir, err := os.MkdirTemp("", "hookrig-acceptance-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	path := filepath.Join(dir, "hookrig")
	build := exec.Command("go", "build", "-o", path, "../../cmd/hookrig")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // static: the image is the binary alone
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return []byte(path)
}, func(path []byte) {
	binary = string(path)
})

// hookrig starts the program in an empty folder, with no HOOKRIG_ variable of the caller's.
func hookrig(args ...string) *gexec.Session {
	GinkgoHelper()
	return hookrigIn(GinkgoT().TempDir(), args...)
}

func hookrigIn(dir string, args ...string) *gexec.Session {
	GinkgoHelper()
	return begin(dir, exec.Command(binary, args...))
}

// begin starts a command in a folder, with no HOOKRIG_ variable of the caller's.
func begin(dir string, cmd *exec.Cmd) *gexec.Session {
	GinkgoHelper()
	cmd.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOOKRIG_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	session, err := gexec.Start(cmd, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait() })
	return session
}

// run runs the program to its end and returns what it wrote to stdout, after checking its exit
// code.
func run(ctx context.Context, code int, args ...string) string {
	GinkgoHelper()
	session := hookrig(args...)
	Eventually(ctx, session, 60*time.Second).Should(gexec.Exit())
	Expect(session.ExitCode()).To(Equal(code), "hookrig %s\nstdout: %s\nstderr: %s",
		strings.Join(args, " "), session.Out.Contents(), session.Err.Contents())
	return string(session.Out.Contents())
}

// needs skips a spec when the machine lacks a program, or fails it when HOOKRIG_REQUIRE lists that
// part.
func needs(program string) {
	GinkgoHelper()
	if _, err := exec.LookPath(program); err != nil {
		missing(program, err.Error())
	}
}

func missing(part, why string) {
	GinkgoHelper()
	if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), part) {
		Fail(part + " is required: " + why)
	}
	Skip(part + " is missing: " + why)
}

// repository is the module's root.
func repository() string {
	GinkgoHelper()
	root, err := filepath.Abs("../..")
	Expect(err).NotTo(HaveOccurred())
	return root
}

func exited() types.GomegaMatcher { return gexec.Exit() }

package acceptance_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/hookrig/hookrig/mockserver"
)

// server is a running `hookrig serve`.
type server struct {
	session            *gexec.Session
	capture, dashboard string
	client             *mockserver.Client
}

var addresses = regexp.MustCompile(`capture +(http://\S+)/<bin>\s+dashboard +(http://\S+)`)

// serve starts a server on free ports and waits until it listens.
func serve(args ...string) *server {
	GinkgoHelper()
	return listening(hookrig(append(servingAnywhere(), args...)...))
}

// servingAnywhere are the arguments that have serve take free ports.
func servingAnywhere() []string {
	return []string{"serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0"}
}

// listening is the server of a session, once it listens.
func listening(session *gexec.Session) *server {
	GinkgoHelper()
	Eventually(session).Should(gbytes.Say(`dashboard +http://`))
	Eventually(session).Should(gbytes.Say(`data `))
	found := addresses.FindSubmatch(session.Out.Contents())
	Expect(found).NotTo(BeNil(), "stdout: %s", session.Out.Contents())
	r := &server{session: session, capture: string(found[1]), dashboard: string(found[2])}
	var err error
	token := ""
	if at := slices.Index(session.Command.Args, "--token"); at >= 0 {
		token = session.Command.Args[at+1]
	}
	r.client, err = mockserver.Dial(r.dashboard, token)
	Expect(err).NotTo(HaveOccurred())
	return r
}

// metric is one sample of the server's metrics, by its name and labels as they are printed.
func (r *server) metric(name string) float64 {
	GinkgoHelper()
	resp, err := http.Get(r.dashboard + "/metrics")
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			Expect(err).NotTo(HaveOccurred())
			return n
		}
	}
	Fail("no metric is called " + name)
	return 0
}

// dial connects to the capture address.
func (r *server) dial() net.Conn {
	GinkgoHelper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.capture, "http://"))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { conn.Close() })
	return conn
}

// kill ends the server as a power cut would end it.
func (r *server) kill() {
	GinkgoHelper()
	Expect(r.session.Command.Process.Signal(syscall.SIGKILL)).To(Succeed())
	Eventually(r.session).Should(gexec.Exit())
}

// stop ends the server as a person does.
func (r *server) stop() {
	GinkgoHelper()
	Expect(r.session.Command.Process.Signal(syscall.SIGTERM)).To(Succeed())
	Eventually(r.session, "15s").Should(gexec.Exit(0))
}

// post sends a body of JSON to a capture address.
func post(url, body string) {
	GinkgoHelper()
	postAs(url, "application/json", body)
}

// postAs sends a body of a type to a capture address.
func postAs(url, contentType, body string) {
	GinkgoHelper()
	resp, err := http.Post(url, contentType, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	Expect(resp.StatusCode).To(Equal(http.StatusOK))
}

// exported is a file with a bin's captures, in JSON Lines.
func (r *server) exported(ctx SpecContext, bin string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), bin+".jsonl")
	Expect(os.WriteFile(file, []byte(run(ctx, 0, "export", bin, "--format", "jsonl", "--server", r.dashboard)), 0o600)).To(Succeed())
	return file
}

package acceptance_test

import (
	"net/http"
	"regexp"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/hookrig/hookrig/mockserver"
)

// rig is a running `hookrig serve`.
type rig struct {
	session       *gexec.Session
	capture, desk string
	client        mockserver.Client
}

var addresses = regexp.MustCompile(`capture +(http://\S+)/<bin>\s+desk +(http://\S+)`)

// serve starts a rig on free ports and waits until it listens.
func serve(args ...string) *rig {
	GinkgoHelper()
	session := hookrig(append([]string{"serve", "--capture", "127.0.0.1:0", "--desk", "127.0.0.1:0"}, args...)...)
	Eventually(session).Should(gbytes.Say(`desk +http://`))
	Eventually(session).Should(gbytes.Say(`data `))
	found := addresses.FindSubmatch(session.Out.Contents())
	Expect(found).NotTo(BeNil(), "stdout: %s", session.Out.Contents())
	r := &rig{session: session, capture: string(found[1]), desk: string(found[2])}
	var err error
	r.client, err = mockserver.Dial(r.desk, "")
	Expect(err).NotTo(HaveOccurred())
	return r
}

// kill ends the rig as a power cut would end it.
func (r *rig) kill() {
	GinkgoHelper()
	Expect(r.session.Command.Process.Signal(syscall.SIGKILL)).To(Succeed())
	Eventually(r.session).Should(gexec.Exit())
}

// post sends a body to a capture address.
func post(url, body string) {
	GinkgoHelper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	Expect(resp.StatusCode).To(Equal(http.StatusOK))
}

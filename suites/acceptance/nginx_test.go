package acceptance_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("behind nginx, below /hooks/", func() {
	// A proxy_pass with a path, even "/", takes the location's path away; one without leaves it.
	DescribeTable("every address that is printed, shown, copied or returned works from outside", func(ctx SpecContext, path string) {
		front, captures, dashboard := freePort(), freePort(), freePort()
		nginx(front, captures, dashboard, path)
		public := "http://" + front + "/hooks"
		r := listening(hookrig("serve", "--data", "memory", "--capture", captures, "--dashboard", dashboard, "--capture-url", public+"/in", "--dashboard-url", public))
		Expect(r.capture).To(Equal(public + "/in"))
		Expect(r.dashboard).To(Equal(public))

		By("the page, its files, calls and live events")
		b := browse(r, "")
		b.clickOn("#create")
		b.fill("Name", "shop")
		b.click("button", "Open")
		b.sees("#empty", public+"/in/shop")
		// reading it takes a permission
		b.eval(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
		b.click("button", "Copy")
		b.sees("#head .done", "Copied")
		copied := b.eval(`window.copied`)
		Expect(copied).To(Equal(public + "/in/shop"))
		post(copied+"/any/path", `{"first": 1}`)
		b.sees("#list .row", "/any/path")

		By("the commands and the API")
		Expect(run(ctx, 0, "run", "duplicate", "--server", public)).To(ContainSubstring("passed"))
		client, err := mockserver.Dial(public, "")
		Expect(err).NotTo(HaveOccurred())
		inbox := mockserver.NewBin(client, "inbox")
		Expect(inbox.URL()).To(Equal(public + "/in/inbox"))
		_, err = client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: inbox.URL(), Events: []string{"Pass:*"}})
		Expect(err).NotTo(HaveOccurred())
		_, err = client.Emit(ctx, "neostore", mockserver.Emission{Event: "Pass:Installed"})
		Expect(err).NotTo(HaveOccurred())
		waited, err := client.Wait(ctx, "inbox", mockserver.Wait{Count: 1})
		Expect(err).NotTo(HaveOccurred())
		Expect(waited.Matched).To(HaveLen(1))
		for _, at := range []string{"/", "/api/docs/", "/api/openapi.json", "/healthz", "/neostore/", "/subscribfy/", "/ethpass/"} {
			resp, err := http.Get(public + at)
			Expect(err).NotTo(HaveOccurred())
			resp.Body.Close()
			Expect(resp.StatusCode).To(BeNumerically("<", 500), at)
			Expect(resp.Request.URL.Path).To(HavePrefix("/hooks/"), "redirected from %s", at)
		}
	},
		Entry("which takes the path away", "/", SpecTimeout(3*time.Minute)),
		Entry("which leaves the path", "", SpecTimeout(3*time.Minute)))
})

// freePort is an address of 127.0.0.1 that nothing listens on. If another program takes it first,
// the spec fails and says so.
func freePort() string {
	GinkgoHelper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	Expect(l.Close()).To(Succeed())
	return l.Addr().String()
}

// nginx has Debian's nginx pass on what comes to an address: below /hooks/in/ to the capture
// address, else to the dashboard.
func nginx(at, captures, dashboard, path string) {
	GinkgoHelper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		missing("nginx", "there is no nginx")
	}
	dir := GinkgoT().TempDir()
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr; worker_rlimit_nofile 1024;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  server {
    listen %[2]s;
    proxy_http_version 1.1; proxy_set_header Host $http_host;
    location /hooks/in/ { proxy_pass http://%[3]s%[5]s; }
    location /hooks/ { proxy_pass http://%[4]s%[5]s; }
  }
}
`, dir, at, captures, dashboard, path)
	Expect(os.WriteFile(config, []byte(text), 0o644)).To(Succeed())
	session := begin(dir, exec.Command(program, "-p", dir, "-c", config))
	DeferCleanup(func() { session.Terminate().Wait("10s") })
	Eventually(func() (string, error) {
		if session.ExitCode() >= 0 {
			return "", StopTrying(string(session.Err.Contents()))
		}
		c, err := net.Dial("tcp", at)
		if err != nil {
			return "", err
		}
		return "", c.Close()
	}, "20s").Should(BeEmpty())
}

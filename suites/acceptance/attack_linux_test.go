package acceptance_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("a hostile input of one megabyte", Serial, func() {
	const most = 300 // MB

	It("is answered by serve, which goes on within its memory limit", func(ctx SpecContext) {
		// The address space is bounded too, so that one huge allocation would end the process.
		limited := exec.Command("bash", "-c", `ulimit -v 4194304; exec "$0" serve --capture 127.0.0.1:0 --dashboard 127.0.0.1:0 --data memory`, binary)
		r := listening(begin(GinkgoT().TempDir(), limited))
		peak := watchMemory(r.session.Command.Process.Pid)
		throwMegabytes(r.capture, r.dashboard+"/api/v1", func(what string) { AddReportEntry(what, fmt.Sprintf("%d MB at most so far", peak.Load())) })
		Expect(r.session.ExitCode()).To(Equal(-1), "it runs")
		Expect(peak.Load()).To(BeNumerically("<", most))
		AddReportEntry("all", fmt.Sprintf("%d MB at most", peak.Load()))
	}, SpecTimeout(6*time.Minute))

	It("is answered in a container of 512 MB, which goes on", Label("docker"), func(ctx SpecContext) {
		needs("docker")
		if out, err := exec.CommandContext(ctx, "docker", "info").CombinedOutput(); err != nil {
			missing("docker", string(out))
		}
		image := fmt.Sprintf("hookrig-attack:%d", GinkgoRandomSeed())
		docker(ctx, rootWith(binary), "import", "--change", `ENTRYPOINT ["/hookrig"]`, "-", image)
		DeferCleanup(func(ctx SpecContext) { docker(ctx, nil, "rmi", "-f", image) })
		id := docker(ctx, nil, "run", "-d", "--memory", "512m", "--memory-swap", "512m", "-p", "127.0.0.1::8080", "-p", "127.0.0.1::8081", image,
			"serve", "--dashboard", ":8080", "--capture", ":8081", "--insecure", "--data", "memory")
		DeferCleanup(func(ctx SpecContext) { docker(ctx, nil, "rm", "-f", id) })
		dashboard, capture := "http://"+docker(ctx, nil, "port", id, "8080/tcp"), "http://"+docker(ctx, nil, "port", id, "8081/tcp")
		Eventually(ctx, func() error {
			resp, err := http.Get(dashboard + "/healthz")
			if err == nil {
				resp.Body.Close()
			}
			return err
		}).Should(Succeed())
		throwMegabytes(capture, dashboard+"/api/v1", func(string) {})
		Expect(docker(ctx, nil, "inspect", "-f", "{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}} {{.HostConfig.Memory}}", id)).
			To(Equal("true false 0 536870912"))
	}, SpecTimeout(6*time.Minute))

	It("is refused quickly by the commands that read files", func(ctx SpecContext) {
		const mega = 1<<20 - 100
		dir := GinkgoT().TempDir()
		bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
		for c := 'b'; c <= 'z'; c++ {
			bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 10), ","))
		}
		for name, text := range map[string]string{
			"bomb.yaml": bomb, "deep.yaml": strings.Repeat("[", mega), "keys.yaml": strings.Repeat("a: {", mega/4), "anchors.yaml": strings.Repeat("&a ", mega/3), "scalar.yaml": "${" + strings.Repeat("x", mega) + "}",
			"refs.yaml": "hookrig: 1\nname: " + strings.Repeat("${x}", mega/4), "merge.yaml": "hookrig: 1\nname: a\nsteps:\n" + strings.Repeat("  - {id: a, deliver: {provider: neostore, event: x}}\n", mega/52),
			"tabs.yaml": strings.Repeat("\t", mega), "nul.yaml": strings.Repeat("\x00", mega), "quotes.yaml": strings.Repeat(`"`, mega), "jq.yaml": "hookrig: 1\nname: a\nsteps:\n  - id: a\n    expect: {captures: {where: '" + strings.Repeat("(", mega) + "'}}\n",
		} {
			file := filepath.Join(dir, name)
			Expect(os.WriteFile(file, []byte(text), 0o600)).To(Succeed())
			for _, command := range [][]string{{"lint", file}, {"run", file}} {
				limited := exec.Command("bash", append([]string{"-c", `ulimit -v 4194304; exec "$0" "$@"`, binary}, command...)...)
				session := begin(dir, limited)
				Eventually(session, "60s").Should(gexec.Exit(2), "%s of %s", command[0], name)
			}
		}
	}, SpecTimeout(6*time.Minute))
})

// docker runs a command of Docker and returns what it wrote to stdout, without the last newline.
func docker(ctx context.Context, stdin io.Reader, args ...string) string {
	GinkgoHelper()
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin = stdin
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		Fail(fmt.Sprintf("docker %s: %s\n%s", strings.Join(args, " "), err, exit.Stderr))
	}
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSuffix(string(out), "\n")
}

// rootWith is the file system of an image with the program alone, as a tar archive.
func rootWith(program string) io.Reader {
	GinkgoHelper()
	content, err := os.ReadFile(program)
	Expect(err).NotTo(HaveOccurred())
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	Expect(archive.WriteHeader(&tar.Header{Name: "hookrig", Mode: 0o755, Size: int64(len(content))})).To(Succeed())
	_, err = archive.Write(content)
	Expect(err).NotTo(HaveOccurred())
	Expect(archive.Close()).To(Succeed())
	return &b
}

// throwMegabytes sends what was made to hurt: conditions, searches and bodies. after is told what
// was sent so far.
func throwMegabytes(capture, api string, after func(what string)) {
	GinkgoHelper()
	post(capture+"/inbox", `{"id": 1, "list": [1, 2, 3], "text": "`+strings.Repeat("a", 1<<20)+`", "digits": `+strings.Repeat("9", 100_000)+`}`)
	for _, where := range []string{
		`.[2000000000] = 1 | true`, `[][2000000000] = 1`, `"x"*2000000000|length`, `("a"*1000000)|[match("a";"g")]|length`, `("a"*1000000)|gsub("a";"b")|length`,
		`tojson*1000000|length`, `tojson*300|[match("(a.*b|a)";"g")]|length`, `[range(1e9)]|length`, `reduce range(40) as $i ("x"; .+.)|length`,
		`reduce range(99) as $i (1; [.,.])|tojson|length`, `last(range(1e12))`, `def f: 1+f; f`, `[recurse([.])]`, `.body.digits*.body.digits`, `.body.text|[scan("a")]|length`,
		`.body.text|explode|map(.+1)|implode|test("(b?){50}c")`, `[.body.text,.body.text]|map(explode)|transpose|length`, strings.Repeat("[", 4000) + strings.Repeat("]", 4000),
		strings.Repeat("(", 1999) + "1" + strings.Repeat(")", 1999), strings.Repeat("1+", 2000) + "1", `"` + strings.Repeat(`\(`, 1000) + "1" + strings.Repeat(`)`, 1000) + `"`,
	} {
		thrown(4, 4, func(int) { sent(http.MethodGet, api+"/captures?where="+url.QueryEscape(where), nil) })
		thrown(2, 2, func(int) { sent(http.MethodGet, api+"/bins/inbox/wait?timeout=1s&where="+url.QueryEscape(where), nil) })
	}
	after("conditions")
	for _, q := range []string{
		"larger:\xff", "smaller:\xff9", strings.Repeat("a ", 20_000), strings.Repeat("-", 60_000), strings.Repeat(`"`, 60_000), "after:" + strings.Repeat("9", 50_000) + "d", strings.Repeat("NOT ", 15_000),
	} {
		thrown(4, 4, func(int) { sent(http.MethodGet, api+"/captures?q="+url.QueryEscape(q), nil) })
	}
	const mega = 1 << 20
	deep := strings.Repeat("[", mega/2) + strings.Repeat("]", mega/2)
	for _, body := range []string{
		deep, `{"log":{"entries":` + deep + `}}`, `{"log":{"entries":[` + strings.Repeat(`{},`, mega/3) + `{}]}}`,
		`{"log":{"entries":[{"request":{"method":"GET","url":"http://h/","headers":[` + strings.Repeat(`{"name":"a","value":"b"},`, mega/25) + `{}]}}]}}`, strings.Repeat(`"`, mega), strings.Repeat("{", mega),
		strings.Repeat(`{"a":`, mega/6) + "1" + strings.Repeat("}", mega/6), strings.Repeat("9", mega), `{"a":` + strings.Repeat("9", mega) + `}`,
	} {
		for _, at := range []string{"/bins/inbox/import", "/bins/inbox/responses", "/providers/neostore/events", "/providers/neostore/endpoints", "/bins/inbox/wait"} {
			thrown(2, 2, func(int) { sent(http.MethodPost, api+at, []byte(body)) })
		}
		post(capture+"/inbox", body)
	}
	after("bodies")
	for _, where := range []string{`.body|tojson|length > 1`, `[..]|length > 1`, `.body|tostring|test("9$")`, `.body == .body`, `[paths]|length > 1`} {
		thrown(1, 2, func(int) { sent(http.MethodGet, api+"/captures?body=false&where="+url.QueryEscape(where), nil) })
	}
	post(capture+"/inbox", "still here")
}

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// session is a run of the program in this process, which a test reads line by line and can
// interrupt.
type session struct {
	out, err  *bufio.Reader
	interrupt context.CancelFunc
	code      chan int
}

// start begins a run; it is interrupted when the test ends, if it is still going.
func start(t *testing.T, args ...string) *session {
	t.Helper()
	ctx, interrupt := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	errs, stderr := io.Pipe()
	s := &session{out: bufio.NewReader(out), err: bufio.NewReader(errs), interrupt: interrupt, code: make(chan int, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.code <- Main(ctx, args, World{Stdin: strings.NewReader(""), Stdout: terminal.NewWriter(stdout), Stderr: terminal.NewWriter(stderr), Environ: func() []string { return nil }})
		stdout.Close()
		stderr.Close()
	}()
	t.Cleanup(func() {
		interrupt()
		out.Close() // whoever still writes does not wait for a reader
		errs.Close()
		<-ended
	})
	return s
}

// line reads the next line and wants it to match.
func line(t *testing.T, from *bufio.Reader, pattern string) []string {
	t.Helper()
	text, err := from.ReadString('\n')
	if err != nil {
		t.Fatalf("%v, want a line that matches %s", err, pattern)
	}
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("%q does not match %s", text, pattern)
	}
	return match
}

// end reads what is left of both outputs and wants the exit code.
func (s *session) end(t *testing.T, code int) (stdout, stderr string) {
	t.Helper()
	errs := make(chan string)
	go func() {
		text, _ := io.ReadAll(s.err)
		errs <- string(text)
	}()
	text, _ := io.ReadAll(s.out)
	stdout, stderr = string(text), <-errs
	if got := <-s.code; got != code {
		t.Errorf("exit code %d, want %d; stdout:\n%s\nstderr:\n%s", got, code, stdout, stderr)
	}
	return stdout, stderr
}

func want(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("does not match %s:\n%s", pattern, text)
	}
}

func TestServeSaysWhereItIs(t *testing.T) {
	t.Parallel()
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", "memory")
	capture := line(t, s.out, `^capture +(http://127\.0\.0\.1:\d+)/<bin>\n$`)[1]
	server := line(t, s.out, `^dashboard +(http://127\.0\.0\.1:\d+)\n$`)[1]
	line(t, s.out, `^data +memory\n$`)
	for _, system := range []string{"ethpass", "neostore", "subscribfy"} {
		line(t, s.out, `^`+system+` +`+regexp.QuoteMeta(server)+`/`+system+`\n$`)
	}
	line(t, s.out, `^keeps +1GiB in total, 100000 captures per bin, 100000 deliveries, without a time limit; bodies up to 16MiB\n$`)
	line(t, s.err, `^\n$`)
	line(t, s.err, `curl .*`+regexp.QuoteMeta(capture)+`/inbox`)
	line(t, s.err, `hookrig send .* --to `+regexp.QuoteMeta(capture)+`/inbox`)
	line(t, s.err, regexp.QuoteMeta(server))

	stdout, _ := start(t, "healthcheck", "--server", server).end(t, exitPassed)
	want(t, stdout, `^ok\n$`)
	_, stderr := start(t, "serve", "--capture", strings.TrimPrefix(capture, "http://"), "--dashboard", "127.0.0.1:0", "--data", "memory").end(t, exitInconclusive)
	want(t, stderr, `^hookrig: capture address .* is in use`)
	_, stderr = start(t, "listen", "--capture", strings.TrimPrefix(capture, "http://")).end(t, exitInconclusive)
	want(t, stderr, `is in use(.*\n)*.*if a hookrig serve uses it, listen there: set --server to the URL of its dashboard\n$`)

	s.interrupt()
	_, stderr = s.end(t, exitPassed)
	want(t, stderr, `stopping`)
}

func TestServeOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first string
	for range 2 {
		s := start(t, "serve", "--capture", "127.0.0.1:0", "--capture-tls", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", dir)
		line(t, s.out, `^capture`)
		line(t, s.out, `^dashboard`)
		line(t, s.out, `^data`)
		url := line(t, s.out, `^TLS +(https://127\.0\.0\.1:\d+)/<bin>\n$`)[1]
		ca, err := os.ReadFile(line(t, s.out, `^CA +(.+)\n$`)[1])
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(ca)
		}
		if string(ca) != first {
			t.Error("another authority after a restart")
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
		resp, err := client.Post(url+"/inbox", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Hookrig-Capture") == "" {
			t.Errorf("%s: %v", resp.Status, resp.Header)
		}
		s.interrupt()
		s.end(t, exitPassed)
	}
	_, stderr := start(t, "serve", "--capture-tls", "0.0.0.0:0", "--data", "memory").end(t, exitMisuse)
	want(t, stderr, `TLS capture address "0.0.0.0:0": .*give a token`)
}

func TestServeSaysThatItsFolderIsInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", dir}
	first := start(t, args...)
	line(t, first.out, `^capture`)
	_, stderr := start(t, args...).end(t, exitInconclusive)
	want(t, stderr, `in use`)
	want(t, stderr, `stop the other hookrig, or choose another folder`)
	first.interrupt()
	first.end(t, exitPassed)
}

func TestListenChecksWhatArrives(t *testing.T) {
	t.Parallel()
	s := start(t, "listen", "orders", "--capture", "127.0.0.1:0", "--provider", "neostore", "--secret", "S")
	to := line(t, s.err, `^listening on (http://127\.0\.0\.1:\d+/orders)\n$`)[1]
	for _, c := range []struct{ secret, fault, verdict string }{
		{"S", "duplicate:2", "neostore signature valid"},
		{"T", "delay:1ms", "neostore signature mismatch: .*x-neostore-signature"},
		{"S", "signature:missing", "neostore signature missing"},
	} {
		send := start(t, "send", "neostore", "Pass:Created", "--to", to, "--secret", c.secret, "--fault", c.fault)
		line(t, s.out, `^\d\d:\d\d:\d\d\.\d{3}  c\d+  POST /orders  Pass:Created  \d+ bytes  application/json; charset=utf-8  → 200  `+c.verdict)
		if c.fault == "duplicate:2" {
			line(t, s.out, c.verdict)
		}
		stdout, _ := send.end(t, exitPassed)
		want(t, stdout, `state   delivered\n$`)
	}
	s.interrupt()
	s.end(t, exitPassed)
}

func TestListenShowsWhatMatches(t *testing.T) {
	t.Parallel()
	s := start(t, "listen", "--capture", "127.0.0.1:0", "--q", "path:/inbox/in -\"pass:installed\"", "--where", ".body.passId != null")
	to := line(t, s.err, `^listening on (\S+)\n$`)[1]
	for _, c := range []struct{ event, path string }{{"Pass:Installed", "/in"}, {"Pass:Created", "/out"}, {"Pass:Created", "/in/1"}} {
		start(t, "send", "neostore", c.event, "--to", to+c.path, "--secret", "S").end(t, exitPassed)
	}
	line(t, s.out, `POST /inbox/in/1 `)
	s.interrupt()
	if stdout, _ := s.end(t, exitPassed); stdout != "" {
		t.Errorf("shown too: %s", stdout)
	}
}

func TestListenReportsOtherBins(t *testing.T) {
	t.Parallel()
	s := start(t, "listen", "orders", "--capture", "127.0.0.1:0")
	to := line(t, s.err, `^listening on (\S+)/orders\n$`)[1]
	start(t, "send", "neostore", "Pass:Created", "--to", to+"/webhooks", "--secret", "S").end(t, exitPassed)
	line(t, s.err, `^1 request in bin webhooks \(not shown: hookrig listen webhooks\)\n$`)
	s.interrupt()
	if stdout, _ := s.end(t, exitPassed); stdout != "" {
		t.Errorf("shown: %s", stdout)
	}
}

func TestListenForwards(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(consumer.Close)
	s := start(t, "listen", "--capture", "127.0.0.1:0", "--forward", consumer.URL+"/up")
	to := line(t, s.err, `^listening on (\S+)\n$`)[1]
	line(t, s.err, `^forwarding to `+regexp.QuoteMeta(consumer.URL)+`/up\n$`)
	send := start(t, "send", "neostore", "Pass:Created", "--to", to, "--secret", "S")
	arrived := line(t, s.out, `^\S+  (c\d+)  POST /inbox  \d+ bytes  application/json; charset=utf-8(  → 418)?\n$`)
	if arrived[2] == "" { // the consumer was slower than the eye
		line(t, s.out, `^\S+  `+arrived[1]+`  `+regexp.QuoteMeta(consumer.URL)+`/up → 418\n$`)
	}
	send.end(t, exitFailed)
	s.interrupt()
	s.end(t, exitPassed)

	s = start(t, "listen", "--capture", "127.0.0.1:0", "--forward", consumer.URL, "--json")
	to = line(t, s.err, `^listening on (\S+)\n$`)[1]
	line(t, s.err, `^forwarding to `)
	send = start(t, "send", "neostore", "Pass:Created", "--to", to, "--secret", "S")
	printed := []byte(line(t, s.out, `^\{.*\}\n$`)[0])
	var c mockserver.Capture
	if err := json.Unmarshal(printed, &c); err != nil || c.Response == nil || c.Response.Status != http.StatusTeapot {
		t.Errorf("want the capture with its response, got %+v, %v", c, err)
	}
	var shown struct{ JSON json.RawMessage }
	if err := json.Unmarshal(printed, &shown); err != nil || string(shown.JSON) != string(c.Body) {
		t.Errorf("want the body as JSON, got %s, %v", shown.JSON, err)
	}
	send.end(t, exitFailed)
	s.interrupt()
	if stdout, _ := s.end(t, exitPassed); stdout != "" {
		t.Errorf("printed twice: %s", stdout)
	}

	// A response that the server makes up is not taken for the consumer's.
	consumer.Close()
	s = start(t, "listen", "--capture", "127.0.0.1:0", "--forward", consumer.URL)
	to = line(t, s.err, `^listening on (\S+)\n$`)[1]
	line(t, s.err, `^forwarding to `)
	send = start(t, "send", "neostore", "Pass:Created", "--to", to, "--secret", "S")
	const none = `no response, the sender got 502: connection refused\n$`
	arrived = line(t, s.out, `^\S+  (c\d+)  POST /inbox  \d+ bytes  application/json; charset=utf-8(  → `+none+`|\n$)`)
	if arrived[2] == "\n" {
		line(t, s.out, `^\S+  `+arrived[1]+`  `+regexp.QuoteMeta(consumer.URL)+`/ → `+none)
	}
	send.end(t, exitFailed)
	s.interrupt()
	s.end(t, exitPassed)
}

// A bin of a running server may forward already: the responses of its consumer are shown, however
// late they come.
func TestListenShowsTheResponsesOfARunningServer(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(consumer.Close)
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	if err := server.Client().Configure(t.Context(), "inbox", mockserver.Settings{Forward: consumer.URL}); err != nil {
		t.Fatal(err)
	}
	s := start(t, "listen", "--server", server.DashboardURL())
	to := line(t, s.err, `^listening on (\S+)\n$`)[1]
	line(t, s.err, `^forwarding to `+regexp.QuoteMeta(consumer.URL)+`\n$`)
	send := start(t, "send", "neostore", "Pass:Created", "--to", to, "--secret", "S")
	id := line(t, s.out, `^\S+  (c\d+)  POST /inbox  \d+ bytes  application/json; charset=utf-8\n$`)[1]
	close(answer)
	line(t, s.out, `^\S+  `+id+`  `+regexp.QuoteMeta(consumer.URL)+`/ → 418\n$`)
	send.end(t, exitFailed)
	s.interrupt()
	if stdout, _ := s.end(t, exitPassed); stdout != "" {
		t.Errorf("printed twice: %s", stdout)
	}
}

// A server forwards only where it was allowed to, whoever asks it.
func TestListenSaysWhereTheServerDoesNotForwardTo(t *testing.T) {
	t.Parallel()
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	_, stderr := start(t, "listen", "--server", server.DashboardURL(), "--forward", "http://10.1.2.3/hooks").end(t, exitMisuse)
	want(t, stderr, `^hookrig: bin inbox: forward to "http://10\.1\.2\.3/hooks": forbidden address: 10\.1\.2\.3 is not on loopback; allow it with --allow-target 10\.1\.2\.3\n`)
}

func TestAnInterruptedSendSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 10)
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		called <- struct{}{}
	}))
	t.Cleanup(consumer.Close)
	s := start(t, "send", "neostore", "Pass:Created", "--to", consumer.URL, "--secret", "S", "--retry", "at-least-once", "--seed", "7")
	<-called
	s.interrupt()
	stdout, stderr := s.end(t, exitInconclusive)
	want(t, stdout, `^seed    7\n`)
	want(t, stdout, `state   pending, the next attempt is due at `)
	want(t, stderr, `^hookrig: interrupted: the delivery is pending after [01] of its attempts\n$`)
}

func TestAnInterruptedRunReportsWhatItDid(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 10)
	release := make(chan struct{})
	consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		called <- struct{}{}
		<-release
	}))
	t.Cleanup(consumer.Close)
	t.Cleanup(func() { close(release) })
	dir := t.TempDir()
	file, report := filepath.Join(dir, "waits.yaml"), filepath.Join(dir, "report.json")
	scenario := `hookrig: 1
name: waits
target: {url: "http://127.0.0.1:1/"}
clock: {mode: real}
steps:
  - id: sub
    subscribe: {provider: neostore}
  - id: one
    deliver: {provider: neostore, event: "Pass:Created"}
`
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "run", file, "duplicate", "--target", consumer.URL, "--json", report)
	<-called
	s.interrupt()
	stdout, stderr := s.end(t, exitInconclusive)
	want(t, stdout, `(?m)^  passed +sub `)
	want(t, stdout, `(?m)^  error +one `)
	if strings.Contains(stdout, "duplicate  seed") {
		t.Errorf("the next scenario was begun:\n%s", stdout)
	}
	want(t, stderr, `^hookrig: interrupted: see the report`)
	if raw, err := os.ReadFile(report); err != nil || !strings.Contains(string(raw), `"status": "error"`) || !strings.Contains(string(raw), "not run: interrupted") {
		t.Errorf("report: %v\n%s", err, raw)
	}
}

func TestBurstAccountsForABin(t *testing.T) {
	t.Parallel()
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })

	stdout, _ := start(t, "burst", "neostore", "--to", server.CaptureURL()+"/many", "--count", "50", "--connections", "4").end(t, exitPassed)
	want(t, stdout, `(?m)^captured      50, lost 0, duplicated 0, unexpected 0, corrupted 0, out of order 0$`)
	stdout, _ = start(t, "burst", "neostore", "--to", server.CaptureURL()+"/one", "--count", "50", "--connections", "1").end(t, exitPassed)
	want(t, stdout, `(?m)^captured      50, lost 0, duplicated 0, unexpected 0, corrupted 0, out of order 0$`)
	_, stderr := start(t, "burst", "neostore", "--to", server.CaptureURL()).end(t, exitMisuse)
	want(t, stderr, `is a server's capture address: name a bin of it, as in http://.*/load`)

	stdout, _ = start(t, "burst", "neostore", "--to", server.CaptureURL()+"/json", "--count", "20", "--json", "-").end(t, exitPassed)
	var report map[string]any
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"intended", "sent", "acknowledged", "outcomes", "seconds", "rate", "lag_ms", "service_ms", "response_ms", "accounting"} {
		if _, ok := report[name]; !ok {
			t.Errorf("the report has no %q", name)
		}
	}
}

// A dashboard that the capture address names may be out of reach, as behind the ports of a
// container: that is said.
func TestBurstSaysThatTheDashboardIsOutOfReach(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := taken.Addr().String()
	taken.Close()
	capture := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"name":"hookrig","dashboard":"http://`+nobody+`"}`)
	}))
	t.Cleanup(capture.Close)
	_, stderr := start(t, "burst", "neostore", "--to", capture.URL+"/load").end(t, exitInconclusive)
	want(t, stderr, nobody)
	want(t, stderr, `with --server, or use --no-reconcile`)
}

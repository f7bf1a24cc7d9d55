package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
)

// process is a server in a process of its own.
type process struct {
	node
	cmd   *exec.Cmd
	ended chan error
}

// serveProcess starts the program as a server and waits until it listens.
func serveProcess(t *testing.T, address string, args ...string) *process {
	t.Helper()
	cmd := exec.Command("hookrig", append([]string{"serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", address}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stdout)
	p := &process{cmd: cmd, ended: make(chan error, 1)}
	p.capture = strings.TrimSuffix(line(t, said, `^capture +(\S+)`)[1], "/<bin>")
	p.dashboard = line(t, said, `^dashboard +(\S+)`)[1]
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, said)
	}()
	go func() {
		<-read
		p.ended <- cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	if p.client, err = mockserver.Dial(p.dashboard, ""); err != nil {
		t.Fatal(err)
	}
	return p
}

// readiness returns what a probe gets: the status and the text, or 0 without an answer.
func readiness(address string) (int, string) {
	resp, err := http.Get(address)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// ready asks the probe of the capture address.
func (p *process) ready() bool {
	status, _ := readiness(p.capture + "/.well-known/hookrig/readyz")
	return status == http.StatusOK
}

// nodeStates returns the states of all nodes, as one of them lists them, the oldest first.
func nodeStates(t *testing.T, by node) (states []mockserver.NodeState) {
	t.Helper()
	nodes, err := by.client.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		states = append(states, n.State)
	}
	return states
}

// A server is terminated while senders go round all servers and leave out those whose probe says
// that they are not ready. No sender sees a failure, and everything is stored.
func TestNoRequestFailsWhenAServerIsTerminated(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	var servers []*process
	for range 3 {
		servers = append(servers, serveProcess(t, address, "--drain", "3s"))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	// The balancer: it probes each server, and senders ask it.
	var inService [3]atomic.Bool
	var running sync.WaitGroup
	for i, s := range servers {
		inService[i].Store(true)
		running.Go(func() {
			between := time.NewTicker(20 * time.Millisecond)
			defer between.Stop()
			for ctx.Err() == nil && s.ready() {
				<-between.C
			}
			inService[i].Store(false)
		})
	}
	var sent, toFirst atomic.Int64
	const senders = 8
	for sender := range senders {
		running.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := sender; ctx.Err() == nil; n++ {
				i := n % len(servers)
				if !inService[i].Load() {
					continue
				}
				resp, err := client.Post(servers[i].capture+"/inbox", "text/plain", strings.NewReader(fmt.Sprint(sender, "/", n)))
				if err != nil {
					t.Errorf("server %d: %v", i, err)
					stop()
					return
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("server %d: %s", i, resp.Status)
				}
				sent.Add(1)
				if i == 0 {
					toFirst.Add(1)
				}
			}
		})
	}
	until(t, "requests to the first server", func() bool { return toFirst.Load() > 50 })
	if err := servers[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the state draining", func() bool {
		return slices.Equal(nodeStates(t, servers[1].node), []mockserver.NodeState{mockserver.NodeDraining, mockserver.NodeRunning, mockserver.NodeRunning})
	})
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
		if status, text := readiness(servers[0].dashboard + path); status != want || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: %d %q, want %d and one line", path, status, text, want)
		}
	}
	select {
	case err := <-servers[0].ended:
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the server did not end")
	}
	before := sent.Load()
	until(t, "requests to the others", func() bool { return sent.Load() > before+100 })
	stop()
	running.Wait()
	if states := nodeStates(t, servers[1].node); !slices.Equal(states, []mockserver.NodeState{mockserver.NodeRunning, mockserver.NodeRunning}) {
		t.Errorf("afterwards there are %v", states)
	}
	bins, err := servers[2].client.Bins(t.Context())
	if err != nil || len(bins) != 1 || int64(bins[0].Count) != sent.Load() {
		t.Errorf("%+v, %v; want %d captures", bins, err, sent.Load())
	}
}

// A server that is terminated ends waits and streams properly, lets an attempt in flight end, and
// hands its pending deliveries to the others.
func TestWhatATerminatedServerLeaves(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	one, two := serveProcess(t, address, "--drain", "0s"), serveProcess(t, address, "--drain", "0s")
	if err := one.client.Configure(t.Context(), "failing", mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 500}}}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the settings of the bin", func() bool { return two.post(t, "/failing", "") == http.StatusInternalServerError })
	if _, err := one.client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: two.capture + "/failing", Events: []string{"Pass:Created"}, Retry: "like stripe"}); err != nil {
		t.Fatal(err)
	}
	// A consumer that answers when the server drains.
	asked, answer := make(chan struct{}), make(chan struct{})
	consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	}))
	defer consumer.Close()
	if _, err := one.client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: consumer.URL, Events: []string{"Pass:Updated"}}); err != nil {
		t.Fatal(err)
	}
	failing, err := one.client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Created"})
	if err != nil || len(failing) != 1 {
		t.Fatal(failing, err)
	}
	slow, err := one.client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Updated"})
	if err != nil || len(slow) != 1 {
		t.Fatal(slow, err)
	}
	<-asked
	until(t, "the first attempt", func() bool {
		d, err := two.client.Delivery(t.Context(), failing[0].ID)
		return err == nil && len(d.Attempts) == 1
	})
	stream, err := http.Get(one.dashboard + "/api/v1/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	waited := make(chan string, 1)
	go func() {
		resp, err := http.Get(one.dashboard + "/api/v1/bins/nothing/wait?count=1&timeout=60s")
		if err != nil {
			waited <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		waited <- fmt.Sprint(resp.StatusCode, " ", string(text), " ", err)
	}()
	if err := one.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the state draining", func() bool { return slices.Contains(nodeStates(t, two.node), mockserver.NodeDraining) })
	select {
	case err := <-one.ended:
		t.Errorf("the server ended with %v before its attempt", err)
	case <-time.After(1500 * time.Millisecond): // it waits for the attempt, up to 5 s
	}
	close(answer)
	if text, err := io.ReadAll(stream.Body); err != nil || !strings.Contains(string(text), "event: ready") {
		t.Errorf("the stream ended with %v after %q", err, text)
	}
	if got := <-waited; !strings.HasPrefix(got, "503 {") || !strings.HasSuffix(got, " <nil>") {
		t.Errorf("the wait ended with %s", got)
	}
	if err := <-one.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if d, err := two.client.Delivery(t.Context(), slow[0].ID); err != nil || d.State != mockserver.Delivered || len(d.Attempts) != 1 {
		t.Errorf("the attempt in flight: %s with %d attempts, %v", d.State, len(d.Attempts), err)
	}
	until(t, "the delivery to change hands", func() bool {
		nodes, err := two.client.Nodes(t.Context())
		return err == nil && len(nodes) == 1 && nodes[0].Self && nodes[0].Pending == 1
	})
}

// A second signal ends a server that drains at once.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := serveProcess(t, "memory", "--drain", "1h")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the probe to fail", func() bool {
		status, text := readiness(s.dashboard + "/readyz")
		return status == http.StatusServiceUnavailable && text == "not ready: the server is draining: it ends soon\n"
	})
	nodes, err := s.client.Nodes(t.Context())
	if err != nil || len(nodes) != 1 || nodes[0].State != mockserver.NodeDraining || nodes[0].PID != s.cmd.Process.Pid || nodes[0].Capture != s.capture || nodes[0].Dashboard != s.dashboard {
		t.Errorf("%+v, %v", nodes, err)
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-s.ended; err == nil {
		t.Error("it ended as if it had drained")
	}
}

package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("several hookrig serve on one PostgreSQL database", func() {
	It("keep every capture that one of them acknowledged, once and in order, while one is killed and another restarts", func(ctx SpecContext) {
		const events, kill, restart = 100_000, 20_000, 50_000
		nodes := startNodes(pgtest.Start(GinkgoTB()), 3)
		follower := follow(ctx, nodes[0].client, "load")
		session := burstOver(nodes, "--count", fmt.Sprint(events), "--connections", "64")

		follower.reaches(ctx, kill)
		nodes[2].kill()
		follower.reaches(ctx, restart)
		nodes[1].stop()
		nodes[1] = nodes[1].again()

		report := ended(ctx, session, 0, 1)
		Expect(report.Outcomes["2xx"]).To(BeNumerically(">", events/2), "most events arrived")
		reconciled(ctx, report, nodes[:2], follower)
		GinkgoWriter.Printf("%d events, %d acknowledged, %+v; outcomes %v\n", report.Sent, report.Acknowledged, *report.Accounting, report.Outcomes)
	}, SpecTimeout(5*time.Minute))

	It("answer 503 and count while PostgreSQL is down, lose nothing that they acknowledged, and come back by themselves", func(ctx SpecContext) {
		const down, back = 1500, 500
		database := pgtest.StartServer(GinkgoTB())
		nodes := startNodes(database.DSN, 3)
		follower := follow(ctx, nodes[0].client, "load")
		session := burstOver(nodes, "--rate", "500", "--duration", "3m", "--connections", "32") // until it is interrupted

		follower.reaches(ctx, down)
		database.Stop()
		probes := make([]int, len(nodes)) // requests with a 503, by node
		for i, n := range nodes {
			// A call waits a few seconds for the database, then it fails: and so do later ones, at
			// once, until the database is back.
			for probes[i] < 3 {
				Expect(n.post(ctx, "probe")).To(Equal(http.StatusServiceUnavailable))
				probes[i]++
			}
		}
		database.Start()
		for i, n := range nodes {
			Eventually(ctx, func() int {
				status := n.post(ctx, "probe")
				if status != http.StatusOK {
					Expect(status).To(Equal(http.StatusServiceUnavailable))
					probes[i]++
				}
				return status
			}, "30s").Should(Equal(http.StatusOK))
		}

		follower.reaches(ctx, <-follower.count+back)
		session.Interrupt()
		report := ended(ctx, session, 3)
		Expect(report.Statuses).To(HaveKey(http.StatusOK))
		Expect(report.Statuses[http.StatusServiceUnavailable]).To(BeNumerically(">", 0), "%v", report.Statuses)
		Expect(report.Statuses).To(HaveLen(2), "%v", report.Statuses)
		reconciled(ctx, report, nodes, follower)
		refused, counted := report.Statuses[http.StatusServiceUnavailable], uint64(0)
		for i, n := range nodes {
			refused += uint64(probes[i])
			counted += uint64(n.metric(`hookrig_captures_refused_total{why="unstored"}`))
		}
		Expect(counted).To(Equal(refused), "the nodes count each 503")
		GinkgoWriter.Printf("%d events, %d acknowledged, %+v; statuses %v, %d refused\n", report.Sent, report.Acknowledged, *report.Accounting, report.Statuses, refused)
	}, SpecTimeout(5*time.Minute))

	It("end a wait of one node with a capture of another one at once, not at the next poll", func(ctx SpecContext) {
		const times, poll = 200, time.Second
		nodes := startNodes(pgtest.Start(GinkgoTB()), 2)
		var took []time.Duration
		last := uint64(0)
		for range times {
			asked, woken := make(chan struct{}), make(chan time.Time, 1)
			go func() {
				defer GinkgoRecover()
				defer close(woken)
				asking := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(asked) }})
				found, err := nodes[1].client.Wait(asking, "wake", mockserver.Wait{Count: 1, After: last, Timeout: mockserver.Duration(time.Minute)})
				at := time.Now()
				Expect(err).NotTo(HaveOccurred())
				Expect(found.Matched).To(HaveLen(1))
				last = found.Matched[0].Seq
				woken <- at
			}()
			Eventually(ctx, asked).Should(BeClosed())
			Expect(nodes[0].post(ctx, "wake")).To(Equal(http.StatusOK))
			stored := time.Now()
			at, ok := <-woken
			Expect(ok).To(BeTrue())
			took = append(took, max(0, at.Sub(stored)))
		}
		slices.Sort(took)
		AddReportEntry("from the response of one node to the end of the wait on another one",
			fmt.Sprintf("p50 %v, p99 %v, max %v of %d", took[times/2], took[times*99/100], took[times-1], times))
		// Each wait begins right after a poll, so that one that only the poll ends takes a second.
		Expect(took[times/2]).To(BeNumerically("<", poll/2), "notices end most waits, not the poll")
	}, SpecTimeout(5*time.Minute))

	It("share what comes through the balancer of compose.yaml, which leaves out one that was killed", func(ctx SpecContext) {
		nodes := startNodes(pgtest.Start(GinkgoTB()), 3)
		front := balancer(nodes)
		send := func(n int) {
			GinkgoHelper()
			for range n {
				Expect(front.post(ctx, "shared")).To(Equal(http.StatusOK))
			}
		}
		send(30)
		for _, n := range nodes {
			Expect(n.metric("hookrig_captures_total")).To(BeNumerically(">", 0), "each has a part of the connections")
		}
		nodes[1].kill()
		send(30)
		Expect(digests(ctx, front.client, "shared", 0)).To(HaveLen(60))
	}, SpecTimeout(2*time.Minute))
})

// node is one server of several on a database.
type node struct {
	*server
	args []string
}

// startNodes starts servers that share a database.
func startNodes(dsn string, n int) []*node {
	GinkgoHelper()
	nodes := make([]*node, n)
	for i := range nodes {
		r := serve("--data", dsn)
		nodes[i] = &node{r, []string{"serve", "--capture", strings.TrimPrefix(r.capture, "http://"), "--dashboard", strings.TrimPrefix(r.dashboard, "http://"), "--data", dsn}}
	}
	return nodes
}

// again starts a node that has ended, at the same addresses.
func (n *node) again() *node {
	GinkgoHelper()
	return &node{listening(hookrig(n.args...)), n.args}
}

// stop ends a node as an orchestrator does, which gives it time.
func (n *node) stop() {
	GinkgoHelper()
	Expect(n.session.Command.Process.Signal(syscall.SIGTERM)).To(Succeed())
	Eventually(n.session, "60s").Should(gexec.Exit(0))
}

// post sends a request to a bin and returns the status of the response.
func (n *node) post(ctx context.Context, bin string) int {
	GinkgoHelper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.capture+"/"+bin, strings.NewReader("x"))
	Expect(err).NotTo(HaveOccurred())
	req.Close = true // a balancer chooses a node for each connection
	resp, err := http.DefaultClient.Do(req)
	Expect(err).NotTo(HaveOccurred())
	_, err = io.Copy(io.Discard, resp.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(resp.Body.Close()).To(Succeed())
	return resp.StatusCode
}

// balancer starts nginx as deploy/nginx.conf has it, with the addresses of the nodes in place of
// the name that stands for them.
func balancer(nodes []*node) *node {
	GinkgoHelper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		missing("nginx", "there is no nginx")
	}
	config, err := os.ReadFile(filepath.Join(repository(), "deploy", "nginx.conf"))
	Expect(err).NotTo(HaveOccurred())
	text := string(config)
	front := &node{server: &server{}}
	for port, address := range map[string]*string{"8080": &front.dashboard, "8081": &front.capture} {
		at := freePort()
		*address = "http://" + at
		_, number, _ := net.SplitHostPort(at)
		group := "upstream node" + port + " {"
		for _, n := range nodes {
			of := n.capture
			if port == "8080" {
				of = n.dashboard
			}
			group += " server " + strings.TrimPrefix(of, "http://") + ";"
		}
		text = strings.NewReplacer("listen "+port, "listen "+at, port+" node:"+port, number+" node"+port, "stream {", "stream {\n  "+group+" }").Replace(text)
	}
	dir := GinkgoT().TempDir()
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	// Debian has streams as a module.
	const module = "/usr/lib/nginx/modules/ngx_stream_module.so"
	if _, err := os.Stat(module); err == nil {
		text = "load_module " + module + ";\n" + text
	} else if out, _ := exec.Command(program, "-V").CombinedOutput(); !strings.Contains(string(out), "--with-stream ") {
		missing("nginx", "it has no module for streams: libnginx-mod-stream")
	}
	text = fmt.Sprintf("daemon off; pid %s/pid; error_log stderr;\n%s", dir, text)
	file := filepath.Join(dir, "nginx.conf")
	Expect(os.WriteFile(file, []byte(text), 0o644)).To(Succeed())
	session := begin(dir, exec.Command(program, "-p", dir, "-c", file))
	DeferCleanup(func() { session.Terminate().Wait("10s") })
	Eventually(func(g Gomega) {
		if session.ExitCode() >= 0 {
			StopTrying(string(session.Err.Contents())).Now()
		}
		front.client, err = mockserver.Dial(front.dashboard, "")
		g.Expect(err).NotTo(HaveOccurred())
	}, "20s").Should(Succeed())
	return front
}

// balance passes on connections to the nodes in turn, and leaves out those that refuse them. It
// returns its address.
func balance(nodes []*node) string {
	GinkgoHelper()
	var to []string
	for _, n := range nodes {
		to = append(to, strings.TrimPrefix(n.capture, "http://"))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	var working sync.WaitGroup
	working.Go(func() {
		for next := 0; ; next++ {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			working.Go(func() { pass(from.(*net.TCPConn), to, next) })
		}
	})
	DeferCleanup(func() {
		Expect(listener.Close()).To(Succeed())
		working.Wait()
	})
	return listener.Addr().String()
}

// pass passes on one connection to the first node that accepts it, from a number on.
func pass(from *net.TCPConn, to []string, first int) {
	defer from.Close()
	for i := range to {
		conn, err := net.Dial("tcp", to[(first+i)%len(to)])
		if err != nil {
			continue
		}
		node := conn.(*net.TCPConn)
		var back sync.WaitGroup
		back.Go(func() {
			_, _ = io.Copy(from, node)
			_ = from.Close() // the node has ended the connection, or died
		})
		_, _ = io.Copy(node, from)
		_ = node.Close()
		back.Wait()
		return
	}
}

// burstOver sends a burst to the bin load of the nodes in turn.
func burstOver(nodes []*node, args ...string) *gexec.Session {
	GinkgoHelper()
	return hookrig(append([]string{
		"burst", "neostore", "--to", "http://" + balance(nodes) + "/load", "--server", nodes[0].dashboard,
		"--seed", "7", "--json", "-",
	}, args...)...)
}

// ended waits for a burst, checks its exit code, and returns its report.
func ended(ctx context.Context, session *gexec.Session, codes ...any) (report burstReport) {
	GinkgoHelper()
	Eventually(ctx, session, 4*time.Minute).Should(gexec.Exit())
	Expect(session.ExitCode()).To(BeElementOf(codes...), "%s", session.Err.Contents())
	Expect(json.Unmarshal(session.Out.Contents(), &report)).To(Succeed())
	return report
}

// reconciled checks that the nodes have each event that was acknowledged once, and of the others
// what the burst counted, in the order in which a follower saw them.
func reconciled(ctx context.Context, report burstReport, nodes []*node, f *follower) {
	GinkgoHelper()
	Expect(report.Accounting).NotTo(BeNil())
	a := *report.Accounting
	Expect(a.Lost).To(BeZero())
	Expect(a.Duplicated).To(BeZero())
	Expect(a.Unexpected).To(BeZero())
	Expect(a.Corrupted).To(BeZero())
	Expect(a.Captured).To(Equal(report.Acknowledged+a.Unacknowledged), "what was acknowledged is there, and more only as counted")
	f.stop()
	for _, n := range nodes {
		all := digests(ctx, n.client, "load", 0)
		Expect(all).To(HaveLen(int(a.Captured)))
		// Compared without Gomega, which would print a hundred thousand.
		Expect(slices.IsSortedFunc(all, func(a, b mockserver.Digest) int {
			if a.Seq < b.Seq {
				return -1
			}
			return 1
		})).To(BeTrue(), "numbers ascend strictly")
		seen := append(slices.Clone(f.seen), digests(ctx, n.client, "load", f.last())...)
		Expect(slices.Equal(seen, all)).To(BeTrue(), "the follower saw %d captures in their order, and no one appeared before them", len(f.seen))
	}
}

// digests returns the digests of a bin's captures after a number.
func digests(ctx context.Context, client *mockserver.Client, bin string, after uint64) (list []mockserver.Digest) {
	GinkgoHelper()
	for d, err := range client.Digests(ctx, bin, after) {
		Expect(err).NotTo(HaveOccurred())
		list = append(list, d)
	}
	return list
}

// follower reads a bin while it is filled, each time after the number that it has seen last.
type follower struct {
	seen  []mockserver.Digest // once it has stopped
	count chan int            // the number that it has seen, the newest
	stop  func()
}

func follow(ctx context.Context, client *mockserver.Client, bin string) *follower {
	const step = 200 // at least, so that it takes little of the machine
	ctx, cancel := context.WithCancel(ctx)
	f := &follower{count: make(chan int, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if _, err := client.Wait(ctx, bin, mockserver.Wait{Count: step, After: f.last(), Timeout: mockserver.Duration(time.Second)}); err != nil {
				select { // the database is away
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
				}
				continue
			}
			for d, err := range client.Digests(ctx, bin, f.last()) {
				if err != nil {
					break
				}
				f.seen = append(f.seen, d)
			}
			select {
			case <-f.count:
			default:
			}
			f.count <- len(f.seen)
		}
	}()
	f.stop = sync.OnceFunc(func() { cancel(); <-ended })
	DeferCleanup(f.stop)
	return f
}

// last is the number of the newest capture that the follower has seen.
func (f *follower) last() uint64 {
	if len(f.seen) == 0 {
		return 0
	}
	return f.seen[len(f.seen)-1].Seq
}

// reaches waits until the follower has seen that many captures.
func (f *follower) reaches(ctx context.Context, count int) {
	GinkgoHelper()
	Eventually(ctx, f.count, 2*time.Minute).Should(Receive(BeNumerically(">=", count)))
}

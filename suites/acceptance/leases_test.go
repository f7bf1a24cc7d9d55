package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
)

// leaseTime is how long the leases of these servers are.
const leaseTime = 2 * time.Second

// shop is a provider whose retries come soon. In order, one event waits until the one before it was
// delivered.
const shop = `name: NAME
title: A shop
sources: [{tag: DOC, title: "None"}]
delivery:
  headers: [{name: Event-Id, value: "${id}"}]
  timeout: 5s
  success: [2xx]
  ORDER
  retry: soon
  profiles:
    soon: {base: WAIT, factor: 1, attempts: 1000}
subscription:
  kind: one_endpoint
  secret: {minted: provider, length: 8, alphabet: a-f}
signing:
  signatures:
    - {alg: hmac-sha256, content: ["${body}"], encode: hex, emit: [{header: Signature, value: "${sig}"}]}
entities:
  order: {number: "${hex_digits(8)}"}
events:
  - {name: paid, title: An order is paid, when: A customer pays., documented: true, entity: order, template: events/paid.json, schema: schemas/paid.json}
`

// shops writes the providers "free", which delivers in no order, "fifo", and "late", whose retries
// come later than a lease lasts.
func shops() (folder string) {
	GinkgoHelper()
	folder = GinkgoT().TempDir()
	for _, p := range []struct{ name, order, wait string }{
		{"free", "ordering: none", "100ms"}, {"fifo", "ordering: per_endpoint_fifo\n  on_failure: block", "100ms"}, {"late", "ordering: none", (leaseTime + leaseTime/2).String()},
	} {
		for file, text := range map[string]string{
			"provider.yaml":     strings.NewReplacer("NAME", p.name, "ORDER", p.order, "WAIT", p.wait).Replace(shop),
			"events/paid.json":  `{"id": "${number}"}`,
			"schemas/paid.json": `{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}`,
			"vectors.yaml":      "- name: one\n  source: DOC\n  secret: k\n  body: '{\"a\":1}'\n  expect: {Signature: c3a92ff9e274cdcce27a58c15a78ec6dcbbdbd0038a87e7a11baef2028fd8bff}\n",
		} {
			path := filepath.Join(folder, p.name, file)
			Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
			Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
		}
	}
	return folder
}

// failing is a consumer that fails the first attempts of each delivery. It notes when each request
// begins and ends.
type failing struct {
	*httptest.Server
	mu       sync.Mutex
	active   map[string]int
	requests map[string]int
	together []string // deliveries of which two requests came at the same time
	events   []exchanged
}

// exchanged is a request that begins, or one that ends and was accepted.
type exchanged struct {
	path, id string
	accepted bool
}

func newFailing() *failing {
	c := &failing{active: map[string]int{}, requests: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		id := r.Header.Get("Event-Id")
		c.mu.Lock()
		c.active[id]++
		if c.active[id] > 1 {
			c.together = append(c.together, id)
		}
		c.requests[id]++
		fails := c.requests[id] <= 2
		c.events = append(c.events, exchanged{r.URL.Path, id, false})
		c.mu.Unlock()
		time.Sleep(20 * time.Millisecond) // so that requests at the same time are noticed
		c.mu.Lock()
		c.active[id]--
		if !fails {
			c.events = append(c.events, exchanged{r.URL.Path, id, true})
		}
		c.mu.Unlock()
		if fails {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	DeferCleanup(c.Close)
	return c
}

var _ = Describe("deliveries over three servers that are killed and stopped", func() {
	It("makes each attempt once, one at a time and in order, and takes each response of a sequence once", func(ctx SpecContext) {
		address := pgtest.Start(GinkgoTB()) + "&hookrig.lease=" + leaseTime.String()
		providers, consumer := shops(), newFailing()
		start := func() *server {
			GinkgoHelper()
			return serve("--data", address, "--provider-dir", providers)
		}
		servers := []*server{start(), start(), start()}
		var mu sync.Mutex // guards servers
		pick := func(i int) *server {
			mu.Lock()
			defer mu.Unlock()
			return servers[i%len(servers)]
		}
		for _, name := range []string{"free", "fifo", "late"} {
			_, err := servers[0].client.Register(ctx, mockserver.Endpoint{Provider: name, URL: consumer.URL + "/" + name})
			Expect(err).NotTo(HaveOccurred())
		}
		const responses, senders = 5000, 3
		script := mockserver.Script{}
		for i := range responses {
			script.Sequence = append(script.Sequence, mockserver.Response{Body: strconv.Itoa(i)})
		}
		Expect(servers[1].client.Configure(ctx, "sequence", mockserver.Settings{Responses: script})).To(Succeed())
		for _, s := range servers {
			Eventually(func(g Gomega) {
				list, err := s.client.Endpoints(ctx, "")
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(list).To(HaveLen(3))
				set, err := s.client.Settings(ctx, "sequence")
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(set.Responses.Sequence).To(HaveLen(responses))
			}).Should(Succeed())
		}

		// Events and requests go through all servers while these are killed and stopped.
		loading, stop := context.WithCancel(ctx)
		var work sync.WaitGroup
		DeferCleanup(func() { stop(); work.Wait() })
		emitted, taken := map[string][]string{}, map[string]int{}
		unanswered := 0
		every := func(d time.Duration, do func(i int)) {
			work.Go(func() {
				defer GinkgoRecover()
				ticker := time.NewTicker(d)
				defer ticker.Stop()
				for i := 0; ; i++ {
					select {
					case <-loading.Done():
						return
					case <-ticker.C:
						do(i)
					}
				}
			})
		}
		for name, pause := range map[string]time.Duration{"free": 100 * time.Millisecond, "fifo": 250 * time.Millisecond} {
			every(pause, func(i int) {
				limited, cancel := context.WithTimeout(ctx, 4*leaseTime)
				defer cancel()
				list, err := pick(i).client.Emit(limited, name, mockserver.Emission{Event: "paid"})
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					emitted[name] = append(emitted[name], list[0].ID)
				}
			})
		}
		client := http.Client{Timeout: 2 * leaseTime}
		DeferCleanup(client.CloseIdleConnections)
		for sender := range senders {
			every(15*time.Millisecond, func(i int) {
				resp, err := client.Post(pick(sender+i).capture+"/sequence", "text/plain", strings.NewReader("x"))
				var body []byte
				if err == nil {
					body, err = io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if resp.StatusCode == http.StatusServiceUnavailable {
						err = errors.New(resp.Status)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					unanswered++
				} else {
					taken[string(body)]++
				}
			})
		}
		rest := func(d time.Duration) {
			select {
			case <-time.After(d):
			case <-ctx.Done():
			}
		}
		for round := range 4 {
			rest(leaseTime)
			victim := pick(round)
			if round%2 == 1 { // it is stopped for longer than its lease, and goes on
				late, err := victim.client.Emit(ctx, "late", slices.Repeat([]mockserver.Emission{{Event: "paid"}}, 10)...)
				Expect(err).NotTo(HaveOccurred())
				mu.Lock()
				for _, d := range late {
					emitted["late"] = append(emitted["late"], d.ID)
				}
				mu.Unlock()
				Eventually(func() int { return consumer.count(late...) }).Should(Equal(len(late)))
				rest(leaseTime / 10) // the attempts are recorded
				Expect(victim.session.Command.Process.Signal(syscall.SIGSTOP)).To(Succeed())
				rest(2*leaseTime + leaseTime/2)
				Expect(victim.session.Command.Process.Signal(syscall.SIGCONT)).To(Succeed())
				continue
			}
			victim.session.Kill().Wait()
			again := start()
			mu.Lock()
			servers[round%len(servers)] = again
			mu.Unlock()
		}
		rest(leaseTime)
		stop()
		work.Wait()

		for _, name := range []string{"free", "fifo", "late"} {
			var all []mockserver.Delivery
			Eventually(func(g Gomega) {
				all = nil
				for {
					before := uint64(0)
					if len(all) > 0 {
						before = all[len(all)-1].Seq
					}
					page, err := servers[0].client.Deliveries(ctx, mockserver.DeliveryQuery{Provider: name, Before: before, Limit: 1000})
					g.Expect(err).NotTo(HaveOccurred())
					if len(page) == 0 {
						break
					}
					all = append(all, page...)
				}
				for _, d := range all {
					g.Expect(d.State).To(Equal(mockserver.Delivered), "%s of %s, %d attempts", d.ID, name, len(d.Attempts))
				}
			}, 100*time.Second, 500*time.Millisecond).Should(Succeed())
			slices.Reverse(all)
			stored := map[string]bool{}
			for _, d := range all {
				stored[d.ID] = true
				for i, a := range d.Attempts {
					Expect(a.N).To(Equal(i+1), "the attempts of %s", d.ID)
				}
				Expect(len(d.Attempts)).To(BeNumerically(">", 0))
				Expect(consumer.count(d)).To(BeNumerically(">=", max(3, len(sentOf(d)))), "requests of %s", d.ID)
			}
			Expect(len(emitted[name])).To(BeNumerically(">=", 10))
			for _, id := range emitted[name] {
				Expect(stored).To(HaveKey(id))
			}
			AddReportEntry(name, fmt.Sprintf("%d deliveries, %d acknowledged", len(all), len(emitted[name])))
			switch name {
			case "fifo":
				consumer.expectOrder(all)
			case "late": // a server that goes on does not send what another one has taken over
				for _, d := range all[len(all)-10:] {
					Expect(consumer.count(d)).To(Equal(len(d.Attempts)), "requests of %s", d.ID)
				}
			}
		}
		together, _ := consumer.seen()
		Expect(together).To(BeEmpty())

		highest := 0
		for body, n := range taken {
			i, err := strconv.Atoi(body)
			Expect(err).NotTo(HaveOccurred())
			Expect(n).To(Equal(1), "how often response %d was taken", i)
			highest = max(highest, i)
		}
		missing := highest + 1 - len(taken)
		Expect(len(taken)).To(BeNumerically(">", 100))
		Expect(missing).To(BeNumerically("<=", unanswered), "%d responses, %d requests without one", len(taken), unanswered)
		AddReportEntry("sequence", fmt.Sprintf("%d responses, %d requests without one, %d missing", len(taken), unanswered, missing))
	}, SpecTimeout(4*time.Minute))
})

// count returns how many requests of deliveries came.
func (c *failing) count(list ...mockserver.Delivery) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range list {
		n += c.requests[d.Event.ID]
	}
	return n
}

// seen returns the deliveries of which two requests came at the same time, and all requests.
// Deliveries of one endpoint may go on while those of another are compared.
func (c *failing) seen() (together []string, events []exchanged) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.together), slices.Clone(c.events)
}

// sentOf returns the attempts of which something was sent.
func sentOf(d mockserver.Delivery) (list []mockserver.Attempt) {
	for _, a := range d.Attempts {
		if a.Outcome == "status" {
			list = append(list, a)
		}
	}
	return list
}

// expectOrder checks that no delivery of an endpoint that blocks began before the one before it was
// accepted.
func (c *failing) expectOrder(list []mockserver.Delivery) {
	GinkgoHelper()
	place := map[string]int{}
	for i, d := range list {
		place[d.Event.ID] = i
	}
	done := map[int]bool{}
	_, events := c.seen()
	for _, e := range events {
		i, known := place[e.id]
		if !known {
			continue
		}
		if i > 0 {
			Expect(done).To(HaveKey(i-1), "delivery %d came before %d was accepted", i, i-1)
		}
		if e.accepted {
			done[i] = true
		}
	}
	Expect(done).To(HaveLen(len(list)))
}

package acceptance_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

// How often the server is killed, and how many senders it has then.
const (
	kills   = 20
	senders = 16
)

var _ = Describe("hookrig serve --data", func() {
	It("keeps every capture whose sender saw a 2xx, through kill -9 at random moments", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
		acknowledged := make([][]int, senders) // numbers that a 2xx was seen for, by sender
		// the last number of each sender: none is used again, stored or not
		tried := make([]int, senders)
		var last uint64
		for range kills {
			r := serve("--data", dir)
			last = keepsAll(ctx, r.client, acknowledged, last)
			count := loadUntilKilled(ctx, r, acknowledged, tried, random.IntN(400))
			Expect(count).To(BeNumerically(">", 0), "the load ran before the kill")
		}
		r := serve("--data", dir)
		keepsAll(ctx, r.client, acknowledged, last)
	}, SpecTimeout(5*time.Minute))
})

// loadUntilKilled has every sender post numbered bodies until the server is gone; the kill comes
// after some acknowledgements, whatever requests are under way then.
func loadUntilKilled(ctx context.Context, r *server, acknowledged [][]int, tried []int, after int) int64 {
	GinkgoHelper()
	transport := &http.Transport{MaxIdleConnsPerHost: senders}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	var count atomic.Int64
	enough := make(chan struct{})
	var running sync.WaitGroup
	for s := range senders {
		running.Go(func() {
			for {
				tried[s]++
				number := tried[s]
				resp, err := client.Post(fmt.Sprintf("%s/crash/%d", r.capture, s), "text/plain", bytes.NewReader(body(s, number)))
				if err != nil {
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode/100 != 2 {
					return
				}
				acknowledged[s] = append(acknowledged[s], number)
				if count.Add(1) == int64(after)+1 {
					close(enough)
				}
			}
		})
	}
	select {
	case <-enough:
	case <-ctx.Done():
	}
	r.kill()
	running.Wait()
	return count.Load()
}

// body is what sender s posts as its number n: unique, with bytes that no text encoding survives.
func body(s, n int) []byte {
	filler := make([]byte, 200)
	random := rand.New(rand.NewPCG(uint64(s), uint64(n)))
	for i := range filler {
		filler[i] = byte(random.Uint32())
	}
	return append(fmt.Appendf(nil, "%d %d ", s, n), filler...)
}

// keepsAll reads the whole bin and holds it against what was acknowledged. It returns the highest
// sequence number.
func keepsAll(ctx context.Context, client *mockserver.Client, acknowledged [][]int, last uint64) uint64 {
	GinkgoHelper()
	seen := make([]map[int]bool, senders)
	highest := make([]int, senders)
	for s := range seen {
		seen[s] = map[int]bool{}
		highest[s] = -1
	}
	query := mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "crash", Limit: mockserver.MaxLimit, Oldest: true}}
	for {
		page, err := client.Captures(ctx, query)
		Expect(err).NotTo(HaveOccurred())
		for _, c := range page {
			var s, n int
			_, err := fmt.Sscanf(string(c.Body[:bytes.LastIndexByte(c.Body[:12], ' ')]), "%d %d", &s, &n)
			Expect(err).NotTo(HaveOccurred(), "body %q", c.Body[:12])
			Expect(c.Body).To(Equal(body(s, n)), "byte-identical")
			Expect(c.Target).To(Equal(fmt.Sprintf("/crash/%d", s)))
			Expect(strings.ToLower(c.Headers.Get("content-type"))).To(Equal("text/plain"))
			Expect(seen[s]).NotTo(HaveKey(n), "sender %d number %d stands once", s, n)
			Expect(n).To(BeNumerically(">", highest[s]), "in order")
			Expect(c.Seq).To(BeNumerically(">", query.After))
			seen[s][n], highest[s], query.After = true, n, c.Seq
		}
		if len(page) < mockserver.MaxLimit {
			break
		}
	}
	Expect(query.After).To(BeNumerically(">=", last))
	for s, numbers := range acknowledged {
		for _, n := range numbers {
			Expect(seen[s]).To(HaveKey(n), "sender %d saw a 2xx for number %d", s, n)
		}
	}
	return query.After
}

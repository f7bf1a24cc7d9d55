package acceptance_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

var _ = Describe("hookrig serve that is killed and stopped under load", func() {
	It("loses no capture that it acknowledged and no delivery to a bin, and leaves all of it in the database file", func(ctx SpecContext) {
		rounds := 6
		if n, err := strconv.Atoi(os.Getenv("HOOKRIG_RESTARTS")); err == nil {
			rounds = n // as many as patience allows
		}
		data := GinkgoT().TempDir()
		r := serve("--data", data)
		again := func() *server {
			GinkgoHelper()
			return listening(hookrig("serve", "--capture", strings.TrimPrefix(r.capture, "http://"), "--dashboard", strings.TrimPrefix(r.dashboard, "http://"), "--data", data))
		}
		// A bin that answers late, so that there is always a delivery under way.
		Expect(r.client.Configure(ctx, "late", mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Delay: mockserver.Duration(50 * time.Millisecond)}}}})).To(Succeed())
		_, err := r.client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: r.capture + "/late", Events: []string{"Pass:*"}})
		Expect(err).NotTo(HaveOccurred())

		var mu sync.Mutex
		acknowledged := map[string]string{}
		emitted := 0
		for round := range rounds {
			stop := make(chan struct{})
			var work sync.WaitGroup
			for sender := range 4 {
				work.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-stop:
							return
						default:
						}
						body := fmt.Sprintf("%d/%d/%d", round, sender, n)
						resp, err := http.Post(r.capture+"/load", "text/plain", strings.NewReader(body))
						if err != nil {
							continue // it is down
						}
						_, _ = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
						if resp.StatusCode == http.StatusOK {
							mu.Lock()
							acknowledged[resp.Header.Get("Hookrig-Capture")] = body
							mu.Unlock()
						}
					}
				})
			}
			work.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if resp, err := http.Post(r.dashboard+"/api/v1/providers/neostore/events", "application/json", strings.NewReader(`{"event": "Pass:Created"}`)); err == nil {
						if resp.StatusCode/100 == 2 {
							mu.Lock()
							emitted++
							mu.Unlock()
						}
						_ = resp.Body.Close()
					}
				}
			})
			// Until something of this round is stored: the moment is another one each time.
			Eventually(func() int {
				mu.Lock()
				defer mu.Unlock()
				return emitted
			}, "30s").Should(BeNumerically(">", 3*(round+1)))
			if round%6 == 5 {
				r.stop()
			} else {
				r.kill()
			}
			close(stop)
			work.Wait()
			r = again()
		}

		// Every delivery that was made arrives: at a bin of this server nothing is refused.
		deliveries := func() (states map[mockserver.State]int) {
			GinkgoHelper()
			states = map[mockserver.State]int{}
			q := mockserver.DeliveryQuery{Limit: mockserver.MaxLimit}
			for {
				page, err := r.client.Deliveries(ctx, q)
				Expect(err).NotTo(HaveOccurred())
				for _, d := range page {
					states[d.State]++
					q.Before = d.Seq
				}
				if len(page) < q.Limit {
					return states
				}
			}
		}
		Eventually(func() int { return deliveries()[mockserver.Pending] }, "60s").Should(BeZero())
		states := deliveries()
		Expect(states).To(HaveLen(1), "%v", states)
		Expect(states[mockserver.Delivered]).To(BeNumerically(">=", emitted))

		// The database file alone holds all that was acknowledged.
		r.stop()
		entries, err := os.ReadDir(data)
		Expect(err).NotTo(HaveOccurred())
		for _, entry := range entries {
			Expect(entry.Name()).NotTo(Or(HaveSuffix("-wal"), HaveSuffix("-shm")))
		}
		copied := GinkgoT().TempDir()
		file, err := os.ReadFile(filepath.Join(data, "journal.db"))
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(copied, "journal.db"), file, 0o600)).To(Succeed())
		store, err := sqlite.Open(ctx, copied, sqlite.Options{})
		Expect(err).NotTo(HaveOccurred())
		defer store.Close()
		for id, body := range acknowledged {
			kept, err := store.Capture(ctx, id)
			Expect(err).NotTo(HaveOccurred())
			Expect(bytes.Equal(kept.Body, []byte(body))).To(BeTrue(), id)
		}
		GinkgoWriter.Printf("%d restarts, %d captures acknowledged, %d events emitted, deliveries %v\n", rounds, len(acknowledged), emitted, states)
	}, SpecTimeout(20*time.Minute))
})

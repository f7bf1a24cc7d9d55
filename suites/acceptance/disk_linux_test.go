package acceptance_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("hookrig serve on a full disk", Serial, func() {
	It("answers 507 and counts, loses nothing that it answered 2xx, and goes on when there is room again", func(ctx SpecContext) {
		const size, filled, body = 48 << 20, 32 << 20, 100_000
		disk := smallDisk(size)
		filler := filepath.Join(disk, "filler")
		Expect(os.WriteFile(filler, make([]byte, filled), 0o600)).To(Succeed())
		r := serve("--data", filepath.Join(disk, "records"))

		// Several senders, until each was refused a few times: what one of them is told goes for it
		// alone.
		var mu sync.Mutex
		var work sync.WaitGroup
		stored, refused := map[string]byte{}, 0
		send := func(content byte) (status int) {
			resp, err := http.Post(r.capture+"/full", "application/octet-stream", bytes.NewReader(bytes.Repeat([]byte{content}, body)))
			Expect(err).NotTo(HaveOccurred())
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			Expect(err).NotTo(HaveOccurred())
			mu.Lock()
			defer mu.Unlock()
			switch resp.StatusCode {
			case http.StatusOK:
				stored[resp.Header.Get("Hookrig-Capture")] = content
			case http.StatusInsufficientStorage:
				refused++
				Expect(string(text)).To(Equal("hookrig has no room to store this request: delete captures, or keep fewer (--keep-bytes)\n"))
				Expect(resp.Header).NotTo(HaveKey("Hookrig-Capture"))
			default:
				Fail(fmt.Sprintf("status %d: %s", resp.StatusCode, text))
			}
			return resp.StatusCode
		}
		for sender := range byte(8) {
			work.Go(func() {
				defer GinkgoRecover()
				for times := 0; times < 3; {
					if send(sender) == http.StatusInsufficientStorage {
						times++
					}
				}
			})
		}
		work.Wait()
		Expect(stored).NotTo(BeEmpty())
		account := func() {
			GinkgoHelper()
			stats, err := r.client.Stats(ctx, "full")
			Expect(err).NotTo(HaveOccurred())
			Expect(stats.Refused.NoRoom).To(BeEquivalentTo(refused))
			Expect(stats.Stored).To(BeEquivalentTo(len(stored)))
			Expect(stats.Received).To(BeEquivalentTo(refused + len(stored)))
			Expect(r.metric(`hookrig_captures_irregular_total{kind="no_room"}`)).To(BeEquivalentTo(refused))
			Expect(r.metric(`hookrig_captures_refused_total{why="unstored"}`)).To(BeEquivalentTo(refused))
		}
		account()
		large := mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Body: strings.Repeat("x", 5*body)}}}}
		Expect(r.client.Configure(ctx, "other", large)).To(MatchError(mockserver.ErrFull))

		Expect(os.Remove(filler)).To(Succeed())
		for range 20 {
			Expect(send('r')).To(Equal(http.StatusOK), "there is room again")
		}
		account()

		// What was acknowledged is there, even after a crash.
		r.kill()
		r = serve("--data", filepath.Join(disk, "records"))
		for id, content := range stored {
			kept, err := r.client.Capture(ctx, id)
			Expect(err).NotTo(HaveOccurred())
			Expect(bytes.Equal(kept.Body, bytes.Repeat([]byte{content}, body))).To(BeTrue(), id)
		}
		kept, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "full", Limit: mockserver.MaxLimit}})
		Expect(err).NotTo(HaveOccurred())
		Expect(kept).To(HaveLen(len(stored)), "and nothing else is")
	}, SpecTimeout(2*time.Minute))
})

var _ = Describe("a disk that hookrig has filled", Serial, func() {
	It("is emptied by deletion, also after a restart, again and again", func(ctx SpecContext) {
		data := filepath.Join(smallDisk(64<<20), "records")
		r := serve("--data", data)
		fill := func() (stored int) {
			GinkgoHelper()
			for refused := 0; refused < 5; {
				resp, err := http.Post(fmt.Sprintf("%s/b%d", r.capture, stored%3), "application/octet-stream", bytes.NewReader(make([]byte, 50_000)))
				Expect(err).NotTo(HaveOccurred())
				Expect(resp.Body.Close()).To(Succeed())
				switch resp.StatusCode {
				case http.StatusOK:
					stored++
				case http.StatusInsufficientStorage:
					refused++
				default:
					Fail(resp.Status)
				}
			}
			return stored
		}
		Expect(fill()).To(BeNumerically(">", 300))
		for round := range 6 {
			for bin := range 1 + round%3 {
				Expect(r.client.ClearBin(ctx, fmt.Sprintf("b%d", bin))).Error().NotTo(HaveOccurred(), "round %d", round)
			}
			Expect(fill()).To(BeNumerically(">", 30), "round %d", round)
			switch round {
			case 2:
				r.kill()
				r = serve("--data", data)
			case 4:
				r.stop()
				r = serve("--data", data)
			}
		}
	}, SpecTimeout(2*time.Minute))
})

// smallDisk is the folder of a file system in memory that holds size bytes. Only root may make one.
func smallDisk(size int) string {
	GinkgoHelper()
	dir, err := os.MkdirTemp("", "hookrig-disk-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.Remove, dir)
	if err := syscall.Mount("hookrig", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		missing("tmpfs", "mount a file system of "+fmt.Sprint(size)+" bytes: "+err.Error())
	}
	DeferCleanup(func() {
		// The server that a failure leaves has files open there until it is killed, which comes
		// after this.
		Expect(syscall.Unmount(dir, syscall.MNT_DETACH)).To(Succeed())
	})
	return dir
}

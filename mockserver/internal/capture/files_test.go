package capture

import (
	"log/slog"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The server refuses connections before the process runs out of files.
func TestMaxConns(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int{0: 16384, 3: 1, 256: 176, 1024: 704, 20_000: 13_750, 1 << 20: 16384, ^uint64(0): 16384} {
		if got := maxConns(files); got != want {
			t.Errorf("of %d files: %d connections, want %d", files, got, want)
		}
	}
}

// broke is a listener that has no file descriptors until it is closed.
type broke struct {
	net.Listener
	asked int
}

func (b *broke) Accept() (net.Conn, error) {
	b.asked++
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
}

// Without file descriptors, the server keeps accepting, but does not spin.
func TestAcceptWithoutFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := journal.NewMemory(journal.MemoryOptions{})
		defer store.Close()
		s := &Server{o: Options{Store: store, Log: slog.New(slog.DiscardHandler)}, closing: make(chan struct{})}
		listener := &broke{}
		s.work.Add(1)
		go s.accept(listener, func(socket net.Conn) net.Conn { return socket })
		time.Sleep(time.Minute) // in the synctest bubble, where time advances by itself
		synctest.Wait()
		if listener.asked < 60 || listener.asked > 75 {
			t.Errorf("asked %d times in a minute, want about once a second", listener.asked)
		}
		close(s.closing)
		s.work.Wait()
	})
}

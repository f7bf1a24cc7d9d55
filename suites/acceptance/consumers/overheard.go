package consumers

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// caseSensitive needs the header lines as they were sent, which net/http does not show: the
// consumer listens in to its connections.
func caseSensitive(c *Consumer) {
	name := c.provider.signature
	if name == "X-Neostore-Signature" {
		name = strings.ToLower(name)
	}
	c.listen = func(l net.Listener) net.Listener { return overhearing{l} }
	c.do.verify = func(r *http.Request, body []byte) bool {
		conn, served := r.Context().Value(connKey{}).(*overheard)
		return served && bytes.Contains(conn.take(), []byte("\n"+name+":")) && c.verify(r, body)
	}
}

type overhearing struct{ net.Listener }

func (l overhearing) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &overheard{Conn: conn}, err
}

// overheard is a connection that keeps what was read since the last take.
type overheard struct {
	net.Conn
	mu   sync.Mutex
	read []byte
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.read = append(o.read, p[:n]...)
	return n, err
}

func (o *overheard) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	read := o.read
	o.read = nil
	return read
}

// answersOnce closes the connection after a response. A client that has sent the next request
// already is not told; others read "Connection: close".
func answersOnce(c *Consumer) {
	c.do.answer = func(w http.ResponseWriter, r *http.Request, status int) {
		_, _ = io.Copy(io.Discard, r.Body) // what was not read is no next request
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		line := "Connection: close\r\n"
		if buffered.Reader.Buffered() > 0 {
			line = ""
		}
		fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\n%sContent-Length: 0\r\n\r\n", status, http.StatusText(status), line)
	}
}

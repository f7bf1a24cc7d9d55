package wire_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// The reason quotes the answer of a peer that does not speak HTTP, without control characters that
// could affect a terminal.
func TestResponsesThatAreNotHTTP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, response, want string }{
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", `response "SSH-2.0-OpenSSH_9.2\r\n" is not HTTP: it looks like SSH: is the port right?`},
		{"HTTP/2 settings", "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d", `response "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d" is not HTTP: it looks like HTTP/2, which is not supported`},
		{"a TLS alert", "\x15\x03\x01\x00\x02\x02\x46", `response "\x15\x03\x01\x00\x02\x02F" is not HTTP: it looks like TLS: is this an https:// address?`},
		{"SMTP", "220 mail ESMTP\r\n", `response "220 mail ESMTP\r\n" is not HTTP`},
		{"an escape", "\x1b]0;owned\x07\u202e", `response "\x1b]0;owned\a\u202e" is not HTTP`},
		{"much", strings.Repeat("x", 1000), `response "` + strings.Repeat("x", 200) + `"… is not HTTP`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			consumer := listen(t, func(conn net.Conn) {
				if _, err := readRequest(bufio.NewReader(conn)); err == nil {
					io.WriteString(conn, tt.response)
				}
			})
			// while it waits for the response, or reads it
			want := "the response: malformed HTTP message: " + tt.want
			var client wire.Client
			r := client.Send(within(t), consumer.url, post("body"))
			if got := wire.Reason(r.Err); r.Outcome != wire.NoResponse || !strings.HasSuffix(got, want) {
				t.Errorf("Client: %s, %q, want %q", r.Outcome, got, want)
			}
			conn, err := wire.DialConn(within(t), consumer.url, nil, wire.Trust{})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, outcome, err := conn.RoundTrip(wire.Append(nil, post("body")), time.Time{})
			if got := wire.Reason(err); outcome != wire.NoResponse || !strings.HasSuffix(got, want) {
				t.Errorf("Conn: %s, %q, want %q", outcome, got, want)
			}
		})
	}
}

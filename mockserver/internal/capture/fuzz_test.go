package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FuzzServer sends raw bytes. The server does not panic, and it records a request as
// wire.ParseRequest parses it, if that can.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{
		"POST /b/x?y HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n",
		"GET /b HTTP/1.0\nX:\n\nGET /b HTTP/1.1\r\n\r\n",
		"POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
		"PUT http://h/b HTTP/1.1\r\n bad\r\n\r\n", "\r\n\r\n", "POST /b", "GET * HTTP/9.9\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	s, store := start(f, func(o *capture.Options) { o.MaxBody, o.MaxHead = 64<<10, 4<<10 })
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := newest(t, store)
		c := dial(t, s)
		go func() {
			_, _ = c.Write(raw) // fails when the server refuses the rest
			_ = c.CloseWrite()
		}()
		_, _ = io.ReadAll(c) // sometimes ends with an RST
		all, err := store.Captures(t.Context(), journal.CaptureQuery{After: before, Oldest: true, Limit: journal.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range all {
			if got.Bin == "" || len(got.Body) > 64<<10 {
				t.Fatalf("capture %+v", got)
			}
			if !bytes.Contains(raw, got.Bytes()) {
				t.Fatalf("recorded %q, which was not sent: %q", got.Bytes(), raw)
			}
		}
		want, err := wire.ParseRequest(raw)
		if err != nil || len(all) == 0 || len(all[0].Problems) > 0 {
			return
		}
		if got := all[0].Message; got.Method != want.Method || got.Target != want.Target || got.Version != want.Version || !cmp.Equal(got.Headers[:], want.Headers[:]) {
			t.Fatalf("captured %+v, sent %+v", got, want)
		}
	})
}

func newest(t testing.TB, store journal.Store) uint64 {
	all, err := store.Captures(t.Context(), journal.CaptureQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		return 0
	}
	return all[0].Seq
}

// The captures equal the well-formed requests that were sent, in whatever pieces and on whatever
// connection.
func TestCapturesEqualWhatWasSent(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	token := rapid.StringMatching("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}")
	value := rapid.StringMatching(`([!-~\x80-\xff]([ -~\t\x80-\xff]{0,20}[!-~\x80-\xff])?)?`)
	// Other tests cover names that concern the connection.
	name := token.Filter(func(n string) bool {
		return !strings.Contains("|host|content-length|transfer-encoding|connection|expect|", "|"+strings.ToLower(n)+"|")
	})
	rapid.Check(t, func(rt *rapid.T) {
		before := newest(t, store)
		var raw bytes.Buffer
		var sent []wire.Message
		for range rapid.IntRange(1, 4).Draw(rt, "requests") {
			m := wire.Message{
				Method:  token.Draw(rt, "method"),
				Target:  "/bin" + rapid.StringMatching(`([/?#][!-~\x80-\xff]{0,30})?`).Draw(rt, "target"),
				Version: "HTTP/1.1",
				Headers: signature.Headers{{Name: "Host", Value: "x"}},
				Body:    rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "body"),
			}
			for range rapid.IntRange(0, 5).Draw(rt, "lines") {
				m.Headers.Add(name.Draw(rt, "name"), value.Draw(rt, "value"))
			}
			if rapid.Bool().Draw(rt, "chunked") {
				m.Headers.Add("Transfer-Encoding", "chunked")
			} else {
				m.Headers.Add("Content-Length", fmt.Sprint(len(m.Body)))
			}
			raw.Write(wire.Append(nil, m))
			sent = append(sent, m)
		}
		c := dial(t, s)
		defer c.Close()
		go func() {
			for raw.Len() > 0 {
				if _, err := c.Write(raw.Next(1 + raw.Len()/3)); err != nil {
					return
				}
			}
			_ = c.CloseWrite()
		}()
		if _, err := io.ReadAll(c); err != nil {
			rt.Fatal(err)
		}
		got, err := store.Captures(t.Context(), journal.CaptureQuery{After: before, Oldest: true})
		if err != nil || len(got) != len(sent) {
			rt.Fatalf("%d captures of %d requests, %v", len(got), len(sent), err)
		}
		for i := range got {
			if diff := cmp.Diff(sent[i], got[i].Message); diff != "" {
				rt.Fatalf("request %d (-sent +captured):\n%s", i+1, diff)
			}
			if want := wire.Append(nil, sent[i]); !bytes.Equal(got[i].Bytes(), want) {
				rt.Fatalf("recorded %q, sent %q", got[i].Bytes(), want)
			}
			if len(got[i].Problems) > 0 {
				rt.Fatalf("problems %q", got[i].Problems)
			}
		}
	})
}

package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
)

// node is a server of several on one database.
type node struct {
	capture string
	client  *mockserver.Client
}

func startNode(t *testing.T, address string) node {
	t.Helper()
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", address)
	capture := strings.TrimSuffix(line(t, s.out, `^capture +(\S+)`)[1], "/<bin>")
	dashboard := line(t, s.out, `^dashboard +(\S+)`)[1]
	if data := line(t, s.out, `^data +(\S+)`)[1]; strings.Contains(data, "secret") || !strings.HasPrefix(data, "postgres://hookrig@") {
		t.Errorf("data is shown as %s", data)
	}
	go io.Copy(io.Discard, s.out)
	go io.Copy(io.Discard, s.err)
	client, err := mockserver.Dial(dashboard, "")
	if err != nil {
		t.Fatal(err)
	}
	return node{capture, client}
}

func (n node) post(t *testing.T, path, body string) int {
	t.Helper()
	resp, err := http.Post(n.capture+path, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Two servers on one database show each other's captures, and a wait on one of them ends with a
// capture of the other.
func TestServersShareADatabase(t *testing.T) {
	address := strings.Replace(pgtest.Start(t), "hookrig@", "hookrig:secret@", 1)
	one, two := startNode(t, address), startNode(t, address)
	waited := make(chan error, 1)
	var found mockserver.Waited
	go func() {
		var err error
		found, err = two.client.Wait(t.Context(), "inbox", mockserver.Wait{Count: 1, Timeout: mockserver.Duration(20 * time.Second)})
		waited <- err
	}()
	if status := one.post(t, "/inbox", "first"); status != http.StatusOK {
		t.Fatal(status)
	}
	if err := <-waited; err != nil || len(found.Matched) != 1 || string(found.Matched[0].Body) != "first" {
		t.Errorf("%+v, %v", found, err)
	}
	if status := two.post(t, "/inbox", "second"); status != http.StatusOK {
		t.Fatal(status)
	}
	for _, n := range []node{one, two} {
		list, err := n.client.Captures(t.Context(), mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "inbox"}})
		if err != nil || len(list) != 2 || string(list[0].Body) != "second" {
			t.Errorf("%+v, %v", list, err)
		}
	}
}

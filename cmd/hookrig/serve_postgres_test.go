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
	capture   string
	dashboard string
	client    *mockserver.Client
}

func startNode(t *testing.T, address string) node {
	t.Helper()
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", address, "--drain", "0s")
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
	return node{capture, dashboard, client}
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

// What is configured on one server applies on the other ones, and each server makes its own
// deliveries: a server that starts does not send what another one has pending.
func TestServersShareSettings(t *testing.T) {
	address := strings.Replace(pgtest.Start(t), "hookrig@", "hookrig:secret@", 1)
	one, two := startNode(t, address), startNode(t, address)
	if err := one.client.Configure(t.Context(), "inbox", mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 418}}}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the settings of the bin", func() bool { return two.post(t, "/inbox", "x") == 418 })
	if err := two.client.Configure(t.Context(), "inbox", mockserver.Settings{}); err != nil {
		t.Fatal(err)
	}
	until(t, "settings that were deleted", func() bool { return one.post(t, "/inbox", "x") == 200 })

	endpoint, err := one.client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: one.capture + "/failing", Retry: "like stripe"})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.client.Configure(t.Context(), "failing", mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 500}}}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the endpoint", func() bool {
		list, err := two.client.Endpoints(t.Context(), "neostore")
		return err == nil && len(list) == 1 && list[0].ID == endpoint.ID
	})
	for _, n := range []node{one, two} {
		made, err := n.client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Created"})
		if err != nil || len(made) != 1 {
			t.Fatalf("%+v, %v", made, err)
		}
	}
	three := startNode(t, address)
	until(t, "two attempts", func() bool {
		list, err := three.client.Deliveries(t.Context(), mockserver.DeliveryQuery{State: mockserver.Pending})
		return err == nil && len(list) == 2 && len(list[0].Attempts) == 1 && len(list[1].Attempts) == 1
	})
	if list, err := three.client.Captures(t.Context(), mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "failing"}}); err != nil || len(list) != 2 {
		t.Errorf("%d captures, %v: want one of each delivery", len(list), err)
	}
	if err := three.client.Remove(t.Context(), "neostore", endpoint.ID); err != nil {
		t.Fatal(err)
	}
	until(t, "the endpoint that was removed", func() bool {
		list, err := one.client.Endpoints(t.Context(), "neostore")
		return err == nil && len(list) == 0
	})
}

// until waits until a condition holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("waited for %s", what)
		}
	}
}

// A wrong address is said to be wrong, without its password. None is taken for a folder.
func TestWrongAddresses(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	for _, row := range []struct {
		data string
		code int
		want string
	}{
		{"postgre://u:s3cret@h/db", exitMisuse, "--data is no directory, and not the address of a database"},
		{"postgres:/u:s3cret@h/db", exitMisuse, "--data is no directory"},
		{"postgresql:u:s3cret@h/db", exitMisuse, "--data is no directory"},
		{"POSTGRES://u:s3cret@h/db", exitMisuse, "in small letters"},
		{"jdbc:postgresql://h/db?user=u&password=s3cret", exitMisuse, "--data is no directory"},
		{"mysql://u:s3cret@h/db", exitMisuse, "--data is no directory"},
		{"host=h user=u password=s3cret dbname=db", exitMisuse, "--data is no directory"},
		{"postgres://u:s3cret#1@h/db", exitMisuse, "with %XX for special characters of the password"},
		{"postgres://u:s3/cret@h/db", exitMisuse, "with %XX for special characters of the password"},
		{"postgres://u:s3cret@h/db?sslmode=perhaps", exitMisuse, "an option, or a file that it names, is wrong"},
		{address + "&password=s3cret&serch_path=x", exitMisuse, `unrecognized configuration parameter "serch_path"`},
		{strings.Replace(address, "/postgres?", "/shpo?", 1) + "&password=s3cret", exitInconclusive, "create it with: createdb shpo"},
		{"postgres://u:s3cret@127.0.0.1:1/db", exitInconclusive, "connection refused; start the server, or check host, port and firewall"},
	} {
		s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", row.data)
		stdout, stderr := s.end(t, row.code)
		if !strings.Contains(stderr, row.want) || strings.Contains(stdout+stderr, "s3cret") || strings.Contains(stdout+stderr, "s3/cret") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %s%s; want %q and no password", row.data, stdout, stderr, row.want)
		}
	}
}

// An address that was read from a file may end in an empty line.
func TestAddressOfAFile(t *testing.T) {
	t.Parallel()
	if n := startNode(t, " "+strings.Replace(pgtest.Start(t), "hookrig@", "hookrig:secret@", 1)+"\n"); n.post(t, "/inbox", "x") != http.StatusOK {
		t.Error("not stored")
	}
}

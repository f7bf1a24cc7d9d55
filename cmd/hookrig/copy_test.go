package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// fillFolder stores requests, settings, an endpoint and pending deliveries in a folder, through a
// server. Each request and its response name the consumer's address.
func fillFolder(t *testing.T, dir, consumer string, requests int) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := mockserver.Start(t.Context(), mockserver.Options{Store: store, Dashboard: dashboard.Handler, RealClock: true, CADir: dir})
	if err != nil {
		t.Fatal(err)
	}
	client := server.Client()
	if err := client.Configure(t.Context(), "inbox", mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 418, Body: "teapot"}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: consumer, Retry: "like stripe"}); err != nil {
		t.Fatal(err)
	}
	if made, err := client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Created"}); err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	for i := range requests {
		c := mockserver.Capture{Bin: "inbox", Peer: "p", Message: mockserver.Message{Method: "POST", Target: "/inbox", Body: bytes.Repeat([]byte{0, 0xff, byte(i)}, 2000)}}
		if err := store.AppendCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "an attempt", func() bool {
		list, err := client.Deliveries(t.Context(), mockserver.DeliveryQuery{})
		return err == nil && len(list) == 1 && len(list[0].Attempts) > 0
	})
	server.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// The data of a folder go to a database, whose servers go on with them, and come back the same.
func TestCopyToADatabaseAndBack(t *testing.T) {
	t.Parallel()
	address := strings.Replace(pgtest.Start(t), "hookrig@", "hookrig:secret@", 1)
	dir, back := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	fillFolder(t, dir, "http://127.0.0.1:1/hooks", 200)
	stdout, stderr := start(t, "copy", "--from", dir, "--to", address).end(t, exitPassed)
	want(t, stdout, `(?s)^captures    200 in 1 bin\ndeliveries  1, 1 pending, with \d+ attempts?\ndocuments   \d+\nsize        1.2MiB\nnumbers     go on after capture 200 and delivery 1\nverified    SHA-256 [0-9a-f]{64} `)
	stdout, _ = start(t, "copy", "--from", address, "--to", back).end(t, exitPassed)
	want(t, stdout, `captures    200 in 1 bin`)
	_, refused := start(t, "copy", "--from", dir, "--to", address).end(t, exitMisuse)
	want(t, refused, `^hookrig: --to: postgres://hookrig@.* has other data: name another schema with \?search_path=NAME`)
	if strings.Contains(stdout+stderr+refused, "secret") {
		t.Errorf("the password is printed: %s%s%s", stdout, stderr, refused)
	}

	n := startNode(t, address)
	if status := n.post(t, "/inbox", "next"); status != http.StatusTeapot {
		t.Errorf("status %d: the settings of the bin are lost", status)
	}
	list, err := n.client.Captures(t.Context(), mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "inbox", Limit: 2}})
	if err != nil || len(list) != 2 || list[0].Seq != 201 || list[1].Seq != 200 || len(list[1].Body) != 6000 {
		t.Errorf("%v, %+v", err, list)
	}
	until(t, "the next attempt", func() bool {
		list, err := n.client.Deliveries(t.Context(), mockserver.DeliveryQuery{})
		return err == nil && len(list) == 1 && list[0].State == mockserver.Pending
	})
	_, refused = start(t, "copy", "--from", address, "--to", filepath.Join(t.TempDir(), "c")).end(t, exitInconclusive)
	want(t, refused, `^hookrig: --from: .* journal is in use: stop its servers first \(1\)`)
}

// The program that copies is killed at many points, and goes on.
func TestCopySurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	dir := t.TempDir()
	fillFolder(t, dir, "http://127.0.0.1:1/hooks", 3000)
	for i, to := range []string{address + "&search_path=killed", filepath.Join(t.TempDir(), "killed")} {
		var stdout string
		kills := 0
		for delay := 20 * time.Millisecond; ; delay += delay / 2 {
			var out, errs bytes.Buffer
			cmd := exec.Command("hookrig", "copy", "--from", dir, "--to", to)
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			timer.Stop()
			if err == nil {
				stdout = out.String()
				break
			}
			if code := cmd.ProcessState.ExitCode(); code == exitInconclusive && strings.Contains(errs.String(), "another copy to it runs") {
				continue // the database has not noticed yet that the connection has ended
			} else if code == exitMisuse && strings.Contains(errs.String(), "other data") && kills > 0 {
				break // it was killed after its end
			} else if code >= 0 {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			kills++
		}
		t.Logf("%d kills", kills)
		if stdout != "" {
			want(t, stdout, `^captures    3000 in 1 bin`)
		}
		stdout, _ = start(t, "copy", "--from", to, "--to", filepath.Join(t.TempDir(), fmt.Sprint(i))).end(t, exitPassed)
		want(t, stdout, `^captures    3000 in 1 bin\n`)
		if original, _ := start(t, "copy", "--from", dir, "--to", filepath.Join(t.TempDir(), fmt.Sprint("again", i))).end(t, exitPassed); original != stdout {
			t.Errorf("the copy of a copy prints\n%sand that of the original\n%s", stdout, original)
		}
	}
}

func TestCopySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"copy"}, exitMisuse, `--from is missing: want a folder, or postgres://`},
		{[]string{"copy", "--from", "memory", "--to", dir}, exitMisuse, `--from memory: want a folder`},
		{[]string{"copy", "--from", filepath.Join(dir, "none"), "--to", dir}, exitMisuse, `--from: .*none has no journal`},
		{[]string{"copy", "--from", "postgres://h:x/db", "--to", dir}, exitMisuse, `--from: .*want postgres://USER:PASSWORD@HOST:PORT/DATABASE`},
		{[]string{"copy", "--from", "postgres://u:secret@127.0.0.1:1/db", "--to", dir}, exitInconclusive, `--from: .*start the server`},
	} {
		_, stderr := start(t, c.args...).end(t, c.code)
		want(t, stderr, c.says)
	}
}

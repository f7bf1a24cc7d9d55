package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// workerProcess starts the program as a worker and waits until it takes shards.
func workerProcess(t *testing.T, address string, args ...string) *os.Process {
	t.Helper()
	cmd := exec.Command("hookrig", append([]string{"worker", "--on", address, "--workers", "2"}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	said := bufio.NewReader(stderr)
	line(t, said, `^worker \S+ takes 2 shards at a time`)
	go func() { _, _ = io.Copy(t.Output(), said) }()
	return cmd.Process
}

// takeRequests returns the requests in a bin as they were sent, sorted, and deletes them. It
// replaces signatures that contain the time.
func takeRequests(t *testing.T, client *mockserver.Client, bin string) []string {
	t.Helper()
	var list []string
	for c, err := range allOf(t.Context(), client, bin, 0) {
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s %s\n", c.Method, c.Target, c.Version)
		for _, h := range c.Headers {
			if h.Name == "Stripe-Signature" {
				h.Value = "(of now)"
			}
			fmt.Fprintf(&b, "%s: %s\n", h.Name, h.Value)
		}
		list = append(list, b.String()+"\n"+string(c.Body))
	}
	if _, err := client.ClearBin(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// A burst of four shards over two worker processes sends the requests that one process sends, byte
// for byte but for the signatures of stripe, which contain the time, and is accounted for exactly.
// When a worker is killed, the command says which shards are lost.
func TestBurstOverWorkers(t *testing.T) {
	t.Parallel()
	address := strings.Replace(pgtest.Start(t), "hookrig@", "hookrig:topsecret@", 1)
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	workerProcess(t, address)
	victim := workerProcess(t, address)
	flags := []string{"burst", "neostore=2", "stripe", "github", "subscribfy", "ethpass", "--secret", "whsec_s3cret", "--seed", "11", "--count", "2000", "--fault", "duplicate=5%", "--connections", "8"}

	stdout, _ := start(t, append(flags, "--to", server.CaptureURL()+"/load")...).end(t, exitPassed)
	want(t, stdout, `(?m)^captured      2000, lost 0, duplicated 0, unexpected 0, corrupted 0, out of order 0$`)
	client := server.Client()
	one := takeRequests(t, client, "load")
	stdout, stderr := start(t, append(flags, "--to", server.CaptureURL()+"/load", "--rate", "1500", "--on", address, "--shards", "4")...).end(t, exitPassed)
	want(t, stdout, `(?m)^captured      2000, lost 0, duplicated 0, unexpected 0, corrupted 0, out of order 0$`)
	want(t, stdout, `(?m)^shards  node +clock behind, ms +at the end +sent +of +late$`)
	want(t, stdout, `(?m)^     3  \S+/\d+ +-?\d+\.\d\d ± \d+\.\d\d +-?\d+\.\d\d ± \d+\.\d\d +(\d+) +(\d+) +\d+$`)
	if strings.Contains(stdout+stderr, "secret") || strings.Contains(stdout+stderr, "s3cret") {
		t.Errorf("a secret was printed: %s%s", stdout, stderr)
	}
	if four := takeRequests(t, client, "load"); len(one) < 2000 || !slices.Equal(one, four) {
		t.Errorf("one process sent %d requests and four shards %d, or others", len(one), len(four))
		for i := range min(len(one), len(four)) {
			if one[i] != four[i] {
				t.Errorf("for example\n%s\nand\n%s", one[i], four[i])
				break
			}
		}
	}

	killed := start(t, "burst", "neostore", "--secret", "s", "--seed", "11", "--count", "6000", "--rate", "400", "--to", server.CaptureURL()+"/killed",
		"--on", address, "--shards", "4", "--json", "-")
	waited := make(chan error, 1)
	go func() {
		_, err := client.Wait(t.Context(), "killed", mockserver.Wait{Count: 800, Timeout: mockserver.Duration(20 * time.Second)})
		waited <- errors.Join(err, victim.Kill())
	}()
	stdout, stderr = killed.end(t, exitInconclusive)
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	want(t, stderr, `(?m)^hookrig: a worker died, and its part of the burst was not sent again\nshard \d on \S+: the node died: \d+ of its \d+ events are known to be sent, and up to \d+ more may have been, of the numbers \d+ to \d+$`)
	var report burst.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	dead := 0
	for _, s := range report.Shards {
		if s.Dead {
			dead++
		}
	}
	if a := report.Accounting; dead != 2 || a == nil || a.Lost+a.Duplicated+a.Unexpected+a.Corrupted != 0 {
		t.Errorf("%d dead shards, %+v", dead, report.Accounting)
	}
}

// What is wrong with a burst over several machines is said before anything is sent.
func TestBurstOverNobody(t *testing.T) {
	t.Parallel()
	to := []string{"burst", "neostore", "--to", "http://127.0.0.1:1/x", "--count", "10"}
	for _, row := range []struct {
		code int
		want string
		args []string
	}{
		{exitMisuse, "--on needs the number of parts", []string{"--on", "postgres://127.0.0.1/x"}},
		{exitMisuse, "add --on postgres://", []string{"--shards", "3"}},
		{exitMisuse, "--on: address of the database: want postgres://USER:PASSWORD@HOST:PORT/DATABASE", []string{"--on", "s3cret", "--shards", "3"}},
		{exitMisuse, "16 connections over 17 shards", []string{"--on", "postgres://127.0.0.1/x", "--shards", "17"}},
		{exitInconclusive, "hookrig: database: ", []string{"--on", "postgres://u:s3cret@127.0.0.1:1/x", "--shards", "3"}},
	} {
		_, stderr := start(t, append(slices.Clone(to), row.args...)...).end(t, row.code)
		want(t, stderr, row.want)
		if strings.Contains(stderr, "s3cret") {
			t.Errorf("%q prints the password: %s", row.args, stderr)
		}
	}
	_, stderr := start(t, "serve", "--data", "memory", "--burst-workers", "2").end(t, exitMisuse)
	want(t, stderr, `--burst-workers 2: want 1 or more, and --data postgres://`)
	_, stderr = start(t, "worker", "--workers", "0").end(t, exitMisuse)
	want(t, stderr, `--workers 0: want 1 or more`)
	_, stderr = start(t, "worker").end(t, exitMisuse)
	want(t, stderr, `--on: address of the database`)

	address := pgtest.Start(t)
	_, stderr = start(t, append(slices.Clone(to), "--on", address, "--shards", "2", "--join", "1s")...).end(t, exitInconclusive)
	want(t, stderr, `(?m)^0 of 2 shards ready$`)
	want(t, stderr, `hookrig: not enough workers: 0 of 2 shards were taken within 1s, and the burst did not begin: start more workers, as in hookrig worker --on URL --workers 2`)
}

// A server takes shards of bursts on its own database.
func TestServeTakesShards(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", address, "--burst-workers", "2")
	capture := strings.TrimSuffix(line(t, s.out, `^capture +(\S+)`)[1], "/<bin>")
	go io.Copy(io.Discard, s.out)
	go io.Copy(io.Discard, s.err)
	stdout, _ := start(t, "burst", "neostore", "--to", capture+"/load", "--count", "300", "--on", address, "--shards", "2").end(t, exitPassed)
	want(t, stdout, `(?m)^captured      300, lost 0,`)
}

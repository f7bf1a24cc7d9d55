// Package pgtest starts private PostgreSQL servers for tests: in a temporary folder, on a Unix
// socket only, as an ordinary user and without a password.
package pgtest

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Start starts a server and returns the address of its database postgres. The server stops when the
// test ends. Without PostgreSQL on this machine the test is skipped, or fails if HOOKRIG_REQUIRE
// names postgres.
func Start(t testing.TB) (dsn string) {
	t.Helper()
	bin, err := programs()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), "postgres") {
			t.Fatalf("HOOKRIG_REQUIRE asks for postgres: %v", err)
		}
		t.Skip(err)
	}
	// A socket's path has at most 107 bytes, so the folder is not t.TempDir.
	folder, err := os.MkdirTemp("", "hookrig-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	as := ordinaryUser(t, folder)
	data := filepath.Join(folder, "data")
	run(t, as, filepath.Join(bin, "initdb"), "-D", data, "-U", "hookrig", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=on")
	server.SysProcAttr = as
	server.Dir = folder
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Wait()
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt) // a fast shutdown
		<-ended
		if t.Failed() {
			t.Logf("postgres: %s", log.String())
		}
	})
	waitReady(t, filepath.Join(data, "postmaster.pid"), ended)
	return "postgres://hookrig@/postgres?host=" + url.QueryEscape(folder)
}

// programs returns the folder that has initdb.
func programs() (string, error) {
	// Debian keeps each version in a folder that is not in PATH.
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("no initdb here: install postgresql")
	}
	return filepath.Dir(path), nil
}

// run runs a program to its end.
func run(t testing.TB, as *syscall.SysProcAttr, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.SysProcAttr, cmd.Dir = as, "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// waitReady waits until the server writes into its file that it takes connections.
func waitReady(t testing.TB, file string, ended <-chan struct{}) {
	t.Helper()
	for {
		state, err := os.ReadFile(file)
		if lines := strings.Split(string(state), "\n"); err == nil && len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready" {
			return
		}
		select {
		case <-ended:
			t.Fatal("the server ended at its start")
		case <-t.Context().Done():
			t.Fatal("the test ended before the server was ready")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

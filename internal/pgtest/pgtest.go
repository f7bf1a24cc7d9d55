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

// Start starts a server and returns the address of its database postgres. It survives the end of
// processes, but not that of the machine, unless the settings have "fsync=on", as benchmarks need
// it. The server stops when the test ends. With -short the test is skipped. Without PostgreSQL on
// this machine it is skipped, too, or fails if HOOKRIG_REQUIRE names postgres.
func Start(t testing.TB, settings ...string) (dsn string) {
	t.Helper()
	return StartServer(t, settings...).DSN
}

// Server is a server that a test can stop and start again.
type Server struct {
	// DSN is the address of the database postgres.
	DSN string

	t        testing.TB
	bin      string // the folder of the programs
	program  string
	settings []string
	folder   string
	as       *syscall.SysProcAttr
	log      strings.Builder
	process  *os.Process
	ended    chan struct{}
}

// StartServer does what Start does.
func StartServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a PostgreSQL server")
	}
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
	s := &Server{
		DSN: "postgres://hookrig@/postgres?host=" + url.QueryEscape(folder),
		t:   t, bin: bin, settings: append([]string{"listen_addresses=", "fsync=off"}, settings...), program: filepath.Join(bin, "postgres"), folder: folder, as: ordinaryUser(t, folder),
	}
	run(t, s.as, filepath.Join(bin, "initdb"), "-D", s.data(), "-U", "hookrig", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	s.Start()
	t.Cleanup(func() {
		s.stop(os.Interrupt) // a fast shutdown
		if t.Failed() {
			t.Logf("postgres: %s", s.log.String())
		}
	})
	return s
}

// Program returns the path of a program of the server, such as pgbench. The test is skipped if it
// is not there.
func (s *Server) Program(name string) string {
	s.t.Helper()
	path, err := exec.LookPath(filepath.Join(s.bin, name))
	if err != nil {
		s.t.Skip(err)
	}
	return path
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// Start starts a server that was stopped and waits until it takes connections.
func (s *Server) Start() {
	s.t.Helper()
	args := []string{"-D", s.data(), "-k", s.folder}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	server := exec.Command(s.program, args...)
	server.SysProcAttr, server.Dir = s.as, s.folder
	server.Stdout, server.Stderr = &s.log, &s.log
	if err := server.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process, s.ended = server.Process, make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = server.Wait()
	}()
	waitReady(s.t, filepath.Join(s.data(), "postmaster.pid"), s.ended)
}

// Stop ends the server at once, without a checkpoint and without a word to its clients: its next
// start recovers what was committed from its log.
func (s *Server) Stop() { s.stop(syscall.SIGQUIT) }

func (s *Server) stop(signal os.Signal) {
	_ = s.process.Signal(signal)
	<-s.ended
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

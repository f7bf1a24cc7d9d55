package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/terminal"
)

// shared is a buffer that a command writes and a test reads.
type shared struct {
	mu  sync.Mutex
	all bytes.Buffer
	new chan struct{}
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.new <- struct{}{}:
	default:
	}
	return s.all.Write(b)
}

func (s *shared) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// await waits until a text was written so many times.
func (s *shared) await(t *testing.T, text string, times int) {
	t.Helper()
	for strings.Count(s.text(), text) < times {
		select {
		case <-s.new:
		case <-t.Context().Done():
			t.Fatalf("no %d times %q in\n%s", times, text, s.text())
		case <-time.After(time.Minute):
			t.Fatalf("no %d times %q in\n%s", times, text, s.text())
		}
	}
}

// With --watch, a run follows every change of a file or of a file that it includes, also a change
// that is a mistake. The end of the context ends it, with the result of the last run.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "hookrig: 1\nname: a\nsteps: [{include: b.steps.yaml}]\n")
	write("b.steps.yaml", "- {id: first, advance: 1s}\n")
	out := &shared{new: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := make(chan int, 1)
	go func() {
		w := World{Stdout: terminal.NewWriter(out), Stderr: terminal.NewWriter(out), Environ: func() []string { return nil }}
		code <- Main(ctx, []string{"run", "--watch", dir}, w)
	}()
	out.await(t, "waiting for changes", 1)
	write("b.steps.yaml", "- {id: second, advance: 10s}\n")
	out.await(t, "b.steps.yaml changed", 1)
	out.await(t, "waiting for changes", 2)
	write("a.yaml", "hookrig: 1\nname: a\nstepps: [{include: b.steps.yaml}]\n")
	out.await(t, `did you mean "steps"?`, 1)
	out.await(t, "waiting for changes", 3)
	write("a.yaml", "hookrig: 1\nname: a\nsteps: [{include: b.steps.yaml}, {id: third, call: {url: 'http://127.0.0.1:1/'}}]\n")
	out.await(t, "waiting for changes", 4)
	write("new.yaml", "hookrig: 1\nname: new\nsteps: [{id: fourth, advance: 1s}]\n")
	out.await(t, "waiting for changes", 5)
	cancel()
	if got := <-code; got != exitInconclusive {
		t.Errorf("exit code %d\n%s", got, out.text())
	}
	for _, want := range []string{"passed        first", "passed        second", "no consumer at http://127.0.0.1:1/", "passed        fourth"} {
		if !strings.Contains(out.text(), want) {
			t.Errorf("no %q in\n%s", want, out.text())
		}
	}
}

// In a list, --json is a switch.
func TestListAsJSON(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"run --list --json":             "run --list --json=-",
		"run --json --list tests":       "run --json=- --list tests",
		"run --list --json tests":       "run --list --json=- tests",
		"run --list --json -":           "run --list --json -",
		"run --list --json=f":           "run --list --json=f",
		"run --json f tests":            "run --json f tests",
		"run tests -- --list --json":    "run tests -- --list --json",
		"events --list --json neostore": "events --list --json neostore",
		"":                              "",
	} {
		if got := strings.Join(listAsJSON(strings.Fields(args)), " "); got != want {
			t.Errorf("%s: want %s, got %s", args, want, got)
		}
	}
}

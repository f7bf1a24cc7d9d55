package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// At the end of the context, a program and what it started end. A pipe that the second has open for
// writing is at its end when nobody has.
func TestProcessEndsWithItsChildren(t *testing.T) {
	dir := t.TempDir()
	life := filepath.Join(dir, "life")
	if err := syscall.Mkfifo(life, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := start(ctx, dir, "sh", "-c", "(exec sleep 60 >life) & wait")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(life)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cancel()
	if err := p.wait(5 * time.Second); err == nil {
		t.Error("no error of a program that was ended")
	}
	if _, err := io.ReadAll(f); err != nil {
		t.Error(err)
	}
}

func TestProcessThatFails(t *testing.T) {
	p, err := start(t.Context(), t.TempDir(), "sh", "-c", "echo first; echo the reason >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(5 * time.Second); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
	if err := p.listening(t.Context(), "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Error(err)
	}
}

func TestProcessThatTakesTooLong(t *testing.T) {
	p, err := start(t.Context(), t.TempDir(), "sleep", "60")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(time.Millisecond); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	env := map[string]string{"ROUNDS": "3", "SECONDS": "2", "ONLY": "a, C", "BENCH": "long"}
	s, err := readSettings(t.TempDir(), func(name string) string { return env[name] })
	if err != nil || s.Rounds != 3 || s.Seconds != 2 || s.PacedSeconds != 60 || !s.wants("A") || s.wants("B") || !s.wants("C") {
		t.Errorf("%+v, %v", s, err)
	}
	for _, wrong := range []map[string]string{{"ROUNDS": "0"}, {"SECONDS": "x"}, {"ONLY": "Z"}} {
		if _, err := readSettings(t.TempDir(), func(name string) string { return wrong[name] }); err == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
}

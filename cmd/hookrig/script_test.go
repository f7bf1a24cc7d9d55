package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hookrig": main})
}

// Every script of testdata/script is a session with the program. -update writes the texts anew.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("NL", "\n")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "https": https},
	})
}

// exits CODE ARG… runs hookrig and wants that exit code; stdout and stderr are then those of the
// run.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG…")
	}
	err := ts.Exec("hookrig", args[1:]...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("hookrig: %v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// https KIND… starts an https server for each kind of certificate ("good", "name", "expired"),
// whose address is then $KIND. It answers 7. The authority that vouches for all of them is in
// ca.pem.
func https(ts *testscript.TestScript, neg bool, kinds []string) {
	if neg || len(kinds) == 0 {
		ts.Fatalf("usage: https KIND…")
	}
	a, err := newAuthority()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), a.pem, 0o600))
	for _, kind := range kinds {
		server, err := a.serve(kind, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "7") }))
		ts.Check(err)
		ts.Defer(server.Close)
		ts.Setenv(kind, server.URL)
	}
}

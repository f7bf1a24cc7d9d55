package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "https": https, "consumer": scriptConsumer},
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

// consumer [MISTAKE] starts a consumer of neostore with the secret S, whose URL is then $CONSUMER.
// It checks signatures and does everything twice that comes twice; /count says how often it acted.
// With the mistake "forgeries" it takes forged events, with "refuses" none.
func scriptConsumer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: consumer [MISTAKE]")
	}
	p, err := fixtures.Builtin().Provider("neostore")
	ts.Check(err)
	mistake := strings.Join(args, "")
	var acted atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/count" {
			_, _ = fmt.Fprint(w, acted.Load())
			return
		}
		m := signature.Message{Method: r.Method, Target: r.URL.RequestURI()}
		for name, values := range r.Header {
			for _, v := range values {
				m.Headers.Add(name, v)
			}
		}
		m.Body, _ = io.ReadAll(r.Body)
		if valid := p.Signing.Verify(m, signature.Context{}, "S").Verdict == signature.Valid; !valid && mistake != "forgeries" || mistake == "refuses" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		acted.Add(1)
	}))
	ts.Defer(server.Close)
	ts.Setenv("CONSUMER", server.URL)
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

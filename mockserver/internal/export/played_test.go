package export_test

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestGoTestRuns builds and runs the Go test in a separate module that uses this one.
func TestGoTestRuns(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/hookrig/hookrig"
	mod = []byte(strings.Replace(string(mod), "module "+module, "module example.org/captured", 1) +
		"\nrequire " + module + " v0.0.0\nreplace " + module + " => " + root + "\n")
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	malformed := journal.Capture{Message: wire.Message{Method: "BAD", Target: "/x"}, ID: "c1", Problems: []string{"malformed"}}
	test := write(t, "go", export.Options{Name: "inbox"}, capture(t, request(delicate)), malformed, capture(t, request(string(every))),
		capture(t, "PUT /in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"))
	dir := t.TempDir()
	for name, content := range map[string][]byte{"go.mod": mod, "go.sum": sum, "captured_test.go": []byte(test)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s\n%s", name, args, err, out, test)
		}
		return string(out)
	}
	if out := run("go", "test", "-count=1", "-vet=off", "-v", "."); !strings.Contains(out, "--- PASS: TestCaptured") {
		t.Errorf("nothing ran:\n%s", out)
	}
	if formatted, err := format.Source([]byte(test)); err != nil || string(formatted) != test {
		t.Errorf("it is not formatted: %v\n%s", err, test)
	}
}

package export_test

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/scenarios"
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

// TestScenarioPlays checks and runs the scenario: its events arrive with the same bodies, newly
// signed.
func TestScenarioPlays(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	bodies := []string{ // the second provider sends its secret unchanged
		`{"__eventName":"Pass:Created","n":12345678901234567890,"s":"a\/b","r":"${steps.x} $${y}","e":"é\u0085` + "\u0085\u2028\ufeff\x7f" + `"}`,
		`{"event": "pass:scan","x":` + delicate + "}\n",
	}
	var captures []journal.Capture
	for i, name := range []string{"neostore", "ethpass"} {
		endpoint := journal.Endpoint{URL: inbox.URL(), Secrets: []string{"hush"}}
		if _, err := server.Provider(name).Register(ctx, endpoint); err != nil {
			t.Fatal(err)
		}
		p, err := fixtures.Builtin().Provider(name)
		if err != nil {
			t.Fatal(err)
		}
		event, ok := p.Recognise(wire.Message{Body: []byte(bodies[i])})
		if !ok {
			t.Fatalf("%s is not recognised", bodies[i])
		}
		if _, err := server.Client().Emit(ctx, name, emission(event)); err != nil {
			t.Fatal(err)
		}
		if captures, err = inbox.Wait(ctx, i+1); err != nil {
			t.Fatal(err)
		}
	}
	other := capture(t, request(`{"no":"event"}`))
	file := write(t, "scenario", export.Options{Name: "Inbox, the 2nd!"}, append(captures, other, capture(t, request("\xff")))...)
	s, err := scenarios.Parse("captured.yaml", []byte(file), fixtures.Builtin())
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	if strings.Count(file, " is skipped: ") != 2 || strings.Contains(file, "hush") || s.Name != "captured-inbox-the-2nd" {
		t.Error(file)
	}
	client := mockserver.StartT(t).Client()
	report, err := scenarios.Run(ctx, client, s, scenarios.Options{})
	if err != nil || report.Status != scenarios.Passed {
		t.Fatalf("%v: %+v\n%s", err, report, file)
	}
	deliveries, err := client.Deliveries(ctx, journal.DeliveryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range bodies {
		if got := string(deliveries[len(deliveries)-1-i].Attempts[0].Sent.Body); got != want {
			t.Errorf("delivered %q, want %q", got, want)
		}
	}

	// Nothing is written before the first event, and at most a hundred comments about skipped
	// captures.
	f, _ := export.Find("scenario")
	many := slices.Repeat([]journal.Capture{other}, 1000)
	var nothing strings.Builder
	if err := f.Write(&nothing, all(many), export.Options{}); err == nil || nothing.Len() > 0 {
		t.Errorf("%v, after %d bytes", err, nothing.Len())
	}
	if file := write(t, "scenario", export.Options{}, append(many, captures[0])...); strings.Count(file, " is skipped: ") != 100 || !strings.Contains(file, "# 900 more are skipped here") {
		t.Errorf("%.9000s", file)
	}
	if err := f.Write(&strings.Builder{}, export.One(other), export.Options{}); err == nil || !strings.Contains(err.Error(), "hookrig replay") {
		t.Errorf("a capture that is no event: %v", err)
	}
}

func emission(e fixtures.Event) delivery.Emission {
	return delivery.Emission{Event: e.Name, Body: e.Body}
}

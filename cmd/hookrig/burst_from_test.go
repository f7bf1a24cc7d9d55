package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// Recorded requests, of a bin or of a file, are sent as load, and what arrived is accounted for.
func TestBurstFromRecordedRequests(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	ctx, client := t.Context(), server.Client()
	for i, body := range []string{delicate, "second", "second"} {
		sendRaw(t, client.BinURL("orders"), fmt.Sprintf("POST /orders/%d HTTP/1.1\r\nHost: h\r\nX-Odd: %d\r\nContent-Length: %d\r\n\r\n%s", i, i, len(body), body))
	}
	file := filepath.Join(t.TempDir(), "orders.jsonl")
	run(t, exitPassed, "", "export", "orders", "--format", "jsonl", "-o", file, "--server", server.DashboardURL())

	for _, from := range []string{"orders", file} {
		bin := fmt.Sprint("load-", len(from))
		stdout, stderr := run(t, exitPassed, "", "burst", "--from", from, "--to", client.BinURL(bin), "--keep-path", "--count", "31", "--connections", "4", "--json", "-")
		if want := "3 requests of " + from + ", as recorded\n"; stderr != want {
			t.Errorf("%q, want %q", stderr, want)
		}
		var report burst.Report
		if err := json.Unmarshal([]byte(stdout), &report); err != nil || report.Recorded != 3 || report.Sent != 31 || report.Accounting == nil || report.Accounting.Captured != 31 {
			t.Errorf("%v: %s", err, stdout)
		}
		captures, err := client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, Limit: 100}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range captures {
			if n := strings.TrimPrefix(c.Target, "/"+bin+"/"); c.Headers.Get("X-Odd") != n || n == "0" && string(c.Body) != delicate {
				t.Errorf("%s %v %q is none of those recorded", c.Target, c.Headers, c.Body)
			}
		}
	}

	// Without a count each is sent once; with a provider and a secret it is signed anew.
	if err := client.Configure(ctx, "signed", mockserver.Settings{Provider: "neostore", Secrets: []string{"new"}}); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := run(t, exitPassed, "", "burst", "neostore", "--from", file, "--to", client.BinURL("signed"), "--secret", "new")
	if !strings.Contains(stdout, "sent          3 of 3 in ") || !strings.Contains(stdout, "captured      3, lost 0, duplicated 0, unexpected 0") || !strings.Contains(stderr, ", each signed again with the scheme of neostore\n") {
		t.Errorf("%s%s", stdout, stderr)
	}
	signed, err := server.Bin("signed").Wait(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range signed {
		if c.Verification == nil || c.Verification.Verdict != signature.Valid {
			t.Errorf("%+v, want a valid signature", c.Verification)
		}
	}
	_, stderr = run(t, exitPassed, "", "burst", "neostore", "--from", file, "--to", client.BinURL("signed"))
	if !strings.Contains(stderr, "as recorded; with --secret each is signed again with the scheme of neostore\n") {
		t.Error(stderr)
	}
}

func TestBurstFromWhatCannotBe(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	to := server.Client().BinURL("load")
	wrong := filepath.Join(t.TempDir(), "wrong.jsonl")
	if err := os.WriteFile(wrong, []byte(`{"method":"POST","target":"/in","version":"HTTP/1.1","headers":[],"body":"eA=="}`+"\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		want string
		args []string
	}{
		{"no provider: name one, as in hookrig burst neostore --to URL, or send recorded requests with --from", []string{"--to", to}},
		{"--keep-path and --skip-invalid need recorded requests: add --from", []string{"neostore", "--to", to, "--keep-path"}},
		{"--events, --journeys, --population, --fault and --tenant cannot be combined with --from, which sends recorded requests", []string{"neostore", "--from", wrong, "--to", to, "--events", "Pass:*"}},
		{"--secret signs the recorded requests again: name the provider, as in hookrig burst neostore --from ", []string{"--from", wrong, "--to", to, "--secret", "s"}},
		{`--from "nothing": no such file, and the server at ` + server.DashboardURL() + " has no requests in a bin with this name", []string{"--from", "nothing", "--to", to}},
		{`--from "nothing": no such file; if this is a bin of a running server, set its dashboard with --server URL`, []string{"--from", "nothing", "--to", "http://127.0.0.1:1/"}},
		{"1 records are wrong, so nothing was sent: --skip-invalid skips them", []string{"--from", wrong, "--to", to}},
	} {
		if _, stderr := run(t, exitMisuse, "", append([]string{"burst"}, row.args...)...); !strings.Contains(stderr, row.want) {
			t.Errorf("%v: %q, want %q", row.args, stderr, row.want)
		}
	}
	stdout, _ := run(t, exitPassed, "", "burst", "--from", wrong, "--to", to, "--skip-invalid", "--no-reconcile")
	if !strings.Contains(stdout, "sent          1 of 1 in ") {
		t.Error(stdout)
	}
}

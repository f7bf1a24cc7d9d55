package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// serve says what it keeps, and keeps no more.
func TestServeKeepFlags(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"memory", t.TempDir()} {
		s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", data,
			"--keep-captures", "5", "--keep", "2MB", "--keep", "14d", "--max-body", "64KB")
		capture := line(t, s.out, `^capture +(\S+)/<bin>`)[1]
		dashboard := line(t, s.out, `^dashboard +(\S+)`)[1]
		for range 4 {
			line(t, s.out, `.`)
		}
		line(t, s.out, `^keeps +2MB in total, 5 captures per bin, \d+ deliveries, for 14d; bodies up to 64KB\n$`)
		go func() { _, _ = s.err.WriteTo(new(strings.Builder)) }()
		for i, size := range []int{10, 20, 30, 40, 50, 64_000, 64_001} {
			resp, err := http.Post(capture+"/a", "text/plain", strings.NewReader(strings.Repeat("x", size)))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if want := map[bool]int{true: 413, false: 200}[i == 6]; resp.StatusCode != want {
				t.Errorf("%d bytes: %s, want %d", size, resp.Status, want)
			}
		}
		if got := items(ask(t, dashboard+"/api/v1/bins/a/captures", nil)); len(got) != 5 {
			t.Errorf("%d captures, want 5", len(got))
		}
		limits := ask(t, dashboard+"/api/v1/server", nil).(map[string]any)["limits"]
		if got := fmt.Sprint(limits); !strings.Contains(got, "bytes:2e+06") || !strings.Contains(got, "for:336h0m0s") || !strings.Contains(got, "max_body:64000") {
			t.Errorf("limits %s", got)
		}
		s.interrupt()
		if code := <-s.code; code != 0 {
			t.Errorf("exit code %d", code)
		}
		if data != "memory" {
			if log, err := os.Stat(filepath.Join(data, "journal.db-wal")); err == nil && log.Size() > 0 {
				t.Errorf("the log has %d bytes after a clean stop", log.Size())
			}
		}
	}
}

// The help says once what is kept by default.
func TestKeepFlagsTellTheirDefaultOnce(t *testing.T) {
	var k keepFlags
	f := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	k.add(f)
	for line := range strings.Lines(f.FlagUsages()) {
		if strings.Count(line, "(default") > 1 || strings.Contains(line, "(default 0") {
			t.Errorf("%s", line)
		}
	}
}

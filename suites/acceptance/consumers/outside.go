package consumers

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed all:outside
var others embed.FS

// Outside is a consumer that others wrote.
type Outside struct {
	// Name is webhook, or the name of a reference receiver: right, or its flaw.
	Name string
	// Runtime is the program that runs it, which has to be installed: webhook or python3.
	Runtime string
	// Provider is what it takes: github, or orders, which OrdersFS has.
	Provider string
}

// Outsiders returns the consumers of others: webhook (github.com/adnanh/webhook, a Debian package),
// and the receivers of webhook-receiver-conformance, whose secret has 16 characters or more.
func Outsiders() []Outside {
	list := []Outside{{"webhook", "webhook", "github"}}
	for _, flaw := range []string{
		"right", "acknowledge-before-commit", "check-then-insert-race", "crash-after-effect-before-ack", "no-idempotency-record", "order-assuming",
		"sensitive-logging", "side-effect-before-deduplication", "signature-after-parse", "stale-signature-accepting",
	} {
		list = append(list, Outside{flaw, "python3", "orders"})
	}
	return list
}

// OrdersFS has the provider folder orders, for fixtures.Load.
func OrdersFS() fs.FS {
	sub, err := fs.Sub(others, "outside")
	if err != nil {
		panic(err) // the name is valid
	}
	return sub
}

// StartT runs the consumer on a free port until the test ends, and returns its address without a
// path. It answers at /hooks, at /effects with the count and, but for webhook, at /states/ENTITY
// and at /arm: after a POST there, a receiver that crashes does so at the next event.
// The test fails if the runtime is missing.
func (o Outside) StartT(t T, secret string) string {
	t.Helper()
	folder := t.TempDir()
	if o.Name == "webhook" {
		return startWebhook(t, folder, secret)
	}
	if err := os.CopyFS(folder, OrdersFS()); err != nil {
		t.Fatalf("%v", err)
	}
	return startProgram(t, folder, "python3", filepath.Join(folder, "receiver.py"), "--flaw", o.Name, "--secret", secret)
}

// startWebhook starts webhook with a hook that is signed like GitHub's, and one that shows its
// effects.
func startWebhook(t T, folder, secret string) string {
	t.Helper()
	type object map[string]any
	shell := func(id, method, script string, more object, arguments ...object) object {
		hook := object{
			"id": id, "http-methods": []string{method}, "execute-command": "/bin/sh", "command-working-directory": folder,
			"include-command-output-in-response":       true,
			"trigger-rule-mismatch-http-response-code": http.StatusUnauthorized,
			"pass-arguments-to-command":                append([]object{{"source": "string", "name": "-c"}, {"source": "string", "name": script}}, arguments...),
		}
		for name, value := range more {
			hook[name] = value
		}
		return hook
	}
	hooks, err := json.Marshal([]object{
		shell("hooks", http.MethodPost, `[ "$1" = ping ] || echo "$0" >>effects`, object{"trigger-rule": object{"match": object{
			"type": "payload-hmac-sha256", "secret": secret, "parameter": object{"source": "header", "name": "X-Hub-Signature-256"},
		}}}, object{"source": "header", "name": "X-GitHub-Delivery"}, object{"source": "header", "name": "X-GitHub-Event"}),
		shell("effects", http.MethodGet, `touch effects; printf '{"count": %d, "ids": [%s]}' $(wc -l <effects) "$(sed 's/.*/"&"/' effects | paste -sd ,)"`, nil),
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	file := filepath.Join(folder, "hooks.json")
	if err := os.WriteFile(file, hooks, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0") // webhook does not say which port it takes
	if err != nil {
		t.Fatalf("%v", err)
	}
	address := free.Addr().(*net.TCPAddr)
	_ = free.Close()
	cmd := exec.Command("webhook", "-hooks", file, "-ip", "127.0.0.1", "-port", fmt.Sprint(address.Port), "-urlprefix", "")
	if err := cmd.Start(); err != nil {
		t.Fatalf("webhook: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address.String())
		if err == nil {
			_ = conn.Close()
			return "http://" + address.String()
		}
		if time.Now().After(end) {
			t.Fatalf("webhook does not listen: %v", err)
		}
	}
}

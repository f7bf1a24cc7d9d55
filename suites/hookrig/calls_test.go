package hookrig_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/testcontainers/testcontainers-go/exec"

	"github.com/hookrig/hookrig/suites/hookrig"
)

// call makes a call of the API of a server and decodes what it returns.
func call(t *testing.T, server *hookrig.Container, method, path, body string, result any, token ...string) {
	t.Helper()
	dashboard, err := server.DashboardURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, dashboard+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if len(token) > 0 && token[0] != "" {
		req.Header.Set("Authorization", "Bearer "+token[0])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, resp)
	if resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s\n%s", method, path, resp.Status, text)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(text, result); err != nil {
		t.Fatalf("%s %s: %v\n%s", method, path, err, text)
	}
}

// post posts a text and wants a 2xx.
func post(t *testing.T, client *http.Client, url, text string) {
	t.Helper()
	resp, err := client.Post(url, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); resp.StatusCode >= 300 {
		t.Fatalf("%s: %s\n%s", url, resp.Status, got)
	}
}

// command runs the program in a container.
func command(t *testing.T, server *hookrig.Container, args ...string) (int, string) {
	t.Helper()
	code, out, err := server.Exec(t.Context(), append([]string{"/hookrig"}, args...), exec.Multiplexed())
	if err != nil {
		t.Fatal(err)
	}
	return code, readAll(t, out)
}

func read(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	defer resp.Body.Close()
	return []byte(readAll(t, resp.Body))
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

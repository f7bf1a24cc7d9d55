package dashboard_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// The binary has the page's files and none of its documentation.
func TestPageFiles(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	get := func(path string) (int, string) {
		resp, err := r.http.Get(r.DashboardURL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	for _, path := range []string{"/page/README.md", "/page/pictures", "/page/..%2fpage.go"} {
		if status, _ := get(path); status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
	modules, err := filepath.Glob("page/*.js")
	if err != nil || len(modules) == 0 {
		t.Fatal("no modules", err)
	}
	address := regexp.MustCompile(`(?:from |src=|href=)"(/page/[^"]+)"`)
	for _, module := range append(modules, "page/dashboard.html", "page/docs.html") {
		raw, err := os.ReadFile(module)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range address.FindAllStringSubmatch(string(raw), -1) {
			if status, _ := get(found[1]); status != http.StatusOK {
				t.Errorf("%s wants %s: status %d", module, found[1], status)
			}
		}
		for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			if strings.Contains(string(raw), way) {
				t.Errorf("%s has %s: what was captured is only ever text", module, way)
			}
		}
	}
	if status, help := get("/api/v1/query"); status != http.StatusOK || !strings.Contains(help, "header.x-event:created") {
		t.Errorf("the help: status %d, %s", status, help)
	}
}

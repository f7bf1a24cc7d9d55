package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// A write must say that it is JSON: a form of another site cannot.
func TestWritesAreJSON(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.DeskURL()+"/api/v1/clock/advance", strings.NewReader(`{"by": "2h"}`))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%q: status %d, want 415", contentType, resp.StatusCode)
		}
	}
}

// The gate stands in front of the real desk.
func TestTheDeskIsGuarded(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{Token: "open sesame"})
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"/api/v1/bins", "", 401},
		{"/api/v1/bins", "open sesame", 200},
		{"/api/v1/stream", "", 401},
		{"/api/v1/metrics", "", 401},
		{"/metrics", "", 401},
		{"/metrics", "open sesame", 200},
		{"/healthz", "", 200},
		{"/api/v1/healthz", "", 200},
		{"/", "", 200},
		{"/page/desk.js", "", 200},
		{"/api/openapi.json", "", 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.DeskURL()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s with token %q: status %d, want %d", c.path, c.token, resp.StatusCode, c.status)
		}
	}
}

package servertest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// The webhook.site API at the capture address is guarded like the dashboard; captures are not.
func TestTokensAreGuarded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, path, host, line, value string
		token                                 string
		want                                  int
	}{
		{"anyone", "POST", "/token", "", "", "", "", 201},
		{"a name that may be somebody's", "GET", "/token", "evil.example", "", "", "", 421},
		{"a page of another origin", "POST", "/token", "", "Origin", "http://evil.example", "", 403},
		{"without the key", "POST", "/token", "", "", "", "sesame", 401},
		{"with another key", "GET", "/token", "", "Api-Key", "00000000-0000-0000-0000-000000000000", "sesame", 401},
		{"with the key", "POST", "/token", "", "Api-Key", "sesame", "sesame", 201},
		{"as the dashboard is asked", "POST", "/token/", "", "Authorization", "Bearer sesame", "sesame", 201},
		{"a capture", "POST", "/tokens", "evil.example", "Origin", "http://evil.example", "sesame", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := mockserver.StartT(t, mockserver.Options{Token: tt.token})
			req, err := http.NewRequestWithContext(t.Context(), tt.method, server.CaptureURL()+tt.path, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			if req.Host = tt.host; tt.line != "" {
				req.Header.Set(tt.line, tt.value)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("%d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}

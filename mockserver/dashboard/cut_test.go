package dashboard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/export"
)

// An export that fails halfway is cut off; one that fails at the start is a problem.
func TestFailedExportIsCutOff(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{0: 500, 1000: 500, 200_000: 200} {
		mux := http.NewServeMux()
		k := &dashboard{catalogue: fixtures.Builtin()}
		type none struct{}
		register(humago.New(mux, config()), http.MethodGet, "/cut", "cut", "cut", func(context.Context, *none) (*huma.StreamResponse, error) {
			return k.export(&Export{Format: "har"}, "x", func(_ context.Context, _ export.Format, w io.Writer, _ export.Options) error {
				if _, err := io.WriteString(w, strings.Repeat("x", size)); err != nil {
					return err
				}
				return errors.New("the store is gone")
			})
		}, exports)
		server := httptest.NewServer(mux)
		resp, err := server.Client().Get(server.URL + prefix + "/cut")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		server.Close()
		if resp.StatusCode != want || (err != nil) != (want == http.StatusOK) {
			t.Errorf("%d bytes: status %d, want %d; %d bytes read, error %v", size, resp.StatusCode, want, len(raw), err)
		}
		if want != http.StatusOK && !strings.Contains(string(raw), "the store is gone") {
			t.Errorf("%d bytes: %s", size, raw)
		}
	}
}

package servertest

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// A client can import into one bin what it exported from another.
func TestClientExportsAndImports(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		ctx := t.Context()
		for _, body := range []string{`{"n":12345678901234567890,"s":"a\/b"}`, "\xff"} {
			resp, err := http.Post(client.BinURL("inbox"), "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		for _, name := range []string{"har", "jsonl"} {
			format, err := export.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			q := query.Query{CaptureQuery: journal.CaptureQuery{Bin: "inbox"}}
			if err := client.Export(ctx, q, format, true, &file); err != nil {
				t.Fatal(err)
			}
			done, err := client.Import(ctx, name, format, bytes.NewReader(append(bytes.Clone(file.Bytes()), "{"...)))
			if name == "har" && (err != nil || done.Imported != 2) || name == "jsonl" && (err != nil || done.Imported != 2 || len(done.Skipped) != 1 || done.Skipped[0].Line != 3) {
				t.Errorf("%s: %+v, %v", name, done, err)
			}
			var again bytes.Buffer
			q.Bin = name
			raw, err := export.Find("curl")
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Export(ctx, q, raw, true, &again); err != nil || strings.Count(again.String(), "curl -sS") != 2 || !strings.Contains(again.String(), `"s":"a\/b"`) {
				t.Errorf("%s: %v\n%s", name, err, again.String())
			}
			if _, err := client.Import(ctx, name, format, strings.NewReader("{")); !errors.Is(err, capture.ErrInvalid) {
				t.Errorf("%s: import nonsense: %v, want ErrInvalid", name, err)
			}
			q.Where = "("
			if err := client.Export(ctx, q, format, false, &again); !errors.Is(err, capture.ErrInvalid) {
				t.Errorf("%s: a wrong condition: %v, want ErrInvalid", name, err)
			}
			q.Where, q.Bin = "", "a b"
			if err := client.Export(ctx, q, format, false, &again); !errors.Is(err, capture.ErrInvalid) {
				t.Errorf("%s: a wrong name: %v, want ErrInvalid", name, err)
			}
		}
		scenario, err := export.Find("scenario")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Import(ctx, "x", scenario, strings.NewReader("{}")); err == nil {
			t.Error("a scenario was imported")
		}
	})
}

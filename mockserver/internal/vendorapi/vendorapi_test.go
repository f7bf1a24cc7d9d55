package vendorapi_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

func routes() *vendorapi.Routes {
	rt := vendorapi.NewRoutes(slog.New(slog.DiscardHandler), http.StatusTeapot,
		func(w http.ResponseWriter, _ *http.Request, e *vendorapi.Error) {
			text := e.Text
			for name, why := range e.Fields {
				text += " " + name + ": " + why[0]
			}
			http.Error(w, text, e.Status)
		})
	rt.Handle("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) error {
		return vendorapi.Write(w, http.StatusOK, map[string]string{"id": r.PathValue("id"), "base": vendorapi.Base(r)})
	})
	rt.Handle("POST /things/{id}", func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Name string `json:"name"`
		}
		body, err := vendorapi.JSONBody(w, r, false)
		if err == nil {
			err = vendorapi.Decode(body, &in)
		}
		if err != nil {
			return err
		}
		return vendorapi.Write(w, http.StatusOK, in.Name+"<")
	})
	rt.Handle("DELETE /things/{id}", func(_ http.ResponseWriter, r *http.Request) error {
		switch r.PathValue("id") {
		case "wrong":
			return fmt.Errorf("%w: a reason", delivery.ErrInvalid)
		case "none":
			return fmt.Errorf("thing: %w", journal.ErrNotFound)
		case "words":
			return vendorapi.NotFound(fmt.Errorf("thing: %w", journal.ErrNotFound), "There is no thing.")
		}
		return errors.New("odd")
	})
	return rt
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/neostore/", vendorapi.Mount("/neostore", routes()))
	mux.Handle("/", routes())
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, c := range map[string]struct {
		method, path, contentType, body string
		status                          int
		want                            string
	}{
		"at the root":          {"GET", "/things/a%2Fb", "", "", 200, `"id":"a/b"`},
		"its base":             {"GET", "/things/1", "", "", 200, `"base":"` + server.URL + `"`},
		"below a name":         {"GET", "/neostore/things/1", "", "", 200, `"base":"` + server.URL + `/neostore"`},
		"unknown":              {"GET", "/nothing", "", "", 404, `Nothing is at "/nothing".`},
		"method":               {"PUT", "/things/1", "", "", 405, "it takes GET, POST, DELETE"},
		"an error of no kind":  {"DELETE", "/things/1", "", "", 500, "odd"},
		"an invalid request":   {"DELETE", "/things/wrong", "", "", 418, "invalid request: a reason"},
		"not found":            {"DELETE", "/things/none", "", "", 404, "thing: not found"},
		"in the API's words":   {"DELETE", "/things/words", "", "", 404, "There is no thing."},
		"JSON":                 {"POST", "/things/1", "application/json; charset=utf-8", `{"name":"a","more":1}`, 200, `"a<"`},
		"no content type":      {"POST", "/things/1", "", `{}`, 415, "send application/json"},
		"a form":               {"POST", "/things/1", "text/plain", `{}`, 415, `"text/plain"`},
		"no body":              {"POST", "/things/1", "application/json", "", 400, "ends too early"},
		"half a body":          {"POST", "/things/1", "application/json", `{"name":`, 400, "ends too early"},
		"no JSON":              {"POST", "/things/1", "application/json", `{name}`, 400, "at byte 2"},
		"two values":           {"POST", "/things/1", "application/json", `{}{}`, 400, "More follows"},
		"another type":         {"POST", "/things/1", "application/json", `{"name":1}`, 400, "name: A JSON number cannot be read as string."},
		"more than is allowed": {"POST", "/things/1", "application/json", `"` + strings.Repeat("x", vendorapi.MaxBody) + `"`, 413, "larger than 1048576"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", c.contentType)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s: %d %s, want %d with %s", name, resp.StatusCode, body, c.status, c.want)
		}
		if allow := resp.Header.Get("Allow"); (c.status == 405) != (allow == "GET, POST, DELETE") {
			t.Errorf("%s: Allow %q", name, allow)
		}
	}
}

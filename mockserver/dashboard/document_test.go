package dashboard

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// The document has every route and no other.
func TestDocumentNamesEveryRoute(t *testing.T) {
	t.Parallel()
	api := humago.New(http.NewServeMux(), config())
	(&dashboard{}).routes(api)
	var want []string
	for path, item := range api.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"get": item.Get, "put": item.Put, "post": item.Post, "delete": item.Delete} {
			if op != nil {
				want = append(want, method+" "+path)
			}
		}
	}
	if len(want) < 30 {
		t.Fatalf("%d routes are documented, want all of them", len(want))
	}

	raw := get(t, "/api/openapi.json").Body.Bytes()
	var doc struct {
		OpenAPI    string                           `json:"openapi"`
		Paths      map[string]map[string]operation  `json:"paths"`
		Components struct{ Schemas map[string]any } `json:"components"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatalf("openapi.json: %v", err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q, want 3.1.0", doc.OpenAPI)
	}
	for _, route := range want {
		method, path, _ := strings.Cut(route, " ")
		op, ok := doc.Paths[path][method]
		if !ok {
			t.Errorf("%s is not in the document", route)
			continue
		}
		if op.OperationID == "" || op.Summary == "" {
			t.Errorf("%s: operationId %q, summary %q: want both", route, op.OperationID, op.Summary)
		}
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllSubmatch(raw, -1) {
		if _, ok := doc.Components.Schemas[string(ref[1])]; !ok {
			t.Errorf("the document refers to %s, which it does not have", ref[1])
		}
	}

	var sameInYAML map[string]any
	if err := yaml.Unmarshal(get(t, "/api/openapi.yaml").Body.Bytes(), &sameInYAML); err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	if len(sameInYAML["paths"].(map[string]any)) != len(doc.Paths) {
		t.Error("openapi.yaml has other paths than openapi.json")
	}
}

type operation struct {
	OperationID string `json:"operationId"`
	Summary     string `json:"summary"`
}

// Header lines, faults and settings are described in their JSON form, not in their Go form.
func TestDocumentDescribesJSON(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(get(t, "/api/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ schema, member, want string }{
		{"Capture", "method", `"string"`}, // the members of Message are inlined
		{"Capture", "headers", `"maxItems":2`},
		{"Capture", "body", `"contentEncoding":"base64"`},
		{"Emission", "faults", `"oneOf"`},
		{"Emission", "set", `"oneOf"`},
		{"WaitRequest", "timeout", `"string"`},
		{"EndpointRequest", "secret", `"string"`},
	} {
		if got := string(doc.Components.Schemas[c.schema].Properties[c.member]); !strings.Contains(got, c.want) {
			t.Errorf("%s.%s is described as %s, want %s in it", c.schema, c.member, got, c.want)
		}
	}
}

func TestDocsPageIsWholeAndOffline(t *testing.T) {
	t.Parallel()
	index := get(t, "/api/docs/").Body.String()
	for _, file := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(index, -1) {
		if strings.HasPrefix(file[1], "/") || strings.Contains(file[1], "//") {
			t.Errorf("the page asks for %s: want a file of the dashboard, wherever that stands", file[1])
		}
		at, err := (&url.URL{Path: "/api/docs/"}).Parse(file[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := get(t, at.Path); got.Code != http.StatusOK || got.Body.Len() == 0 {
			t.Errorf("%s: status %d, %d bytes", file[1], got.Code, got.Body.Len())
		}
	}
	if policy := get(t, "/api/docs/").Header().Get("Content-Security-Policy"); policy != pagePolicy {
		t.Errorf("policy %s, want that of the page", policy)
	}
	if strings.Contains(index, "<script>") {
		t.Error("the page has an inline script, which its policy forbids")
	}
}

func TestPagesNeverRunWhatWasCaptured(t *testing.T) {
	t.Parallel()
	policy := get(t, "/").Header().Get("Content-Security-Policy")
	for _, bad := range []string{"unsafe-inline", "unsafe-eval", "*", "http:", "data:"} {
		if strings.Contains(policy, bad) {
			t.Errorf("the page's policy has %s: %s", bad, policy)
		}
	}
	for _, file := range []string{"dashboard.js", "stream.js", "text.js", "docs.js"} {
		script := get(t, "/page/"+file).Body.String()
		if script == "" {
			t.Errorf("%s is empty", file)
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			if strings.Contains(script, bad) {
				t.Errorf("%s uses %s: what is captured is only ever text", file, bad)
			}
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		status       int
		detail       string
	}{
		{"GET", "/api/v1/bin", 404, `path "/api/v1/bin" does not exist; /api/docs describes the API`},
		{"GET", "/page/nothing.js", 404, ""},
		{"POST", "/api/v1/deliveries", 405, "method POST is not allowed: /api/v1/deliveries accepts GET"},
		{"PUT", "/api/v1/providers/neostore/endpoints", 405, "method PUT is not allowed: /api/v1/providers/neostore/endpoints accepts GET, POST"},
	} {
		w := httptest.NewRecorder()
		Handler(vendorapi.Parts{}).ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, w.Code, c.status)
		}
		var p struct{ Detail string }
		if c.detail == "" {
			continue
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Detail != c.detail {
			t.Errorf("%s %s: detail %q (%v), want %q", c.method, c.path, p.Detail, err, c.detail)
		}
	}
}

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(vendorapi.Parts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

package webhooksite_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// program is a client of webhook.site, written after its documentation only.
type program struct{ base string }

func (p program) do(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, p.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Api-Key", "00000000-0000-0000-0000-000000000000")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

type programRequest struct {
	UUID    string
	Content string
	Method  string
	Headers map[string][]string
	Query   map[string]string
}

type programPage struct {
	Data       []programRequest
	Total      int
	IsLastPage bool `json:"is_last_page"`
}

// The program makes a URL, receives on it, reads what came in three ways, answers a request while
// its sender waits, and cleans up.
func TestAProgramForTheService(t *testing.T) {
	t.Parallel()
	p := program{start(t, nil).url}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var token struct{ UUID string }
	must(p.do("POST", "/token", map[string]any{"default_status": 202, "default_content": "thanks", "timeout": 0}, &token))
	hook := p.base + "/" + token.UUID

	for i := range 3 {
		resp, err := client.Post(fmt.Sprintf("%s/orders?n=%d", hook, i), "application/json", strings.NewReader(fmt.Sprintf(`{"n":%d}`, i)))
		must(err)
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 202 || string(text) != "thanks" {
			t.Fatalf("answer %d %q, %v", resp.StatusCode, text, err)
		}
	}

	var page programPage
	must(p.do("GET", "/token/"+token.UUID+"/requests?sorting=newest&per_page=2", nil, &page))
	if len(page.Data) != 2 || page.Total != 3 || page.IsLastPage || page.Data[0].Content != `{"n":2}` || page.Data[0].Query["n"] != "2" {
		t.Fatalf("page %+v", page)
	}
	must(p.do("GET", "/token/"+token.UUID+"/requests?query="+url.QueryEscape("query.n:1 AND method:POST"), nil, &page))
	if len(page.Data) != 1 || page.Data[0].Content != `{"n":1}` {
		t.Fatalf("search %+v", page)
	}
	var latest programRequest
	must(p.do("GET", "/token/"+token.UUID+"/request/latest", nil, &latest))
	if latest.Content != `{"n":2}` || latest.Headers["content-type"][0] != "application/json" {
		t.Fatalf("latest %+v", latest)
	}

	// It answers in the place of a consumer, as the official command line does.
	var settings map[string]any
	must(p.do("GET", "/token/"+token.UUID, nil, &settings))
	settings["listen"] = 10
	must(p.do("PUT", "/token/"+token.UUID, settings, nil))
	type answer struct {
		resp *http.Response
		err  error
	}
	answered := make(chan answer)
	go func() {
		resp, err := client.Post(hook, "text/plain", strings.NewReader("held"))
		answered <- answer{resp, err}
	}()
	await(t, "the waiting request is listed", func() bool {
		must(p.do("GET", "/token/"+token.UUID+"/request/latest", nil, &latest))
		return latest.Content == "held"
	})
	must(p.do("PUT", "/token/"+token.UUID+"/request/"+latest.UUID+"/response", map[string]any{
		"status": 418, "content": base64.StdEncoding.EncodeToString([]byte("teapot")),
		"headers": map[string]any{"X-Mine": "yes", "Set-Cookie": []string{"a=1", "b=2"}, "content-encoding": []string{"gzip"}, "content-length": []string{"9"}},
	}, nil))
	got := <-answered
	must(got.err)
	text, err := io.ReadAll(got.resp.Body)
	got.resp.Body.Close()
	if err != nil || got.resp.StatusCode != 418 || string(text) != "teapot" || got.resp.Header.Get("X-Mine") != "yes" ||
		strings.Join(got.resp.Header.Values("Set-Cookie"), ";") != "a=1;b=2" || got.resp.Header.Get("X-Request-Id") != latest.UUID {
		t.Fatalf("answer %d %q %v, %v", got.resp.StatusCode, text, got.resp.Header, err)
	}

	must(p.do("DELETE", "/token/"+token.UUID+"/request/"+latest.UUID, nil, nil))
	must(p.do("GET", "/token/"+token.UUID+"/requests", nil, &page))
	if page.Total != 3 {
		t.Fatalf("after the deletion of one: %+v", page)
	}
	must(p.do("DELETE", "/token/"+token.UUID, nil, nil))
	if err := p.do("GET", "/token/"+token.UUID, nil, nil); err == nil || !strings.Contains(err.Error(), ": 410 ") {
		t.Fatalf("after the deletion: %v, want 410", err)
	}
}

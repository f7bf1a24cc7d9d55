package webhooksite_test

import (
	"context"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// The members of what the API answers, as its documentation and the open-source edition have them.
const (
	tokenMembers = `uuid redirect alias actions cors expiry timeout listen premium user_id ip user_agent default_content
		default_status default_content_type request_limit description premium_expires_at expires_at created_at updated_at group_id`
	listedMembers  = tokenMembers + ` latest_request_id latest_request_at requests`
	requestMembers = `uuid token_id ip hostname method user_agent content query headers url created_at updated_at request
		type team_id size files country country_code region city note time sorting custom_action_output custom_action_errors
		sender message_id destinations checks text_content html_content`
	pageMembers      = `data total per_page current_page is_last_page from to`
	tokenPageMembers = `data total per_page current_page from to first_page_url last_page last_page_url next_page_url path prev_page_url`
)

func members(names string) []string { return slices.Sorted(slices.Values(strings.Fields(names))) }

func TestEveryRoute(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{}`)
	first := r.deliver("/"+id+"/one?a=1", "a=x&b[]=1&c=1&c=2", 200, "Content-Type", "application/x-www-form-urlencoded")
	second := r.deliver("/"+id, `{"b":2}`, 200, "Content-Type", "application/json")
	if first == second || len(first) != 36 {
		t.Fatalf("request ids %q and %q", first, second)
	}
	multipart := r.deliver("/"+id, "--B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/x\r\n\r\nfile\x00\r\n--B--\r\n",
		200, "Content-Type", "multipart/form-data; boundary=B")
	shown := r.call("GET", "/token/"+id+"/request/"+multipart, "", 200)
	file := shown["files"].(map[string]any)["f"].(map[string]any)["id"].(string)
	base := "/token/" + id
	for _, tt := range []struct {
		method, path, body string
		status             int
		members            string // of the JSON object
		want               string // that the body holds
	}{
		{"POST", "/token", "", 201, tokenMembers, `"default_content_type":"text/html"`},
		{"POST", "/token/", `{"default_status":"404"}`, 201, tokenMembers, `"default_status":404`},
		{"GET", "/token", "", 200, tokenPageMembers, `"latest_request_id":"`},
		{"GET", "/token?order_by=token_id&order_direction=desc&per_page=1&page=2", "", 200, tokenPageMembers, `"current_page":2`},
		{"GET", base, "", 200, tokenMembers, `"uuid":"` + id},
		{"PUT", base, `{"default_content":"x","listen":0}`, 200, tokenMembers, `"default_content":"x"`},
		{"PUT", base + "/cors/toggle", "", 200, "enabled", `{"enabled":true}`},
		{"PUT", base + "/cors/toggle", "", 200, "enabled", `{"enabled":false}`},
		{"PUT", base + "/alias", `{"alias":"other"}`, 200, tokenMembers, `"alias":"other"`},
		{"PUT", base + "/alias", `{"alias":null}`, 200, tokenMembers, `"alias":null`},
		{"GET", base + "/requests", "", 200, pageMembers, `"total":3`},
		{"GET", base + "/requests/export", "", 200, "", "uuid,type,token_id"},
		{"GET", base + "/request/" + first, "", 200, requestMembers, `"request":{"a":"x","b":["1"],"c":["1","2"]}`},
		{"GET", base + "/request/" + second, "", 200, strings.Replace(requestMembers, " request\n", "\n", 1), `"content":"{\"b\":2}"`},
		{"GET", base + "/request/latest", "", 200, requestMembers, `"request":{"n":"v"}`},
		{"GET", base + "/request/" + second + "/raw", "", 200, "", `{"b":2}`},
		{"GET", base + "/request/latest/raw", "", 200, "", "file\x00"},
		{"GET", base + "/request/" + multipart + "/download/" + file, "", 200, "", "file\x00"},
		{"PUT", base + "/requests/" + first, `{"note":"look"}`, 200, requestMembers, `"note":"look"`},
		{"GET", base + "/request/" + first, "", 200, requestMembers, `"note":"look"`},
		{"PUT", base + "/requests/" + first + "/response", `{}`, 409, "success error", "waits for no response"},
		{"PUT", base + "/request/" + first + "/response", `{}`, 409, "success error", "waits for no response"},
		{"DELETE", base + "/request/" + first, "", 200, "status", `{"status":true}`},
		{"DELETE", base + "/request/" + first, "", 404, "success error", `"success":false`},
		{"DELETE", base + "/request?query=content:nothing", "", 200, "status", `{"status":false}`},
		{"DELETE", base + "/request?query=content:2", "", 200, "status", `{"status":true}`},
		{"DELETE", base + "/request", "", 200, "status", `{"status":true}`},
		{"DELETE", base + "/request", "", 200, "status", `{"status":false}`},
		{"GET", base + "/request/latest", "", 404, "success error", "has no requests"},
		{"DELETE", base, "", 204, "", ""},
		{"GET", base, "", 410, "success error", `"success":false`},
		{"GET", base + "/requests", "", 410, "success error", `"success":false`},
		{"DELETE", base, "", 410, "success error", `"success":false`},
		{"GET", "/token/nobody", "", 410, "success error", "nobody"},
		{"PATCH", "/token", "", 405, "success error", "want GET or POST"},
		{"GET", "/token/a/b/c/d/e/f/g", "", 404, "success error", "no such path"},
		{"PUT", base + "/password", "", 404, "success error", "no such path"},
		{"GET", "/token//requests", "", 404, "success error", "no such path"},
	} {
		got := r.send(tt.method, tt.path, tt.body, "Content-Type", "application/json")
		if got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s %s: %d %s\nwant %d with %s", tt.method, tt.path, got.status, got.body, tt.status, tt.want)
		}
		if tt.members == "" {
			continue
		}
		if diff := cmp.Diff(members(tt.members), slices.Sorted(maps.Keys(r.object(got.body)))); diff != "" {
			t.Errorf("%s %s: members (-want +got):\n%s", tt.method, tt.path, diff)
		}
	}
	if all, err := r.store.Captures(t.Context(), captureQuery("token")); err != nil || len(all) > 0 {
		t.Errorf("%d calls were recorded, %v", len(all), err)
	}
}

func TestRequestAsShown(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{}`)
	req := r.deliver("/"+id+"/in?q=a%20b&list=1&list=2&n[]=3", "<b>\xff\x00", 200, "X-MiXed", "One", "User-Agent", "me/1")
	got := r.call("GET", "/token/"+id+"/request/"+req, "", 200)
	host := strings.TrimPrefix(r.url, "http://")
	want := map[string]any{
		"uuid": req, "token_id": id, "type": "web", "ip": "127.0.0.1", "hostname": "127.0.0.1", "method": "POST", "user_agent": "me/1",
		"content": "<b>\ufffd\x00", "content_base64": "PGI+/wA=", "url": "http://" + host + "/" + id + "/in?q=a%20b&list=1&list=2&n[]=3",
		"query":      map[string]any{"q": "a b", "list": []any{"1", "2"}, "n": []any{"3"}},
		"created_at": "2026-05-04 03:02:01", "updated_at": "2026-05-04 03:02:01", "request": nil, "files": map[string]any{},
		"note": nil, "custom_action_errors": []any{}, "custom_action_output": map[string]any{},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]any{"One"}, got["headers"].(map[string]any)["x-mixed"]); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got, want := got["sorting"].(interface{ String() string }).String(), "1777863721250000"; got != want {
		t.Errorf("sorting %s, want %s", got, want)
	}
	raw := r.send("GET", "/token/"+id+"/request/latest/raw", "")
	if raw.body != "<b>\xff\x00" || raw.header.Get("Content-Type") != "text/plain" {
		t.Errorf("raw %q as %s", raw.body, raw.header.Get("Content-Type"))
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{}`)
	r.deliver("/"+id+"?a=1", "first,\n\"x\"", 200, "X-A", "1")
	r.deliver("/"+id, "second", 200, "X-B", "2")
	r.deliver("/"+id, "third", 200)
	rows, err := csv.NewReader(strings.NewReader(r.send("GET", "/token/"+id+"/requests/export?per_page=2", "").body)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	cell := func(row int, column string) string {
		i := slices.Index(rows[0], column)
		if i < 0 {
			t.Fatalf("no column %s in %q", column, rows[0])
		}
		return rows[row][i]
	}
	if cell(1, "content") != "first,\n\"x\"" || cell(1, "query.a") != "1" || cell(1, "headers.x-a") != "1" || cell(2, "headers.x-a") != "" || cell(2, "headers.x-b") != "2" {
		t.Errorf("rows %q", rows)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{}`)
	for _, body := range []string{"1", "2", "3", "4", "5"} {
		r.deliver("/"+id, body, 200)
	}
	for _, tt := range []struct {
		query          string
		want           []string
		from, to, page string
		last           bool
	}{
		{"", []string{"1", "2", "3", "4", "5"}, "1", "5", "1", true},
		{"?sorting=newest&per_page=2", []string{"5", "4"}, "1", "2", "1", false},
		{"?sorting=newest&per_page=2&page=0", []string{"5", "4"}, "1", "2", "1", false},
		{"?sorting=newest&per_page=2&page=3", []string{"1"}, "5", "5", "3", true},
		{"?per_page=2&page=2", []string{"3", "4"}, "3", "4", "2", false},
		{"?per_page=5&page=1", []string{"1", "2", "3", "4", "5"}, "1", "5", "1", true},
		{"?per_page=2&page=9", []string{}, "17", "5", "9", true},
		{"?per_page=2&page=9&query=*", []string{}, "17", "5", "9", true},
		{"?per_page=1&page=2&query=2+OR+4", []string{"4"}, "2", "2", "2", true},
	} {
		if diff := cmp.Diff(tt.want, r.listed(id, tt.query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, diff)
		}
		got := r.call("GET", "/token/"+id+"/requests"+tt.query, "", 200)
		for name, want := range map[string]string{"from": tt.from, "to": tt.to, "current_page": tt.page} {
			if text := got[name].(interface{ String() string }).String(); text != want {
				t.Errorf("%s: %s %s, want %s", tt.query, name, text, want)
			}
		}
		if got["is_last_page"] != tt.last {
			t.Errorf("%s: is_last_page %v", tt.query, got["is_last_page"])
		}
	}
	if got := r.call("GET", "/token/"+id+"/requests?per_page=500", "", 200)["per_page"].(interface{ String() string }).String(); got != "100" {
		t.Errorf("per_page %s, want 100", got)
	}
}

// counted is a store that counts the captures that are read.
type counted struct {
	journal.Store
	read atomic.Int64
}

func (c *counted) Captures(ctx context.Context, q journal.CaptureQuery) ([]journal.Capture, error) {
	found, err := c.Store.Captures(ctx, q)
	c.read.Add(int64(len(found)))
	return found, err
}

// A page in the middle of a long list costs no more than the first one.
func TestPagesOfALongList(t *testing.T) {
	t.Parallel()
	store := &counted{Store: journal.NewMemory(journal.MemoryOptions{PerBin: 1000})}
	defer store.Close()
	r := start(t, store)
	id := r.token(`{}`)
	add := func(bin string, body string) {
		if err := store.AppendCapture(t.Context(), &journal.Capture{Bin: bin, Message: wire.Message{Method: "POST", Target: "/", Body: []byte(body)}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1500 { // 500 to 1499 stay, with others in between
		add(id, strconv.Itoa(i))
		if i%3 == 0 || i > 1000 && i < 1100 {
			add("other", "x")
		}
	}
	for _, tt := range []struct {
		query       string
		first, step int
		count       int
	}{
		{"", 500, 1, 50},
		{"?page=2", 550, 1, 50},
		{"?page=11&per_page=50", 1000, 1, 50},
		{"?page=100&per_page=7", 500 + 99*7, 1, 7},
		{"?page=20", 1450, 1, 50},
		{"?page=143&per_page=7", 500 + 142*7, 1, 6},
		{"?page=144&per_page=7", 0, 1, 0},
		{"?sorting=newest", 1499, -1, 50},
		{"?sorting=newest&page=2", 1449, -1, 50},
		{"?sorting=newest&page=9&per_page=100", 699, -1, 100},
		{"?sorting=newest&page=334&per_page=3", 500, -1, 1},
		{"?sorting=newest&page=1000&per_page=1", 500, -1, 1},
	} {
		var want []string
		for i := range tt.count {
			want = append(want, strconv.Itoa(tt.first+i*tt.step))
		}
		before := store.read.Load()
		if got := r.listed(id, tt.query); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", tt.query, got, want)
		}
		if read := store.read.Load() - before; read > 250 {
			t.Errorf("%s: %d captures were read for %d", tt.query, read, tt.count)
		}
	}
}

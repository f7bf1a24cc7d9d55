package neostore_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestWebhooksAreEndpointsOfTheServer(t *testing.T) {
	t.Parallel()
	r, to := start(t, setup{}), receive(t)
	a := r.want(200, "POST", "/api/acme/webhooks", `{"description":"d","events":["Pass:*"],"endpoint":"`+to.url+`/one","enabled":true}`)
	pattern := `^{"id":"[A-Za-z0-9]{5}","signatureSecret":"[A-Za-z0-9_-]{64}","description":"d","events":\["Pass:\*"\],"endpoint":"` + to.url + `/one","enabled":true}$`
	if !regexp.MustCompile(pattern).MatchString(a.body) || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%s %v", a.body, a.header)
	}
	var one hook
	a.into(t, &one)
	if e, err := r.Dispatcher.Endpoint(r.context(), one.ID); err != nil || e.Tenant != "acme" || e.URL != one.Endpoint || e.Secrets[0] != one.SignatureSecret {
		t.Errorf("%+v, %v", e, err)
	}
	two, err := r.Dispatcher.Register(r.context(), journal.Endpoint{Provider: "neostore", Tenant: "acme", URL: to.url + "/two", Disabled: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []journal.Endpoint{{Provider: "neostore", Tenant: "other"}, {Provider: "neostore"}, {Provider: "subscribfy", Tenant: "acme"}} {
		other.URL = to.url
		if _, err := r.Dispatcher.Register(r.context(), other); err != nil {
			t.Fatal(err)
		}
	}
	var list []hook
	r.want(200, "GET", "/api/acme/webhooks", "").into(t, &list)
	if len(list) != 2 || list[0].ID != one.ID || list[1].ID != two.ID || list[1].Enabled || list[1].Description != nil {
		t.Errorf("%+v", list)
	}
	if got := r.want(200, "GET", "/api/acme/webhooks/"+one.ID, ""); got.body != a.body {
		t.Errorf("%s, want %s", got.body, a.body)
	}
	r.want(200, "GET", "/api/demo/webhooks", "", "X-API-KEY: demo-key").into(t, &list)
	if len(list) != 1 {
		t.Errorf("of the demo tenant: %+v", list)
	}

	r.emit("Pass:Created")
	r.waitIdle()
	if got := to.requests(); len(got) != 1 || got[0].line != "POST /one HTTP/1.1" {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{one.ID, two.ID} {
		if removed := r.want(200, "DELETE", "/api/acme/webhooks/"+path, ""); removed.body != "" || removed.header.Get("Content-Type") != "" {
			t.Errorf("%+v", removed)
		}
		r.want(404, "DELETE", "/api/acme/webhooks/"+path, "")
		r.want(404, "GET", "/api/acme/webhooks/"+path, "")
	}
	if got := r.want(200, "GET", "/api/acme/webhooks", ""); got.body != "[]" {
		t.Errorf("%s", got.body)
	}
}

func TestWebhooksAreChanged(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	first := r.create("http://127.0.0.1:1/a", "Pass:Created")
	r.create("http://127.0.0.1:1/b", "Pass:*")
	path := "/api/acme/webhooks/" + first.ID
	for _, c := range []struct{ method, body, want string }{
		{"PATCH", `{"description":"x"}`, `"description":"x","events":["Pass:Created"],"endpoint":"http://127.0.0.1:1/a","enabled":true`},
		{"PATCH", `{"enabled":false}`, `"description":"x","events":["Pass:Created"],"endpoint":"http://127.0.0.1:1/a","enabled":false`},
		{"PATCH", `{"events":["customer.*","Pass:*"],"unknown":1}`, `"description":"x","events":["customer.*","Pass:*"],"endpoint":"http://127.0.0.1:1/a","enabled":false`},
		{"PATCH", `{}`, `"description":"x","events":["customer.*","Pass:*"],"endpoint":"http://127.0.0.1:1/a","enabled":false`},
		{"PATCH", `{"description":null,"enabled":null}`, `"description":null,"events":["customer.*","Pass:*"],"endpoint":"http://127.0.0.1:1/a","enabled":true`},
		{"PUT", `{"description":"<é>","events":["*"],"endpoint":"http://127.0.0.1:1/c","enabled":false}`, `"description":"<é>","events":["*"],"endpoint":"http://127.0.0.1:1/c","enabled":false`},
		{"PUT", `{"events":["Pass:Updated"],"endpoint":"http://127.0.0.1:1/d"}`, `"description":null,"events":["Pass:Updated"],"endpoint":"http://127.0.0.1:1/d","enabled":true`},
	} {
		a := r.want(200, c.method, path, c.body)
		want := `{"id":"` + first.ID + `","signatureSecret":"` + first.SignatureSecret + `",` + c.want + `}`
		if c.method == "PUT" && a.body != "" || c.method == "PATCH" && a.body != want {
			t.Errorf("%s %s: %s, want %s", c.method, c.body, a.body, want)
		}
		if got := r.want(200, "GET", path, ""); got.body != want {
			t.Errorf("%s %s and then: %s, want %s", c.method, c.body, got.body, want)
		}
	}
	var list []hook
	r.want(200, "GET", "/api/acme/webhooks", "").into(t, &list)
	if len(list) != 2 || list[0].ID != first.ID {
		t.Errorf("the order has changed: %+v", list)
	}
}

// What is wrong with a request is said by field, and changes nothing.
func TestWrongWebhooks(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	kept := r.create("http://127.0.0.1:1/a", "Pass:Created")
	for _, c := range []struct {
		body, field, want string
		patch             bool // a PATCH of it is wrong too
	}{
		{`{}`, "events", "required", false},
		{`{"events":["*"]}`, "endpoint", "required", false},
		{`{"events":[],"endpoint":"http://h/"}`, "events", "name at least one", true},
		{`{"events":null,"endpoint":"http://h/"}`, "events", "name at least one", true},
		{`{"events":"*","endpoint":"http://h/"}`, "events", "not a list of texts", true},
		{`{"events":[1],"endpoint":"http://h/"}`, "events", "not a list of texts", true},
		{`{"events":[null],"endpoint":"http://h/"}`, "events", "holds null", true},
		{`{"events":["Pass:"],"endpoint":"http://h/"}`, "events", `\"Pass:\": a segment is empty`, true},
		{`{"events":["","Pa*ss:Created"],"endpoint":"http://h/"}`, "events", `\"Pa*ss:Created\"`, true},
		{`{"events":["Pass: Created"],"endpoint":"http://h/"}`, "events", "space", true},
		{`{"events":["` + strings.Repeat("x", 201) + `"],"endpoint":"http://h/"}`, "events", "at most 200", true},
		{`{"events":["*"],"endpoint":null}`, "endpoint", "not", true},
		{`{"events":["*"],"endpoint":7}`, "endpoint", "not a text", true},
		{`{"events":["*"],"endpoint":"/hook"}`, "endpoint", "absolute http or https URL", true},
		{`{"events":["*"],"endpoint":"ftp://h/"}`, "endpoint", "absolute http or https URL", true},
		{`{"events":["*"],"endpoint":"http://"}`, "endpoint", "absolute http or https URL", true},
		{`{"events":["*"],"endpoint":"http://h/#x"}`, "endpoint", "fragment", true},
		{`{"events":["*"],"endpoint":"http://h/ x"}`, "endpoint", "blank", true},
		{`{"events":["*"],"endpoint":"http://h/\u0000"}`, "endpoint", "control", true},
		{`{"events":["*"],"endpoint":"http://h/` + strings.Repeat("x", 2048) + `"}`, "endpoint", "at most 2048", true},
		{`{"events":["*"],"endpoint":"http://h/","enabled":"yes"}`, "enabled", "true or false", true},
		{`{"events":["*"],"endpoint":"http://h/","description":{}}`, "description", "not a text", true},
		{`{"events":["*"],"endpoint":"http://h/","description":"` + strings.Repeat("x", 4097) + `"}`, "description", "at most 4096", true},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH"} {
			if method == "PATCH" && !c.patch {
				continue
			}
			path := "/api/acme/webhooks"
			if method != "POST" {
				path += "/" + kept.ID
			}
			a := r.want(400, method, path, c.body)
			var p struct {
				Title  string
				Errors map[string][]string
			}
			a.into(t, &p)
			text, _ := json.Marshal(p.Errors[c.field])
			if !strings.Contains(string(text), c.want) || p.Title != "One or more validation errors occurred." {
				t.Errorf("%s %.100s: %s, want %s of %s", method, c.body, a.body, c.want, c.field)
			}
		}
	}
	var list []hook
	r.want(200, "GET", "/api/acme/webhooks", "").into(t, &list)
	if len(list) != 1 || list[0].ID != kept.ID || list[0].Endpoint != kept.Endpoint || !list[0].Enabled {
		t.Errorf("%+v", list)
	}
}

func TestProblemsHaveTheShapeOfASPNET(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	for _, c := range []struct {
		method, path, body, header string
		status                     int
		want                       string // a pattern of the body
		name, value                string // a header of the answer
	}{
		{"GET", "/api/acme/webhooks/nope0", "", "", 404, `{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.5","title":"Not Found","status":404,"detail":"There is no webhook \\"nope0\\".","traceId":"00-[0-9a-f]{32}-[0-9a-f]{16}-00"}`, "", ""},
		{"POST", "/api/acme/webhooks", `{"events":["*"]}`, "", 400, `{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","title":"One or more validation errors occurred.","status":400,"errors":{"endpoint":\["The endpoint is required."\]},"traceId":"00-.*"}`, "", ""},
		{"GET", "/api/nobody/webhooks", "", "", 404, `"detail":"There is no tenant \\"nobody\\"."`, "", ""},
		{"GET", "/nothing", "", "", 404, `Nothing is at`, "", ""},
		{"POST", "/api/acme/webhooks/abcde", "{}", "", 405, `it takes GET, PUT, PATCH, DELETE`, "Allow", "GET, PUT, PATCH, DELETE"},
		{"DELETE", "/api/acme/webhooks", "", "", 405, `it takes GET, POST`, "Allow", "GET, POST"},
		{"POST", "/api/acme/webhooks", `{}`, "Content-Type: text/plain", 415, `section-15.5.16","title":"Unsupported Media Type"`, "", ""},
		{"POST", "/api/acme/webhooks", `{}`, "Content-Type:", 415, `send application/json`, "", ""},
		{"POST", "/api/acme/webhooks", `[]`, "", 400, `not a JSON object`, "", ""},
		{"POST", "/api/acme/webhooks", `null`, "", 400, `not a JSON object`, "", ""},
		{"POST", "/api/acme/webhooks", ``, "Content-Type: application/json", 400, `ends too early`, "", ""},
		{"POST", "/api/acme/webhooks", `{"events":`, "", 400, `ends too early`, "", ""},
		{"POST", "/api/acme/webhooks", `{} {}`, "", 400, `More follows`, "", ""},
		{"POST", "/api/acme/webhooks", "{\"events\":[\"\xff\"]}", "", 400, `not UTF-8`, "", ""},
		{"POST", "/api/acme/webhooks", `{"description":"` + strings.Repeat("x", 1<<20) + `"}`, "", 413, `larger than 1048576 bytes`, "", ""},
		{"GET", "/api/acme/webhooks", "", "X-API-KEY:", 401, `"title":"Unauthorized"`, "Www-Authenticate", `Bearer realm="neostore"`},
		{"GET", "/api/acme/webhooks", "", "X-API-KEY: wrong", 401, `not the key of a tenant`, "Www-Authenticate", `Bearer realm="neostore"`},
		{"GET", "/api/acme/webhooks", "", "X-API-KEY: other-key", 401, `not a key of this tenant`, "Www-Authenticate", `Bearer realm="neostore"`},
		{"GET", "/api/nobody/webhooks", "", "X-API-KEY: wrong", 401, `not the key of a tenant`, "", ""},
	} {
		a := r.call(c.method, c.path, c.body, c.header)
		if a.status != c.status || !regexp.MustCompile(c.want).MatchString(a.body) || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %.80s: %d %s %s, want %d %s", c.method, c.path, c.body, a.status, a.header.Get("Content-Type"), a.body, c.status, c.want)
		}
		if c.name != "" && a.header.Get(c.name) != c.value {
			t.Errorf("%s %s: %s: %s, want %s", c.method, c.path, c.name, a.header.Get(c.name), c.value)
		}
	}
}

// Two who patch one webhook at the same time both succeed.
func TestPatchesAreNotLost(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	for n := range 20 {
		h := r.create("http://127.0.0.1:1/a", "Pass:Created")
		var patching sync.WaitGroup
		for _, body := range []string{`{"description":"d"}`, `{"endpoint":"http://127.0.0.1:1/b"}`, `{"events":["*"]}`, `{"enabled":false}`} {
			patching.Go(func() {
				if a, err := r.try("PATCH", "/api/acme/webhooks/"+h.ID, body); err != nil || a.status != 200 {
					t.Errorf("%+v, %v", a, err)
				}
			})
		}
		patching.Wait()
		var after hook
		r.want(200, "GET", "/api/acme/webhooks/"+h.ID, "").into(t, &after)
		if after.Description == nil || after.Endpoint != "http://127.0.0.1:1/b" || after.Events[0] != "*" || after.Enabled || after.SignatureSecret != h.SignatureSecret {
			t.Fatalf("round %d: %+v", n, after)
		}
	}
}

// No tenant sees, changes or receives anything of another.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	r, mine, theirs := start(t, setup{}), receive(t), receive(t)
	h := r.create(mine.url, "*")
	r.want(200, "POST", "/api/other/webhooks", `{"events":["*"],"endpoint":"`+theirs.url+`"}`, "X-API-KEY: other-key")
	var p struct{ ID string }
	r.want(200, "POST", "/api/acme/passes", `{"passType":"user","identifiers":{"crm":"1"}}`).into(t, &p)
	r.want(200, "POST", "/api/acme/passes/"+p.ID+"/devices", `{"device":"apple","deviceIdentifier":"d1"}`)
	var c, link struct{ ID string }
	r.want(200, "POST", "/api/acme/customers", `{"identifiers":{"crm":"1"}}`).into(t, &c)
	r.want(200, "POST", "/api/acme/redirects", `{"uri":"https://shop.example/"}`).into(t, &link)
	for _, c := range []struct{ method, path, body string }{
		{"GET", "webhooks/" + h.ID, ""},
		{"PUT", "webhooks/" + h.ID, `{"events":["*"],"endpoint":"http://127.0.0.1:1/"}`},
		{"PATCH", "webhooks/" + h.ID, `{"enabled":false}`},
		{"DELETE", "webhooks/" + h.ID, ""},
		{"GET", "passes/" + p.ID, ""},
		{"PATCH", "passes/" + p.ID, `{"metadata":{"a":"b"}}`},
		{"GET", "passes/" + p.ID + "/devices", ""},
		{"POST", "passes/" + p.ID + "/devices", `{"device":"apple"}`},
		{"DELETE", "passes/" + p.ID + "/devices/d1", ""},
		{"GET", "customers/" + c.ID, ""},
		{"GET", "redirects/" + link.ID, ""},
		{"DELETE", "redirects/" + link.ID, ""},
	} {
		if a := r.call(c.method, "/api/other/"+c.path, c.body, "X-API-KEY: other-key"); a.status != 404 {
			t.Errorf("%s %s by another tenant: %d %s", c.method, c.path, a.status, a.body)
		}
		if a := r.call(c.method, "/api/acme/"+c.path, c.body, "X-API-KEY: other-key"); a.status != 401 {
			t.Errorf("%s %s with another tenant's key: %d %s", c.method, c.path, a.status, a.body)
		}
	}
	for _, kind := range []string{"passes", "customers", "redirects"} {
		if a := r.want(200, "GET", "/api/other/"+kind, "", "X-API-KEY: other-key"); a.body != "[]" || a.header.Get("X-Pagination-Total") != "0" {
			t.Errorf("%s: %s", kind, a.body)
		}
	}
	r.waitIdle()
	if want := []string{"Pass:Created", "Pass:Installed", "Customer:Upserted"}; !slices.Equal(mine.events(), want) || len(theirs.events()) != 0 {
		t.Errorf("%v and %v, want %v and nothing", mine.events(), theirs.events(), want)
	}
}

// A key does what its scopes say and nothing else.
func TestScopesOfKeys(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	ids := map[string]string{"webhooks": r.create("http://127.0.0.1:1/", "*").ID}
	for kind, body := range map[string]string{
		"passes": `{"passType":"user"}`, "customers": `{"identifiers":{"a":"b"}}`, "redirects": `{"uri":"http://h/"}`,
	} {
		var made struct{ ID string }
		r.want(200, "POST", "/api/acme/"+kind, body).into(t, &made)
		ids[kind] = made.ID
	}
	for _, c := range []struct{ scope, method, path string }{
		{"Webhook.Read", "GET", "webhooks"},
		{"Webhook.Read", "GET", "webhooks/" + ids["webhooks"]},
		{"Webhook.Write", "POST", "webhooks"},
		{"Webhook.Write", "PUT", "webhooks/" + ids["webhooks"]},
		{"Webhook.Write", "PATCH", "webhooks/" + ids["webhooks"]},
		{"Webhook.Write", "DELETE", "webhooks/absent"},
		{"Pass.Read", "GET", "passes"},
		{"Pass.Read", "GET", "passes/" + ids["passes"]},
		{"Pass.Read", "GET", "passes/" + ids["passes"] + "/devices"},
		{"Pass.Write", "POST", "passes"},
		{"Pass.Write", "PATCH", "passes/" + ids["passes"]},
		{"Pass.Write", "POST", "passes/" + ids["passes"] + "/devices"},
		{"Pass.Write", "DELETE", "passes/" + ids["passes"] + "/devices/absent"},
		{"Customer.Read", "GET", "customers"},
		{"Customer.Read", "GET", "customers/" + ids["customers"]},
		{"Customer.Write", "POST", "customers"},
		{"Redirect.Read", "GET", "redirects"},
		{"Redirect.Read", "GET", "redirects/" + ids["redirects"]},
		{"Redirect.Write", "POST", "redirects"},
		{"Redirect.Write", "DELETE", "redirects/absent"},
	} {
		for _, has := range []string{"Webhook.Read", "Webhook.Write", "Pass.Read", "Pass.Write", "Customer.Read", "Customer.Write", "Redirect.Read", "Redirect.Write"} {
			key := "key-" + has
			r.allow(key, has)
			a := r.call(c.method, "/api/acme/"+c.path, "", "X-API-KEY: "+key)
			if (a.status == http.StatusForbidden) != (has != c.scope) || a.status == http.StatusUnauthorized {
				t.Errorf("%s %s with %s: %d %s", c.method, c.path, has, a.status, a.body)
			}
			if want := fmt.Sprintf(`Bearer realm="neostore", error="insufficient_scope", error_description="The scope %s is required, and not granted.", scope="%s"`, c.scope, c.scope); has != c.scope && a.header.Get("WWW-Authenticate") != want {
				t.Errorf("%s %s: %s, want %s", c.method, c.path, a.header.Get("WWW-Authenticate"), want)
			}
		}
	}
}

// Names that no event has are taken, and a warning is logged.
func TestUnknownEventsAreWarnedOf(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	h := r.create("http://127.0.0.1:1/", "customer.created store.*.updated Pass:Created")
	for _, pattern := range []string{"customer.created", "store.*.updated"} {
		if !strings.Contains(r.log.String(), h.ID+` tenant=acme pattern=`+pattern) {
			t.Errorf("no warning of %s in %s", pattern, r.log.String())
		}
	}
	if strings.Contains(r.log.String(), "pattern=Pass:Created") || strings.Contains(r.log.String(), h.SignatureSecret) {
		t.Errorf("%s", r.log.String())
	}
	r.want(200, "PATCH", "/api/acme/webhooks/"+h.ID, `{"events":["Pass:Scanned"]}`)
	if !strings.Contains(r.log.String(), "pattern=Pass:Scanned") {
		t.Errorf("%s", r.log.String())
	}
}

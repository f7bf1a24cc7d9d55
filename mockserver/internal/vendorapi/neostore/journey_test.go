package neostore_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// openssl returns the path of OpenSSL, or skips the test; with HOOKRIG_REQUIRE=openssl it fails.
func openssl(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), "openssl") {
		t.Fatalf("HOOKRIG_REQUIRE asks for openssl: %v", err)
	}
	t.Skipf("no OpenSSL: %v", err)
	return ""
}

// opensslHMAC is what OpenSSL makes of a body and a secret.
func opensslHMAC(t *testing.T, path, secret, body string) string {
	t.Helper()
	cmd := exec.Command(path, "dgst", "-sha256", "-hmac", secret)
	cmd.Stdin = strings.NewReader(body)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl: %v: %s", err, complaint.String())
	}
	fields := strings.Fields(string(out)) // SHA2-256(stdin)= a9e0…
	return fields[len(fields)-1]
}

// The life of a pass, a customer and a minified URL, by calls of the API alone: a receiver gets
// what happened, in order, signed as OpenSSL signs.
func TestJourney(t *testing.T) {
	t.Parallel()
	path := openssl(t)
	r, all, customers := start(t, setup{}), receive(t), receive(t)
	one := r.create(all.url+"/all", "Pass:* customer.* Redirect:Redirected")
	two := r.create(customers.url+"/crm", "Customer:*")

	var p struct {
		ID, Secret, CreationDate, LastUpdateDate, PassType string
		Identifiers, Metadata                              map[string]string
		AdditionalData                                     map[string]any
		Providers                                          map[string]string
	}
	passes := "/api/acme/passes"
	r.want(200, "POST", passes, `{"passType":"user","identifiers":{"shopifyId":"42"},"additionalData":{"note":{"a":[1]}}}`).into(t, &p)
	if len(p.Secret) != 64 || p.PassType != "user" || p.Metadata != nil || len(p.Providers) != 0 || p.LastUpdateDate != p.CreationDate {
		t.Errorf("%+v", p)
	}
	devices := passes + "/" + p.ID + "/devices"
	apple := strings.Repeat("0a", 16)
	r.want(200, "POST", devices, `{"device":"apple","deviceIdentifier":"`+apple+`"}`)
	var google struct{ DeviceIdentifier, InstallationDate string }
	r.want(200, "POST", devices, `{"device":"Google"}`).into(t, &google)
	// has it already
	r.want(200, "POST", devices, `{"device":"apple","deviceIdentifier":"`+apple+`"}`)
	p.AdditionalData = nil
	r.want(200, "PATCH", passes+"/"+p.ID, `{"metadata":{"tier":"gold"},"additionalData":{"note":null,"b":true}}`).into(t, &p)
	if p.Metadata["tier"] != "gold" || p.AdditionalData["b"] != true || len(p.Providers) != 2 || p.Providers["google"] != google.InstallationDate || p.AdditionalData["note"] != nil || p.LastUpdateDate == p.CreationDate {
		t.Errorf("%+v", p)
	}
	if got := r.want(200, "GET", passes+"/"+p.ID, ""); !strings.HasPrefix(got.body, `{"id":"`+p.ID+`","secret":"`+p.Secret+`","creationDate":"`) {
		t.Errorf("%s", got.body)
	}
	for _, id := range []string{apple, google.DeviceIdentifier} {
		r.want(200, "DELETE", devices+"/"+id, "")
	}
	r.want(404, "DELETE", devices+"/"+apple, "")
	var c struct{ ID string }
	r.want(200, "POST", "/api/acme/customers", `{"flowName":"checkout","identifiers":{"shopifyId":"7"},"attributes":{"city":"Lyon","vip":true}}`).into(t, &c)
	var link struct{ ID, MinifiedURI string }
	r.want(200, "POST", "/api/acme/redirects", `{"uri":"https://shop.example/club?utm=qr#top"}`).into(t, &link)
	if link.MinifiedURI != r.url+"/r/"+link.ID {
		t.Errorf("%+v", link)
	}
	if to := r.want(302, "GET", "/r/"+link.ID, "", "X-API-KEY:").header.Get("Location"); to != "https://shop.example/club?utm=qr#top" {
		t.Errorf("redirected to %s", to)
	}
	r.want(302, "HEAD", "/r/"+link.ID, "", "X-API-KEY:")
	r.waitIdle()

	pass := `"passId":"` + p.ID + `","passType":"user","identifiers":{"shopifyId":"42"},"metadata":`
	gold := pass + `{"tier":"gold"},`
	onApple, onGoogle := `"device":"apple","deviceIdentifier":"`+apple+`",`, `"device":"google","deviceIdentifier":"`+google.DeviceIdentifier+`",`
	want := []struct{ event, body string }{
		{"Pass:Created", pass + `null,`},
		{"Pass:Installed", pass + `null,` + onApple},
		{"Pass:Installed", pass + `null,` + onGoogle},
		{"Pass:Updated", gold},
		{"Pass:UpdateSent", gold + onApple},
		{"Pass:UpdateSent", gold + `"device":"google","deviceIdentifier":null,`},
		{"Pass:Uninstalled", gold + onApple},
		{"Pass:Uninstalled", gold + onGoogle},
		{"Customer:Upserted", `"flowName":"checkout","identifiers":{"shopifyId":"7"},"attributes":{"city":"Lyon","vip":true},`},
		{"Redirect:Redirected", `"redirectId":"` + link.ID + `","newUri":"https://shop.example/club?utm=qr#top",`},
	}
	got := all.requests()
	if len(got) != len(want) {
		t.Fatalf("%d deliveries, want %d: %v", len(got), len(want), all.events())
	}
	last := ""
	for i, req := range got {
		metadata := regexp.MustCompile(`^"__id":"[0-9a-f-]{36}","__creationDate":"(\S+?)","__eventName":"` + want[i].event + `"}$`)
		rest, ok := strings.CutPrefix(req.body, "{"+want[i].body)
		found := metadata.FindStringSubmatch(rest)
		if !ok || found == nil {
			t.Errorf("%d: %s, want %s", i, req.body, want[i].body)
			continue
		}
		if i < 8 && found[1] <= last { // of the pass; the clock does not move
			t.Errorf("%d: %s is not after %s", i, found[1], last)
		}
		last = found[1]
		if req.line != "POST /all HTTP/1.1" || req.header("x-neostore-eventname") != want[i].event || req.header("x-neostore-tenantid") != "acme" ||
			req.header("x-neostore-signature") != opensslHMAC(t, path, one.SignatureSecret, req.body) {
			t.Errorf("%d: %s %q", i, req.line, req.headers)
		}
	}
	crm := customers.requests()
	if len(crm) != 1 || crm[0].body != got[8].body || crm[0].header("x-neostore-signature") != opensslHMAC(t, path, two.SignatureSecret, crm[0].body) {
		t.Errorf("%+v", crm)
	}
}

func TestPassesArePaged(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	var ids []string
	for range 45 {
		var p struct{ ID string }
		r.want(200, "POST", "/api/acme/passes", `{"passType":"user"}`).into(t, &p)
		ids = append(ids, p.ID)
	}
	for query, want := range map[string][]string{
		"":                                    ids[:20],
		"?pageIndex=1":                        ids[20:40],
		"?pageIndex=2&pageSize=20":            ids[40:],
		"?pageIndex=0&pageSize=100":           ids,
		"?pageIndex=3":                        {},
		"?pageIndex=2147483647&pageSize=1000": {},
	} {
		a := r.want(200, "GET", "/api/acme/passes"+query, "")
		var page []struct{ ID string }
		a.into(t, &page)
		var got []string
		for _, p := range page {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, want) || a.header.Get("x-pagination-total") != "45" {
			t.Errorf("%s: %v of %s, want %v", query, got, a.header.Get("x-pagination-total"), want)
		}
	}
	for query, field := range map[string]string{
		"?pageIndex=-1": "pageIndex", "?pageIndex=x": "pageIndex", "?pageIndex=99999999999999999999": "pageIndex", "?pageSize=0": "pageSize", "?pageSize=1001": "pageSize",
	} {
		if a := r.want(400, "GET", "/api/acme/passes"+query, ""); !strings.Contains(a.body, `"errors":{"`+field+`":[`) {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	r.want(400, "GET", "/api/acme/passes?pageIndex=%zz", "")
}

func TestWrongPasses(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	var p struct{ ID string }
	r.want(200, "POST", "/api/acme/passes", `{"passType":"user","metadata":{"a":"b"}}`).into(t, &p)
	path := "/api/acme/passes/" + p.ID
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/api/acme/passes", `{}`, `"passType":["The pass type is required."]`},
		{"POST", "/api/acme/passes", `{"passType":""}`, `"passType":["The pass type is required."]`},
		{"POST", "/api/acme/passes", `{"passType":7}`, `"passType":["The value is not a text."`},
		{"POST", "/api/acme/passes", `{"passType":"u","identifiers":[]}`, `"identifiers":["The value is not an object."]`},
		{"POST", "/api/acme/passes", `{"passType":"u","identifiers":{"a":1}}`, `"identifiers.a":["The value is not a text."]`},
		{"POST", "/api/acme/passes", `{"passType":"u","metadata":{"a":null}}`, `"metadata.a":["The value is not a text."]`},
		{"POST", "/api/acme/passes", `{"passType":"u","additionalData":1}`, `"additionalData":["The value is not an object."]`},
		{"POST", "/api/acme/passes", `{"passType":"u","metadata":{"a":"` + strings.Repeat("x", 256<<10) + `"}}`, `at most 262144 are kept`},
		{"PATCH", path, `{"metadata":{"a":["x"]}}`, `"metadata.a":["The value is not a text."]`},
		{"PATCH", path, `{"passType":null}`, `"passType":["`},
		{"PATCH", path, `{"identifiers":"x"}`, `"identifiers":["The value is not an object."]`},
		{"POST", path + "/devices", `{}`, `"device":["The device is required: apple or google."]`},
		{"POST", path + "/devices", `{"device":"nokia"}`, `"device":["The device is required: apple or google."]`},
		{"POST", path + "/devices", `{"device":"apple","deviceIdentifier":""}`, `"deviceIdentifier":["The text is empty."]`},
		{"POST", path + "/devices", `{"device":"apple","deviceIdentifier":{}}`, `"deviceIdentifier":["The value is not a text."]`},
		{"POST", "/api/acme/customers", `{}`, `"identifiers":["The identifiers are required."]`},
		{"POST", "/api/acme/customers", `{"identifiers":{}}`, `"identifiers":["The object is empty`},
		{"POST", "/api/acme/customers", `{"identifiers":{"a":1}}`, `"identifiers.a":["The value is not a text."]`},
		{"POST", "/api/acme/customers", `{"identifiers":{"a":"1"},"attributes":[]}`, `"attributes":["The value is not an object."]`},
		{"POST", "/api/acme/redirects", `{}`, `"uri":["The uri is required."]`},
		{"POST", "/api/acme/redirects", `{"uri":"shop"}`, `want an absolute http or https URL`},
		{"POST", "/api/acme/redirects", `{"uri":"javascript:alert(1)"}`, `want an absolute http or https URL`},
		{"POST", "/api/acme/redirects", `{"uri":"https://h/é"}`, `percent-encoded`},
		{"POST", "/api/acme/redirects", `{"uri":"https://h/\r\nSet-Cookie:x"}`, `percent-encoded`},
	} {
		if a := r.want(400, c.method, c.path, c.body); !strings.Contains(a.body, c.want) {
			t.Errorf("%s %s %.80s: %s, want %s", c.method, c.path, c.body, a.body, c.want)
		}
	}
	var after struct {
		PassType string
		Metadata map[string]string
	}
	r.want(200, "GET", path, "").into(t, &after)
	if after.PassType != "user" || after.Metadata["a"] != "b" {
		t.Errorf("%+v", after)
	}
	for _, path := range []string{"/api/acme/passes/absent", "/api/acme/customers/absent", "/api/acme/redirects/absent", "/r/absent"} {
		r.want(404, "GET", path, "")
	}
}

// A customer is found again by any of the identifiers, and what is known is merged with what is
// said.
func TestCustomersAreUpserted(t *testing.T) {
	t.Parallel()
	r, to := start(t, setup{}), receive(t)
	r.create(to.url, "Customer:Upserted")
	var first, second, third struct {
		ID, FlowName string
		Identifiers  map[string]string
		Attributes   json.RawMessage
	}
	r.want(200, "POST", "/api/acme/customers", `{"identifiers":{"crm":"1","email":"a@x.example"},"attributes":{"z":{"a":1},"city":"Lyon"}}`).into(t, &first)
	r.want(200, "POST", "/api/acme/customers", `{"flowName":"crm-sync","identifiers":{"shop":"s","email":"\u0061@x.example"},"attributes":{"city":null,"z":{"b":1e30}}}`)
	r.want(200, "POST", "/api/acme/customers", `{"flowName":"crm-sync","identifiers":{"shop":"s"}}`).into(t, &second)
	if second.ID != first.ID || second.FlowName != "crm-sync" || len(second.Identifiers) != 3 || string(second.Attributes) != `{"z":{"a":1,"b":1e+30}}` {
		t.Errorf("%+v %s", second, second.Attributes)
	}
	r.want(200, "POST", "/api/acme/customers", `{"identifiers":{"email":"1"}}`).into(t, &third)
	if third.ID == first.ID || third.FlowName != "api" || string(third.Attributes) != "{}" {
		t.Errorf("%+v", third)
	}
	r.waitIdle()
	got := to.requests()
	if len(got) != 4 || !strings.Contains(got[2].body, `"flowName":"crm-sync","identifiers":{"crm":"1","email":"a@x.example","shop":"s"},"attributes":{"z":{"a":1,"b":1e+30}}`) {
		t.Errorf("%+v", got)
	}
}

func TestRedirectsAreKept(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	var one struct{ ID, URI string }
	a := r.want(200, "POST", "/api/acme/redirects", `{"uri":"https://shop.example/a"}`)
	a.into(t, &one)
	if got := r.want(200, "GET", "/api/acme/redirects/"+one.ID, ""); got.body != a.body {
		t.Errorf("%s, want %s", got.body, a.body)
	}
	if got := r.want(200, "GET", "/api/acme/redirects", ""); got.body != "["+a.body+"]" {
		t.Errorf("%s", got.body)
	}
	r.want(200, "DELETE", "/api/acme/redirects/"+one.ID, "")
	r.want(404, "GET", "/r/"+one.ID, "", "X-API-KEY:")
	r.want(404, "DELETE", "/api/acme/redirects/"+one.ID, "")
}

// Who upserts one customer at the same time makes one customer.
func TestUpsertsMakeOneCustomer(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	var calling sync.WaitGroup
	for n := range 20 {
		calling.Go(func() {
			body := fmt.Sprintf(`{"identifiers":{"crm":"1"},"attributes":{"a%d":true}}`, n)
			if a, err := r.try("POST", "/api/acme/customers", body); err != nil || a.status != 200 {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	calling.Wait()
	var all []struct{ Attributes map[string]bool }
	r.want(200, "GET", "/api/acme/customers", "").into(t, &all)
	if len(all) != 1 || len(all[0].Attributes) != 20 {
		t.Errorf("%+v", all)
	}
}

// Events that the option rename gives another name happen under that name.
func TestRenamedEvents(t *testing.T) {
	t.Parallel()
	r, to := start(t, setup{options: []string{"neostore.rename=Pass:Created=Pass:Issued", "neostore.rename=Pass:UpdateSent=Pass:Pushed"}}), receive(t)
	r.create(to.url, "*")
	var p struct{ ID string }
	r.want(200, "POST", "/api/acme/passes", `{"passType":"user"}`).into(t, &p)
	r.want(200, "POST", "/api/acme/passes/"+p.ID+"/devices", `{"device":"apple"}`)
	r.want(200, "PATCH", "/api/acme/passes/"+p.ID, `{"metadata":{"a":"b"}}`)
	r.waitIdle()
	if got := strings.Join(to.events(), " "); got != "Pass:Issued Pass:Installed Pass:Updated Pass:Pushed" {
		t.Errorf("%s", got)
	}
}

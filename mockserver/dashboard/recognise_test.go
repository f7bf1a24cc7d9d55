package dashboard_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// A bin without settings recognises and verifies the server's own deliveries, with the secret of
// the webhook or of the sample.
func TestRecognised(t *testing.T) {
	t.Parallel()
	for provider, event := range map[string]string{"neostore": "Pass:Installed", "subscribfy": "wallet_pass/created", "ethpass": "pass:create"} {
		r := start(t, mockserver.Options{})
		inbox := r.CaptureURL() + "/inbox"
		r.call(t, 200, "POST", "/providers/"+provider+"/send", `{"event": "`+event+`", "to": "`+inbox+`", "secret": "`+strings.Repeat("0a", 32)+`"}`)
		r.call(t, 201, "POST", "/providers/"+provider+"/endpoints", `{"url": "`+inbox+`/hooks", "events": ["`+event+`"], "secret": "`+strings.Repeat("1b", 32)+`"}`)
		r.call(t, 200, "POST", "/providers/"+provider+"/events", `{"event": "`+event+`"}`)
		r.call(t, 200, "GET", "/bins/inbox/wait?count=2", "")
		for _, path := range []string{"/bins/inbox/captures", "/captures?body=false"} {
			items := r.call(t, 200, "GET", path, "")["items"].([]any)
			if len(items) != 2 {
				t.Fatalf("%s: %d captures", provider, len(items))
			}
			for i, whose := range []string{"the secret of webhook ", "the secret of the sample that was sent to " + inbox} {
				c := items[i].(map[string]any)
				v, _ := c["verification"].(map[string]any)
				if v["verdict"] != "valid" || v["provider"] != provider || !strings.Contains(v["explanation"].(string), whose) || c["provider"] != provider {
					t.Errorf("%s: %s: %v %v, want %q", provider, path, c["provider"], v, whose)
				}
			}
		}
		newest := r.call(t, 200, "GET", "/bins/inbox/captures?limit=1", "")["items"].([]any)[0].(map[string]any)
		at := "/captures/" + newest["id"].(string)
		if v := r.call(t, 200, "POST", at+"/verify", ""); v["verdict"] != "valid" {
			t.Errorf("%s: verified again: %v", provider, v)
		}
		// A resend with default signing is valid again.
		r.call(t, 200, "POST", at+"/resend", `{"url": "`+inbox+`", "resign": {}}`)
		again := r.call(t, 200, "GET", "/bins/inbox/captures?limit=1", "")["items"].([]any)[0].(map[string]any)
		if v, _ := again["verification"].(map[string]any); v["verdict"] != "valid" {
			t.Errorf("%s: signed anew: %v", provider, v)
		}
		// Another body does not match the signature.
		r.call(t, 200, "POST", at+"/resend", `{"url": "`+inbox+`", "headers": [["Authorization", "other"]], "body": "e30="}`)
		forged := r.call(t, 200, "GET", "/bins/inbox/captures?limit=1", "")["items"].([]any)[0].(map[string]any)
		if v, _ := forged["verification"].(map[string]any); provider != "ethpass" && v["verdict"] != "mismatch" {
			t.Errorf("%s: with another body: %v, want a mismatch: the webhook's secret is used for this bin", provider, forged["verification"])
		}
	}
}

// Requests of other senders are not checked, because their secret is unknown, and requests that
// only resemble a provider's are not recognised.
func TestOtherSendersAreNotChecked(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/another", "events": ["*"], "secret": "another"}`)
	r.call(t, 201, "POST", "/providers/subscribfy/endpoints", `{"url": "`+r.CaptureURL()+`/another", "events": ["wallet_pass/created"], "secret": "another"}`)
	for header, provider := range map[string]string{
		"x-neostore-signature: 00": "neostore", "Signature: sig1=:AA==:": "", "Authorization: Bearer x": "", "X-Plain: 1": "",
	} {
		name, value, _ := strings.Cut(header, ": ")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.CaptureURL()+"/inbox", strings.NewReader(`{"a": 1}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(name, value)
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		c := r.call(t, 200, "GET", "/bins/inbox/captures?limit=1", "")["items"].([]any)[0].(map[string]any)
		if c["verification"] != nil || c["provider"] != provider {
			t.Errorf("%s: provider %v, verification %v; want %q, not checked", header, c["provider"], c["verification"], provider)
		}
	}
}

// A list without bodies has the lengths of the bodies and the names of the events.
func TestListWithoutBodies(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	large := `{"type": "order/created", "pad": "` + strings.Repeat("x", 3<<20) + `"}`
	resp, err := r.http.Post(r.CaptureURL()+"/inbox", "application/json", strings.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for _, path := range []string{"/captures", "/bins/inbox/captures", "/bins/inbox/captures?q=order"} {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		c := r.call(t, 200, "GET", path+sep+"body=false", "")["items"].([]any)[0].(map[string]any)
		if c["body"] != "" || c["size"] == nil || c["event"] != "order/created" || c["raw"] != nil {
			t.Errorf("%s: body %.20v, size %v, event %v, raw %v", path, c["body"], c["size"], c["event"], c["raw"])
		}
		c = r.call(t, 200, "GET", path, "")["items"].([]any)[0].(map[string]any)
		if len(c["body"].(string)) < 4<<20 {
			t.Errorf("%s: a body of %d characters", path, len(c["body"].(string)))
		}
	}
}

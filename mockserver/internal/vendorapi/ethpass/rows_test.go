package ethpass_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The rows of the specification of ethpass, on what a real receiver got.
func TestRows(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]func(t *testing.T){
		"E-1 Authorization is sent byte for byte": func(t *testing.T) {
			r, to := play(t), receive(t, nil)
			for _, value := range []string{"plain", "Bearer abc", "basic  dXNlcg==", `a"b,c;d=é`, ""} {
				r.hook(to.url, value)
				r.make()
				want := []string{"Authorization: " + value}
				if value == "" {
					want = nil
				}
				if got := to.next(t).lines("Authorization"); !slices.Equal(got, want) {
					t.Errorf("%q: lines %q", value, got)
				}
			}
			for _, value := range []string{`a\r\nX: y`, `a\u0000b`, ` a`, `a\t`, `\u007f`, strings.Repeat("x", 5000)} {
				if got := r.request("PUT", "/v0/project/webhook", `{"endpoint":"`+to.url+`","authorization":"`+value+`"}`); got.status != 400 {
					t.Errorf("%.20q: %d %s", value, got.status, got.body)
				}
			}
		},
		"E-2 a secret is 32 bytes in hex, or one's own": func(t *testing.T) {
			r := play(t)
			if got := r.request("GET", "/v0/project/secret", ""); got.status != 404 {
				t.Errorf("before there is one: %d %s", got.status, got.body)
			}
			first, second := r.call("POST", "/v0/project/secret", "").get("secret"), r.call("POST", "/v0/project/secret", "{}").get("secret")
			for _, secret := range []string{first, second} {
				if len(secret) != 64 || strings.Trim(secret, "0123456789abcdef") != "" {
					t.Errorf("secret %q", secret)
				}
			}
			if first == second {
				t.Error("the same secret twice")
			}
			if got := r.call("GET", "/v0/project/secret", "").get("secret"); got != second {
				t.Errorf("read again: %q, want %q", got, second)
			}
			r.call("POST", "/v0/project/secret", `{"secret":"my own"}`)
			if got := r.call("GET", "/v0/project/secret", "").get("secret"); got != "my own" {
				t.Errorf("one's own: %q", got)
			}
		},
		"E-3 expireAction is USER_REVOKE, or another text": func(t *testing.T) {
			r, to := play(t), receive(t, nil)
			one, other := r.make().get("id"), r.make().get("id")
			r.hook(to.url, "")
			r.call("DELETE", "/v0/passes/"+one, "")
			r.call("DELETE", "/api/v0/passes/"+other+"?expireAction=SOMETHING_ELSE", "")
			for _, want := range []string{"USER_REVOKE", "SOMETHING_ELSE"} {
				if d := to.next(t); d.get("result.expireAction") != want || d.get("result.expiredAt") == "" {
					t.Errorf("%s", d.body)
				}
			}
			if got := r.request("DELETE", "/v0/passes/"+r.make().get("id")+"?expireAction=not+that", ""); got.status != 400 {
				t.Errorf("%d %s", got.status, got.body)
			}
		},
		"E-4 what has not happened is null, or absent": func(t *testing.T) {
			for option, there := range map[string]bool{"null": true, "absent": false} {
				r, to := play(t, "unset="+option), receive(t, nil)
				r.hook(to.url, "")
				id := r.make().get("id")
				d := to.next(t)
				for _, member := range []string{"expiredAt", "expireAction", "lastScannedAt"} {
					if got := gjson.GetBytes(d.body, "result."+member); got.Exists() != there || got.Type != gjson.Null {
						t.Errorf("%s: %s is %q", option, member, got.Raw)
					}
				}
				same(t, r, id, d)
			}
		},
		"E-5 network is text, or a number; both are taken": func(t *testing.T) {
			for option, want := range map[string]string{"text": `"137"`, "number": `137`} {
				r, to := play(t, "network="+option), receive(t, nil)
				r.hook(to.url, "")
				for _, given := range []string{`137`, `"137"`} {
					id := r.call("POST", "/v0/passes", `{"wallet":{"chain":{"name":"evm","network":`+given+`},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"}}`).get("id")
					d := to.next(t)
					if got := gjson.GetBytes(d.body, "result.chain.network").Raw; got != want {
						t.Errorf("%s, given %s: %s", option, given, got)
					}
					same(t, r, id, d)
				}
				if got := r.call("GET", "/v0/passes?network=137", ""); got.get("#") != "2" {
					t.Errorf("%s: found %s", option, got.body)
				}
			}
		},
		"E-6 passes are of an EVM chain, or of Solana": func(t *testing.T) {
			const owner, token = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T", "So11111111111111111111111111111111111111112"
			ofSolana := `{"wallet":{"chain":{"name":"solana","network":"mainnet"},"address":"` + owner + `"},"nft":{"contractAddress":"` + token + `","tokenId":"1"}}`
			if got := play(t).request("POST", "/v0/passes", ofSolana); got.status != 400 || !strings.Contains(got.get("message"), "ethpass.chain=solana") {
				t.Errorf("by default: %d %s", got.status, got.body)
			}
			r, to := play(t, "chain=solana"), receive(t, nil)
			r.hook(to.url, "")
			id := r.call("POST", "/v0/passes", ofSolana).get("id")
			d := to.next(t)
			want := `{"name":"solana","network":"mainnet"}`
			if got := gjson.GetBytes(d.body, "result.chain").Raw; got != want || d.get("result.ownerAddress") != owner ||
				d.get("result.nfts.0.contractAddress") != token || d.get("result.nfts.0.contractInterface") != "metaplex" {
				t.Errorf("%s", d.body)
			}
			same(t, r, id, d)
			r.call("POST", "/v0/passes", `{"chain":{"name":"solana","network":"mainnet"},"signature":"s","signatureMessage":"m"}`)
			if got := to.next(t).get("result.ownerAddress"); len(got) < 32 || len(got) > 44 {
				t.Errorf("without an address: owner %q", got)
			}
		},
		"E-7 no retries, JSON, 30 s, 2xx": func(t *testing.T) {
			r, to := play(t), receive(t, nil)
			r.hook(to.url, "")
			r.make()
			if got := to.next(t).lines("Content-Type"); !slices.Equal(got, []string{"Content-Type: application/json"}) {
				t.Errorf("%q", got)
			}
			r.hook(r.CaptureURL()+"/nobody", "") // a bin answers 200
			r.make()
			r.hook("http://127.0.0.1:1/", "") // nobody listens
			r.make()
			if _, err := r.Client().Advance(t.Context(), 100*24*time.Hour); err != nil {
				t.Fatal(err)
			}
			list, err := r.Client().Deliveries(t.Context(), journal.DeliveryQuery{Provider: "ethpass"})
			if err != nil || len(list) != 3 {
				t.Fatalf("%d deliveries, %v", len(list), err)
			}
			for _, d := range list {
				want := journal.Delivered
				if d.URL == "http://127.0.0.1:1/" {
					want = journal.Exhausted
				}
				if d.State != want || len(d.Attempts) != 1 {
					t.Errorf("to %s: %s after %d attempts", d.URL, d.State, len(d.Attempts))
				}
			}
			if p := ethpassProvider(t); p.Delivery.Timeout != 30*time.Second {
				t.Errorf("timeout %v", p.Delivery.Timeout)
			}
		},
		"E-8 GET answers the bytes of result": func(t *testing.T) {
			r, to := play(t), receive(t, nil)
			r.hook(to.url, "")
			pass := r.make()
			id := pass.get("id")
			same(t, r, id, to.next(t))
			registration := r.call("POST", path("/v0/passes/%s/registrations", id), "")
			d := to.next(t)
			if d.get("result.registrations.#") != "1" || gjson.GetBytes(d.body, "result.registrations.0").Raw != registration.body {
				t.Errorf("pass:register appends: %s", d.body)
			}
			same(t, r, id, d)
			r.call("GET", "/v0/scan?data="+pass.get("barcodeSignature"), "")
			if d = to.next(t); d.get("result.lastScannedAt") == "" {
				t.Errorf("pass:scan sets lastScannedAt: %s", d.body)
			}
			same(t, r, id, d)
			removed := r.call("DELETE", path("/v0/passes/%s/registrations/%s", id, registration.get("id")), "")
			d = to.next(t)
			if d.get("result.registrations.0.deletedAt") == "" || gjson.GetBytes(d.body, "result.registrations.0").Raw != removed.body {
				t.Errorf("pass:unregister sets deletedAt: %s", d.body)
			}
			same(t, r, id, d)
			r.call("DELETE", "/v0/passes/"+id, "")
			if d = to.next(t); d.get("result.expiredAt") == "" || d.get("result.expireAction") != "USER_REVOKE" {
				t.Errorf("pass:expire sets expiredAt and expireAction: %s", d.body)
			}
			same(t, r, id, d)
		},
		"E-9 a pass of Google has registrations": func(t *testing.T) {
			r, to := play(t), receive(t, nil)
			id := r.make(`"platform":"google"`).get("id")
			r.hook(to.url, "")
			r.call("POST", path("/v0/passes/%s/registrations", id), "")
			if d := to.next(t); d.get("result.platform") != "google" || d.get("result.registrations.#") != "1" {
				t.Errorf("%s", d.body)
			}
		},
		"E-10 a project has one endpoint": func(t *testing.T) {
			r, old, other, to := play(t), receive(t, nil), receive(t, nil), receive(t, nil)
			for _, url := range []string{old.url, other.url} {
				if _, err := r.Provider("ethpass").Register(t.Context(), journal.Endpoint{URL: url, Secrets: []string{"generic"}}); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.call("GET", "/v0/project/webhook", ""); got.get("endpoint") != old.url || got.get("authorization") != "generic" {
				t.Errorf("what was registered otherwise shows as %s", got.body)
			}
			for _, authorization := range []string{"mine", ""} {
				r.hook(to.url, authorization)
				list, err := r.Client().Endpoints(t.Context(), "ethpass")
				if err != nil || len(list) != 1 || list[0].URL != to.url {
					t.Errorf("after Update: %+v, %v", list, err)
				}
				r.make()
				to.next(t)
			}
			old.nothing(t, r)
			other.nothing(t, r)
			r.call("DELETE", "/v0/project/webhook", "")
			if got := r.call("GET", "/v0/project/webhook", ""); got.body != `{"endpoint":null,"authorization":null}` {
				t.Errorf("removed: %s", got.body)
			}
			r.make()
			to.nothing(t, r)
		},
		"E-11 all five events, always": func(t *testing.T) {
			r, to := play(t), receive(t, nil)
			if _, err := r.Provider("ethpass").Subscribe(t.Context(), to.url, "pass:create"); err != nil {
				t.Fatal(err)
			}
			r.hook(to.url, "")
			pass := r.make()
			registration := r.call("POST", path("/v0/passes/%s/registrations", pass.get("id")), "")
			r.call("GET", "/v0/scan?data="+pass.get("barcodeSignature"), "")
			r.call("DELETE", path("/v0/passes/%s/registrations/%s", pass.get("id"), registration.get("id")), "")
			r.call("DELETE", "/v0/passes/"+pass.get("id"), "")
			for _, want := range []string{"pass:create", "pass:register", "pass:scan", "pass:unregister", "pass:expire"} {
				if d := to.next(t); d.event() != want {
					t.Errorf("%s, want %s", d.event(), want)
				}
			}
		},
		"renamed events": func(t *testing.T) {
			r, to := play(t, "rename=pass:scan=pass:read"), receive(t, nil)
			pass := r.make()
			r.hook(to.url, "")
			r.call("GET", "/v0/scan?data="+pass.get("barcodeSignature"), "")
			d := to.next(t)
			if d.event() != "pass:read" {
				t.Errorf("%s", d.body)
			}
			same(t, r, pass.get("id"), d)
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); row(t) })
	}
}

// same compares result with what the API answers at that moment, at both roots.
func same(t *testing.T, r *server, id string, d arrival) {
	t.Helper()
	for _, root := range []string{"/v0", "/api/v0"} {
		if got := r.call("GET", root+"/passes/"+id, ""); got.body != d.result() || d.result() == "" {
			t.Errorf("%s at %s: %s\nis not\n%s", d.event(), root, got.body, d.result())
		}
	}
}

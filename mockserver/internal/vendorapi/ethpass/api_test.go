package ethpass_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// What is wrong with a request is said, and changes nothing.
func TestWrongRequests(t *testing.T) {
	t.Parallel()
	r := play(t)
	pass := r.make()
	registration := r.call("POST", path("/v0/passes/%s/registrations", pass.get("id")), "").get("id")
	r.call("DELETE", path("/v0/passes/%s/registrations/%s", pass.get("id"), registration), "")
	expired := r.make().get("id")
	r.call("DELETE", "/v0/passes/"+expired, "")
	before := r.call("GET", "/v0/passes", "").body
	const wallet = `"wallet":{"chain":{"name":"evm","network":1},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"}`
	token := func(nft string) string { return "{" + wallet + `,"nft":` + nft + "}" }
	names := strings.NewReplacer("PASS", pass.get("id"), "EXPIRED", expired, "REGISTRATION", registration)
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"no key", "GET", "/v0/passes", "", []string{"X-API-KEY", ""}, 401, "X-API-KEY header is missing"},
		{"another key", "POST", "/v0/passes", "{}", []string{"X-API-KEY", "nobody's"}, 401, "no key of a project"},
		{"another path", "GET", "/v0/nothing", "", nil, 404, `"/v0/nothing"`},
		{"another root", "GET", "/v1/passes", "", nil, 404, `"/v1/passes"`},
		{"another method", "PUT", "/v0/passes", "{}", nil, 405, "GET, POST"},
		{"no pass", "GET", "/v0/passes/nobody", "", nil, 404, `no pass "nobody"`},
		{"no pass to change", "PATCH", "/v0/passes/nobody", "{}", nil, 404, `no pass "nobody"`},
		{"no pass to revoke", "DELETE", "/v0/passes/nobody", "", nil, 404, `no pass "nobody"`},
		{"no file", "GET", "/v0/files/demo/nobody", "", nil, 404, `no pass "nobody"`},
		{"a form", "POST", "/v0/passes", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "send application/json"},
		{"no JSON", "POST", "/v0/passes", "{", nil, 400, "ends too early"},
		{"null", "POST", "/v0/passes", "null", nil, 400, "null"},
		{"a list", "POST", "/v0/passes", "[]", nil, 400, "cannot unmarshal array"},
		{"no UTF-8", "POST", "/v0/passes", "{\"image\":\"\xff\"}", nil, 400, "not UTF-8"},
		{"nothing", "POST", "/v0/passes", "{}", nil, 400, "chain:"},
		{"no signature", "POST", "/v0/passes", `{"chain":{"name":"evm","network":1}}`, nil, 400, "signature"},
		{"wallet without a chain", "POST", "/v0/passes", `{"wallet":{"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"}}`, nil, 400, "wallet.chain"},
		{"wallet without an address", "POST", "/v0/passes", `{"wallet":{"chain":{"name":"evm","network":1}}}`, nil, 400, "wallet.address"},
		{"chain", "POST", "/v0/passes", strings.Replace("{"+wallet+"}", "evm", "bitcoin", 1), nil, 400, `wallet.chain.name "bitcoin"`},
		{"network", "POST", "/v0/passes", strings.Replace("{"+wallet+"}", "1", `"mainnet"`, 1), nil, 400, `wallet.chain.network "mainnet"`},
		{"half a network", "POST", "/v0/passes", strings.Replace("{"+wallet+"}", "1", "1.5", 1), nil, 400, `wallet.chain.network "1.5"`},
		{"a network below 0", "POST", "/v0/passes", strings.Replace("{"+wallet+"}", "1", "-1", 1), nil, 400, `wallet.chain.network "-1"`},
		{"a network without end", "POST", "/v0/passes", strings.Replace("{"+wallet+"}", "1", strings.Repeat("9", 400), 1), nil, 400, "wallet.chain.network"},
		{"address", "POST", "/v0/passes", strings.Replace("{"+wallet+"}", "0xa8", "a8", 1), nil, 400, "wallet.address"},
		{"platform", "POST", "/v0/passes", "{" + wallet + `,"platform":"windows"}`, nil, 400, `platform "windows"`},
		{"contract", "POST", "/v0/passes", token(`{"contractAddress":"0x12","tokenId":"1"}`), nil, 400, `nft.contractAddress "0x12"`},
		{"token", "POST", "/v0/passes", token(`{"contractAddress":"0x79c1d53f15e34895d608ff47ee56ad1f0f3f45d3","tokenId":"one"}`), nil, 400, `nft.tokenId "one"`},
		{"interface", "POST", "/v0/passes", token(`{"contractAddress":"0x79c1d53f15e34895d608ff47ee56ad1f0f3f45d3","tokenId":"1","contractInterface":"721"}`), nil, 400, "contractInterface"},
		{"one of many", "POST", "/v0/passes", "{" + wallet + `,"nfts":[{"contractAddress":"","tokenId":"1"}]}`, nil, 400, "nfts[0].contractAddress"},
		{"two ways of one", "POST", "/v0/passes", "{" + wallet + `,"nft":{},"nfts":[]}`, nil, 400, "nft, nfts"},
		{"too many", "POST", "/v0/passes", "{" + wallet + `,"nfts":[` + strings.Repeat("{},", 100) + `{}]}`, nil, 400, "101 tokens"},
		{"barcode", "POST", "/v0/passes", "{" + wallet + `,"barcode":{"message":7}}`, nil, 400, "barcode.message"},
		{"redirect", "POST", "/v0/passes", "{" + wallet + `,"barcode":{"redirect":{"url":"javascript:alert(1)"}}}`, nil, 400, "barcode.redirect.url"},
		{"pass", "POST", "/v0/passes", "{" + wallet + `,"pass":"blue"}`, nil, 400, "pass"},
		{"a long name", "PATCH", "/v0/passes/PASS", `{"externalId":"` + strings.Repeat("x", 5000) + `"}`, nil, 400, "externalId"},
		{"a huge body", "PATCH", "/v0/passes/PASS", `{"image":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, "1048576"},
		{"filter expired", "GET", "/v0/passes?expired=yes", "", nil, 400, `expired "yes"`},
		{"filter chain", "GET", "/v0/passes?chain=bitcoin", "", nil, 400, `chain "bitcoin"`},
		{"filter network", "GET", "/v0/passes?network=%00", "", nil, 400, "network"},
		{"filter token", "GET", "/v0/passes?tokenId=x", "", nil, 400, `tokenId "x"`},
		{"filter contract", "GET", "/v0/passes?contractAddress=x", "", nil, 400, `contractAddress "x"`},
		{"filter owner", "GET", "/v0/passes?ownerAddress=x", "", nil, 400, `ownerAddress "x"`},
		{"limit", "GET", "/v0/passes?limit=0", "", nil, 400, `limit "0"`},
		{"offset", "GET", "/v0/passes?offset=-1", "", nil, 400, `offset "-1"`},
		{"query", "GET", "/v0/passes?a=%zz", "", nil, 400, "query"},
		{"history", "GET", "/v0/passes/PASS?scanHistoryStartTime=yesterday", "", nil, 400, "scanHistoryStartTime"},
		{"history backwards", "GET", "/v0/passes/PASS?scanHistoryStartTime=2&scanHistoryEndTime=1", "", nil, 400, "is before"},
		{"no barcode", "GET", "/v0/scan", "", nil, 400, "data is missing"},
		{"dry run", "GET", "/v0/scan?data=x&dryRun=perhaps", "", nil, 400, "dryRun"},
		{"endpoint", "PUT", "/v0/project/webhook", `{"endpoint":"nowhere"}`, nil, 400, `"nowhere"`},
		{"no endpoint", "PUT", "/v0/project/webhook", `{}`, nil, 400, "endpoint"},
		{"no registration", "DELETE", "/v0/passes/PASS/registrations/nobody", "", nil, 404, `"nobody"`},
		{"removed twice", "DELETE", "/v0/passes/PASS/registrations/REGISTRATION", "", nil, 409, "was removed at"},
		{"expired twice", "DELETE", "/v0/passes/EXPIRED", "", nil, 409, "expired"},
		{"installed when expired", "POST", "/v0/passes/EXPIRED/registrations", "", nil, 409, "expired"},
		{"ownership", "PUT", "/v0/passes/PASS/ownership", "{}", nil, 400, "valid"},
	} {
		got := r.request(c.method, names.Replace(c.path), c.body, c.headers...)
		if got.status != c.status || !strings.Contains(got.get("message"), c.want) || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s, want %d with %s", c.name, got.status, got.body, c.status, c.want)
		}
		if allow := got.header.Get("Allow"); (allow != "") != (c.status == 405) {
			t.Errorf("%s: Allow %q", c.name, allow)
		}
	}
	if after := r.call("GET", "/v0/passes", "").body; after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	if got := r.call("GET", "/v0/project/webhook", ""); got.get("endpoint") != "" {
		t.Errorf("an endpoint was kept: %s", got.body)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	r := play(t)
	const one, two = "0xa8c62111e4652b07110a0fc81816303c42632f64", "0xF888f4fAad70F542a80176f8b63438402C937473"
	const a, b = "0x79c1d53f15e34895d608ff47ee56ad1f0f3f45d3", "0x25ed58c027921e14d86380ea2646e3a1b5c55a8b"
	ids := map[string]string{}
	for _, p := range [][5]string{{"w", one, "1", a, "1"}, {"x", one, "137", a, "2"}, {"y", two, "1", b, "1"}, {"z", two, "1", a, "1"}} {
		ids[r.call("POST", "/v0/passes", path(`{"wallet":{"address":%q,"chain":{"name":"evm","network":%q}},"nfts":[{"contractAddress":%q,"tokenId":%q}]}`,
			p[1], p[2], p[3], p[4])).get("id")] = p[0]
	}
	for id, name := range ids {
		if name == "z" {
			r.call("DELETE", "/v0/passes/"+id, "")
		}
	}
	for query, want := range map[string]string{
		"": "4 wxyz", "expired=0": "3 wxy", "expired=1": "1 z", "expired=": "4 wxyz", "unknown=1": "4 wxyz",
		"ownerAddress=" + strings.ToUpper(one[2:]):   "400",
		"ownerAddress=0x" + strings.ToUpper(one[2:]): "2 wx", "ownerAddress=" + strings.ToLower(two): "2 yz",
		"contractAddress=" + a: "3 wxz", "tokenId=1": "3 wyz", "contractAddress=" + a + "&tokenId=1": "2 wz",
		"network=137": "1 x", "chain=evm": "4 wxyz", "chain=solana": "0 ",
		"limit=2": "4 wx", "limit=2&offset=2": "4 yz", "offset=3": "4 z", "offset=9": "4 ", "expired=0&limit=1&offset=1": "3 x",
	} {
		got := r.request("GET", "/v0/passes?"+query, "")
		said := "400"
		if got.status == 200 {
			said = got.header.Get("X-Total-Count") + " "
			for _, id := range strings.Split(strings.Trim(got.get("#.id"), "[]"), ",") {
				said += ids[strings.Trim(id, `"`)]
			}
		}
		if said != want {
			t.Errorf("%s: %q, want %q", query, said, want)
		}
	}
	// What is listed is what is got.
	list := r.call("GET", "/v0/passes?limit=1", "").body
	for id, name := range ids {
		if name == "w" && list != "["+r.call("GET", "/v0/passes/"+id, "").body+"]" {
			t.Errorf("%s", list)
		}
	}
}

// A scan shows the pass as it was, tells the barcode's message, and is remembered with its time.
func TestScans(t *testing.T) {
	t.Parallel()
	r, to := play(t), receive(t, nil)
	r.hook(to.url, "")
	pass := r.make(`"barcode":{"message":"ITEM <1>"}`)
	id, scan := pass.get("id"), "/v0/scan?data="+pass.get("barcodeSignature")
	to.next(t)
	if got := r.call("GET", scan+"&dryRun=true", ""); got.get("message") != "ITEM <1>" || got.get("nfts.0.valid") != "true" {
		t.Errorf("a dry run: %s", got.body)
	}
	to.nothing(t, r)
	if got := r.call("GET", scan, ""); got.get("lastScannedAt") != "" || got.get("message") != "ITEM <1>" {
		t.Errorf("the first scan, of a pass that is on no device: %s", got.body)
	}
	first := to.next(t)
	if first.event() != "pass:scan" {
		t.Errorf("%s", first.body)
	}
	if _, err := r.Client().Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	r.call("PATCH", "/v0/passes/"+id, `{"barcode":{"message":null}}`)
	r.call("PUT", path("/v0/passes/%s/ownership", id), `{"valid":false}`)
	got := r.call("GET", scan, "")
	if got.get("lastScannedAt") != first.get("result.lastScannedAt") || got.get("message") != "" || got.get("nfts.0.valid") != "false" || got.get("scanResult.valid") != "false" {
		t.Errorf("the second scan, of tokens that were sold: %s", got.body)
	}
	second := to.next(t)
	r.call("DELETE", "/v0/passes/"+id, "")
	to.next(t)
	if got := r.call("GET", scan, ""); !strings.Contains(got.get("message"), "expired") || got.get("expireAction") != "USER_REVOKE" {
		t.Errorf("a scan of an expired pass: %s", got.body)
	}
	to.nothing(t, r)
	firstAt, err := time.Parse(time.RFC3339, first.get("result.lastScannedAt"))
	if err != nil {
		t.Fatal(err)
	}
	at := firstAt.Unix()
	for query, want := range map[string]string{
		path("scanHistoryStartTime=%d", at):                                 path(`["%s","%s"]`, first.get("result.lastScannedAt"), second.get("result.lastScannedAt")),
		path("scanHistoryEndTime=%d", at):                                   path(`["%s"]`, first.get("result.lastScannedAt")),
		path("scanHistoryStartTime=%d", at+60):                              path(`["%s"]`, second.get("result.lastScannedAt")),
		path("scanHistoryStartTime=%d&scanHistoryEndTime=%d", at+60, at+61): "[]",
	} {
		if got := r.call("GET", "/v0/passes/"+id+"?"+query, ""); got.get("scanHistory.#.scannedAt") != want || got.get("id") != id {
			t.Errorf("%s: %s, want %s", query, got.body, want)
		}
	}
	if got := r.call("GET", "/v0/passes/"+id, ""); got.get("scanHistory") != "" {
		t.Errorf("not asked for: %s", got.body)
	}
}

// The owner has the capitals of EIP-55 (its own test vectors, and the example of "Using Webhooks").
func TestOwners(t *testing.T) {
	t.Parallel()
	r := play(t)
	for _, address := range []string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
		"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", "0xF888f4fAad70F542a80176f8b63438402C937473",
	} {
		got := r.call("POST", "/v0/passes", `{"wallet":{"chain":{"name":"evm","network":1},"address":"`+strings.ToLower(address)+`"}}`)
		if got.get("ownerAddress") != address {
			t.Errorf("%s, want %s", got.get("ownerAddress"), address)
		}
	}
	signed := func(signature, more string) answer {
		return r.request("POST", "/v0/passes", `{"chain":{"name":"evm","network":1},"signature":"`+signature+`","signatureMessage":"m"`+more+`}`)
	}
	one, again, other := signed("0x01", ""), signed("0x01", `,"platform":"google"`), signed("0x02", "")
	if one.get("ownerAddress") != again.get("ownerAddress") || one.get("ownerAddress") == other.get("ownerAddress") || len(one.get("ownerAddress")) != 42 {
		t.Errorf("owners by signature: %s, %s, %s", one.body, again.body, other.body)
	}
	unique := `{"wallet":{"chain":{"name":"evm","network":1},"address":"0xdbf03b407c01e7cd3cbea99509d93f8dddc8c6fb","signature":"0x0%s","requireUniqueSignature":true}}`
	for signature, want := range map[string]int{"2": 400, "3": 200} {
		if got := r.request("POST", "/v0/passes", path(unique, signature)); got.status != want {
			t.Errorf("requireUniqueSignature with 0x0%s: %d %s", signature, got.status, got.body)
		}
	}
}

// Who has the address of a pass's file needs no key, and learns no more than what is on the pass.
func TestFile(t *testing.T) {
	t.Parallel()
	r := play(t)
	pass := r.make(`"barcode":{"message":"hidden","redirect":{"url":"https://example.test/?data="}}`, `"pass":{"logoText":"Hello"}`)
	got := r.request("GET", strings.TrimPrefix(pass.get("fileURL"), r.url), "", "X-API-KEY", "")
	if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || strings.Contains(got.body, "hidden") ||
		got.get("barcode.message") != "https://example.test/?data="+pass.get("barcodeSignature") || got.get("pass.logoText") != "Hello" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	if got := r.call("GET", path("/v0/passes/%s/distribution", pass.get("id")), ""); got.get("fileURL") != pass.get("fileURL") || got.get("platform") != "apple" {
		t.Errorf("%s", got.body)
	}
}

// The device that is named is the one that the pass is removed from.
func TestRegistrations(t *testing.T) {
	t.Parallel()
	r, to := play(t), receive(t, nil)
	id := r.make().get("id")
	r.hook(to.url, "")
	var ids []string
	for range 6 {
		ids = append(ids, r.call("POST", path("/v0/passes/%s/registrations", id), `{"pushToken":"x"}`).get("id"))
		to.next(t)
	}
	left := slices.Clone(ids)
	for _, i := range []int{3, 0, 5, 4, 1, 2} {
		removed := r.call("DELETE", path("/v0/passes/%s/registrations/%s", id, ids[i]), "")
		d := to.next(t)
		left = slices.DeleteFunc(left, func(other string) bool { return other == ids[i] })
		want := strings.Join(left, " ")
		var open []string
		for _, one := range gjson.GetBytes(d.body, "result.registrations.#(deletedAt==~null)#.id").Array() {
			open = append(open, one.Str)
		}
		if removed.get("id") != ids[i] || removed.get("deletedAt") == "" || strings.Join(open, " ") != want || d.get("result.registrations.#") != "6" {
			t.Errorf("removed %s: %s, open %v, want %s", ids[i], removed.body, open, want)
		}
	}
	if got := r.request("DELETE", path("/v0/passes/%s/registrations/%s", id, ids[0]), ""); got.status != 409 {
		t.Errorf("once more: %d %s", got.status, got.body)
	}
	if r.call("POST", path("/v0/passes/%s/registrations", id), ""); to.next(t).event() != "pass:register" {
		t.Error("it was not installed again")
	}
}

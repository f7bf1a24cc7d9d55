package ethpass_test

import (
	"strings"
	"testing"
)

// documented is the payload of "Using Webhooks", Payload Schema.
const documented = `{
  "event": "pass:expire",
  "result": {
    "id": "2f8210ee-4f02-4966-9529-745d80116718",
    "barcodeSignature": "0x02c954980025cfc61a0f78b938173c0eda776103c896f44fc5ba5941933dd9c96891e0fef78f1aecf0eb09ec34d0bd74f2f1627329d6afa88dfadeac8ae049871c",
    "platform": "google",
    "ownerAddress": "0xF888f4fAad70F542a80176f8b63438402C937473",
    "createdAt": "2022-10-27T21:57:38.520137+00:00",
    "expiredAt": "2022-10-27T21:58:03.158+00:00",
    "expireAction": "USER_REVOKE",
    "lastScannedAt": "2022-10-27T21:58:01.822+00:00",
    "chain": {
      "name": "evm",
      "network": "1"
    },
    "registrations": [
      {
        "id": "07a39167-6484-4ce8-b485-84eb41a5cd5b",
        "createdAt": "2022-10-27T21:56:30.026695+00:00",
        "deletedAt": null
      }
    ],
    "nfts": [
      {
        "contractAddress": "0x25ed58c027921e14d86380ea2646e3a1b5c55a8b",
        "contractInterface": "0x80ac58cd",
        "tokenId": "5946"
      }
    ]
  }
}`

func TestTheDocumentedPayloadFitsTheSchema(t *testing.T) {
	t.Parallel()
	p := ethpassProvider(t)
	if err := p.Validate("pass:expire", []byte(documented)); err != nil {
		t.Error(err)
	}
	for old, other := range map[string]string{
		`"USER_REVOKE"`: `7`, `"0x25ed58`: `"25ed58`, `"tokenId": "5946"`: `"tokenId": 5946`, `"google"`: `"windows"`,
	} {
		if err := p.Validate("pass:expire", []byte(strings.Replace(documented, old, other, 1))); err == nil {
			t.Errorf("%s in the place of %s fits too", other, old)
		}
	}
}

// A pass like the documented one, made by calls, has the documented payload but for what is drawn
// and for the times.
func TestTheDocumentedPayloadByCalls(t *testing.T) {
	t.Parallel()
	r, to := play(t), receive(t, nil)
	pass := r.call("POST", "/v0/passes", `{"platform":"google",
		"wallet":{"chain":{"name":"evm","network":1},"address":"0xf888f4faad70f542a80176f8b63438402c937473"},
		"nft":{"contractAddress":"0x25ed58c027921e14d86380ea2646e3a1b5c55a8b","tokenId":"5946","contractInterface":"0x80ac58cd"}}`)
	r.call("POST", path("/v0/passes/%s/registrations", pass.get("id")), "")
	r.call("GET", "/v0/scan?data="+pass.get("barcodeSignature"), "")
	r.hook(to.url, "")
	r.call("DELETE", "/v0/passes/"+pass.get("id"), "")
	d := to.next(t)
	want := compact(t, documented)
	for member, example := range map[string]string{
		"id": "2f8210ee-4f02-4966-9529-745d80116718", "createdAt": "2022-10-27T21:57:38.520137+00:00",
		"barcodeSignature": "0x02c954980025cfc61a0f78b938173c0eda776103c896f44fc5ba5941933dd9c96891e0fef78f1aecf0eb09ec34d0bd74f2f1627329d6afa88dfadeac8ae049871c",
		"expiredAt":        "2022-10-27T21:58:03.158+00:00", "lastScannedAt": "2022-10-27T21:58:01.822+00:00",
		"registrations.0.id": "07a39167-6484-4ce8-b485-84eb41a5cd5b", "registrations.0.createdAt": "2022-10-27T21:56:30.026695+00:00",
	} {
		got := d.get("result." + member)
		if len(got) != len(example) || got == "" {
			t.Errorf("%s is %q, in the example %q", member, got, example)
		}
		want = strings.Replace(want, example, got, 1)
	}
	if string(d.body) != want {
		t.Errorf("%s\nwant\n%s", d.body, want)
	}
}

// The requests that the documents show, with host, key and ids replaced: PASS and BARCODE are those
// of a pass.
func TestDocumentedRequests(t *testing.T) {
	t.Parallel()
	const signed = `"signature": "0x71147d2b97a397061e6dbd82351867a7057bdb4d9566a8ac2d618e1a3e62d43c722245fb4e6a8e9ee814348bdd5c433224c8c10f9fadf7fd154b44c17056109f1c",` +
		`"signatureMessage": "Sign this message to generate a test pass with ethpass.xyz"`
	for _, c := range []struct {
		document, method, path, body string
		status                       int
		want                         map[string]string
	}{
		{
			"Creating Passes, Wallet-Based Pass Creation", "POST", "/api/v0/passes",
			`{"wallet": {"chain": {"name": "evm", "network": 1}, "address": "0xA8C62111e4652b07110A0FC81816303c42632f64", ` + signed + `}}`, 200,
			map[string]string{"chain.name": "evm", "chain.network": "1", "nfts.#": "0", "registrations.#": "0"},
		},
		{
			"API Reference, Create a new pass", "POST", "/v0/passes",
			`{"chain": {"name": "evm", "network": 1}, ` + signed + `, "platform": "apple", "nft": {"contractAddress": "0x79c1d53f15e34895d608ff47ee56ad1f0f3f45d3",` +
				`"tokenId": "315", "contractInterface": "0x80ac58cd"}, "barcode": {"message": "hello"}, "image": "https://example.test/a.png", "templateId": "t", "externalId": "e",` +
				`"pass": {"description": "d"}, "delegation": {}}`, 200,
			map[string]string{"platform": "apple", "nfts.0.tokenId": "315", "externalId": "e", "templateId": "t", "pass.description": "d"},
		},
		{
			"Using Pass Barcodes, Using a Barcode Message", "POST", "/api/v0/passes",
			`{"barcode": {"message": "ITEM-ID:207"}, ` + signed + `, "platform": "apple", "chain": {"name": "evm", "network": 1}}`, 200,
			map[string]string{"nfts.#": "0", "barcode.message": "ITEM-ID:207"},
		},
		{
			"Using Pass Barcodes, Using a Pass Redirect", "POST", "/api/v0/passes",
			`{"barcode": {"redirect": {"url": "https://example.test/verify?data="}}, ` + signed + `, "platform": "google", "chain": {"name": "evm", "network": 137}}`, 200,
			map[string]string{"platform": "google", "chain.network": "137"},
		},
		{"Querying Passes, Fetching All Active Passes", "GET", "/api/v0/passes?expired=0", "", 200, map[string]string{"#": "1", "0.id": "PASS"}},
		{
			"Querying Passes, Preventing Duplicates", "GET",
			"/api/v0/passes?contractAddress=0x79c1d53F15E34895D608Ff47EE56aD1f0F3F45d3&tokenId=315&network=1&chain=evm&ownerAddress=0xA8C62111e4652b07110A0FC81816303c42632f64&expired=0",
			"", 200,
			map[string]string{"#": "1", "0.id": "PASS"},
		},
		{
			"Querying Passes, Preventing Duplicates: there is none", "GET",
			"/api/v0/passes?contractAddress=0x86c1d53F15E34895D608Ff47EE56aD1f0F3F45B4&tokenId=231&network=1&chain=evm&ownerAddress=0xC0156A89A159A85f3f7e832e7E2450538a70B0Ab&expired=0",
			"", 200,
			map[string]string{"#": "0"},
		},
		{"GET /v0/passes/{id}", "GET", "/v0/passes/PASS", "", 200, map[string]string{"id": "PASS", "platform": "apple", "lastScannedAt": ""}},
		{
			"Fetching Scan History", "GET", "/api/v0/passes/PASS?scanHistoryStartTime=1662680045&scanHistoryEndTime=1663198445", "", 200,
			map[string]string{"id": "PASS", "scanHistory.#": "0"},
		},
		{
			"Updating Passes, Updating a Barcode Message", "PATCH", "/api/v0/passes/PASS", `{"barcode": {"message": "ITEM-1207"}}`, 200,
			map[string]string{"id": "PASS", "barcode.message": "ITEM-1207"},
		},
		{
			"Updating Passes, Updating Apple Pass Properties", "PATCH", "/api/v0/passes/PASS",
			`{"barcode": {"message": "Message update"}, "pass": {"logoText": "PATCH", "labelColor": "rgb(255,0,0)", "headerFields": [{"key": "header1", "label": "CLAIM CODE",` +
				`"value": "ABJD81", "textAlignment": "PKTextAlignmentNatural", "changeMessage": "NEW CLAIM CODE %@"}]}}`, 200,
			map[string]string{"pass.headerFields.0.value": "ABJD81", "pass.logoText": "PATCH"},
		},
		{
			"Scanning Passes, Scanning a Pass", "GET", "/api/v0/scan?data=BARCODE", "", 200,
			map[string]string{"id": "PASS", "message": "hidden", "nfts.0.valid": "true", "scanResult.valid": "true", "expiredAt": ""},
		},
		{"Scanning Passes, as a demonstration calls it", "GET", "/api/v0/scan/?data=BARCODE", "", 200, map[string]string{"id": "PASS"}},
		{"Scanning Passes, Performing a Dry Run", "GET", "/api/v0/scan?data=BARCODE&dryRun=true", "", 200, map[string]string{"id": "PASS"}},
		{
			"Scanning Passes, the document's own barcode", "GET", "/api/v0/scan?data=0xe49383c69c2f0426877a5086b8113c6d9db200abc", "", 404,
			map[string]string{"message": `No pass of the project has the barcode "0xe49383c69c2f0426877a5086b8113c6d9db200abc".`},
		},
		{"API Reference, Get project information", "GET", "/v0/project", "", 200, map[string]string{"name": "demo", "timezone": "UTC", "keyCreated": "true"}},
		{"a demonstration's download", "GET", "/api/v0/passes/PASS/distribution", "", 200, map[string]string{"platform": "apple"}},
	} {
		t.Run(c.document, func(t *testing.T) {
			t.Parallel()
			r := play(t)
			pass := r.make(`"barcode":{"message":"hidden"}`)
			names := strings.NewReplacer("PASS", pass.get("id"), "BARCODE", pass.get("barcodeSignature"))
			got := r.request(c.method, names.Replace(c.path), c.body, "content-type", "application/json")
			if got.status != c.status || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
				t.Fatalf("%d %s %s", got.status, got.header.Get("Content-Type"), got.body)
			}
			for member, want := range c.want {
				if value := got.get(member); value != strings.Replace(want, "PASS", pass.get("id"), 1) {
					t.Errorf("%s is %q, want %q: %s", member, value, want, got.body)
				}
			}
			if c.method == "POST" {
				file := got.get("fileURL")
				if here, ok := strings.CutPrefix(file, r.url); !ok || r.request("GET", here, "", "X-API-KEY", "").status != 200 {
					t.Errorf("fileURL %q", file)
				}
			}
		})
	}
}

package neostore_test

import (
	"regexp"
	"strings"
	"testing"
)

// curl reads a curl command as the documents write them.
func curl(t *testing.T, command string) (method, url, body string, header []string) {
	t.Helper()
	method = "GET"
	for _, option := range regexp.MustCompile(`(?s)(-X|-H|-d|curl)?\s*'([^']*)'`).FindAllStringSubmatch(command, -1) {
		switch option[1] {
		case "-X":
			method = option[2]
		case "-H":
			header = append(header, option[2])
		case "-d":
			body = option[2]
		default:
			url = option[2]
		}
	}
	if url == "" {
		t.Fatalf("no address in %s", command)
	}
	return method, url, body, header
}

// The requests that the documents show, with only host, tenant and key replaced, give the
// documented answers. Where a document describes a call without a command, the command is what it
// describes.
func TestDocumentedCalls(t *testing.T) {
	t.Parallel()
	const (
		host = "https://app.neostore.cloud"
		key  = `-H 'X-API-KEY: YOUR_API_KEY'`
		json = key + ` -H 'Content-Type: application/json'`
	)
	for _, c := range []struct {
		document, section, command string
		status                     int
		want                       string // a pattern of the body
		header                     string // one that the answer has
	}{
		{"N0", "Create a webhook (API)", `curl -X 'POST' \
  'https://app.neostore.cloud/api/{tenantId}/webhooks' \
  -H 'X-API-KEY: YOUR_API_KEY' \
  -H 'Content-Type: application/json' \
  -d '{
  "description": "Sync The Wallet Crew events to our CRM",
  "events": [
    "Customer:*",
    "Pass:Created"
  ],
  "endpoint": "https://your-endpoint-url.com/webhook",
  "enabled": true
}'`, 200, `^{"id":"\w{5}","signatureSecret":"[\w-]{64}","description":"Sync The Wallet Crew events to our CRM","events":\["Customer:\*","Pass:Created"\],"endpoint":"https://your-endpoint-url.com/webhook","enabled":true}$`, ""},
		// The document writes "the webhook's purpose", whose apostrophe would end the shell's word.
		{"N1", "Configuring Webhooks in Neostore", `curl -X 'POST' \
  'https://app.neostore.cloud/api/{tenantId}/webhooks' \
  -H 'X-API-KEY: YOUR_API_KEY' \
  -H 'Content-Type: application/json' \
  -d '{
  "description": "Description of the webhook s purpose",
  "events": [
    "Customer:*",
    "Pass:Created"
  ],
  "endpoint": "https://your-endpoint-url.com/webhook",
  "enabled": true
}'`, 200, `^{"id":"\w{5}","signatureSecret":"[\w-]{64}","description":"Description of the webhook s purpose","events":\["Customer:\*","Pass:Created"\],"endpoint":"https://your-endpoint-url.com/webhook","enabled":true}$`, ""},
		{"N0", "Update, list, and delete: GET", `curl '` + host + `/api/{tenantId}/webhooks/{id}' ` + key, 200, `^{"id":"{id}","signatureSecret":"`, ""},
		{"N0", "Update, list, and delete: PATCH", `curl -X 'PATCH' '` + host + `/api/{tenantId}/webhooks/{id}' ` + json + ` -d '{"enabled": false}'`, 200, `^{"id":"{id}",.*"enabled":false}$`, ""},
		{"N0", "Update, list, and delete: DELETE", `curl -X 'DELETE' '` + host + `/api/{tenantId}/webhooks/{id}' ` + key, 200, `^$`, ""},
		{"N2", "Get all configured webhooks", `curl '` + host + `/api/{tenantId}/webhooks' ` + key, 200, `^\[{"id":"{id}","signatureSecret":"`, ""},
		{"N2", "Create a new webhook subscription", `curl -X 'POST' '` + host + `/api/{tenantId}/webhooks' ` + json + ` -d '{"events": ["pass.*", "customer.created", "store.*.updated"], "endpoint": "https://your-endpoint-url.com/webhook"}'`, 200, `"events":\["pass.\*","customer.created","store.\*.updated"\],.*"enabled":true}$`, ""},
		{"N2", "Get a specific webhook by ID", `curl '` + host + `/api/{tenantId}/webhooks/{id}' ` + key, 200, `^{"id":"{id}"`, ""},
		{"N2", "Update an existing webhook", `curl -X 'PUT' '` + host + `/api/{tenantId}/webhooks/{id}' ` + json + ` -d '{"description": "x", "events": ["*"], "endpoint": "https://your-endpoint-url.com/other", "enabled": false}'`, 200, `^$`, ""},
		{"N2", "Delete a webhook subscription", `curl -X 'DELETE' '` + host + `/api/{tenantId}/webhooks/{id}' ` + key, 200, `^$`, ""},
		{"N5", "Validate access quickly: without a key", `curl '` + host + `/api/{tenantId}/webhooks'`, 401, `"status":401`, "Www-Authenticate"},
		{"N5", "Validate access quickly: a revoked key", `curl '` + host + `/api/{tenantId}/webhooks' -H 'X-API-KEY: REVOKED'`, 401, `"status":401`, "Www-Authenticate"},
		{"N5", "Validate access quickly: a key with insufficient scopes", `curl '` + host + `/api/{tenantId}/webhooks' -H 'X-API-KEY: PASSES_ONLY'`, 403, `"status":403`, "Www-Authenticate"},
		{"Pass", "Retrieve passes", `curl '` + host + `/api/{tenantId}/passes?pageIndex=0&pageSize=20' ` + key, 200, `^\[{"id":"\w{12}","secret":"[\w-]{64}","creationDate":"[^"]+","lastUpdateDate":"[^"]+","passType":"user","identifiers":{},"metadata":null,"additionalData":null,"providers":{}}\]$`, "X-Pagination-Total"},
		{"Pass", "Create a new pass", `curl -X 'POST' '` + host + `/api/{tenantId}/passes' ` + json + ` -d '{"passType": "user", "identifiers": {"shopifyId": "1"}}'`, 200, `^{"id":"\w{12}",.*"identifiers":{"shopifyId":"1"}`, ""},
	} {
		r := start(t, setup{})
		r.allow("PASSES_ONLY", "Pass.Read")
		h := r.create("https://your-endpoint-url.com/webhook", "Pass:*")
		r.want(200, "POST", "/api/acme/passes", `{"passType":"user"}`)
		replaced := strings.NewReplacer(host, "", "{tenantId}", "acme", "YOUR_API_KEY", "acme-key", "{id}", h.ID)
		method, url, body, header := curl(t, replaced.Replace(c.command))
		if len(header) == 0 {
			header = []string{"X-API-KEY:"}
		}
		a := r.call(method, url, body, header...)
		if a.status != c.status || !regexp.MustCompile(replaced.Replace(c.want)).MatchString(a.body) || c.header != "" && a.header.Get(c.header) == "" {
			t.Errorf("%s, %s: %d %s, want %d %s", c.document, c.section, a.status, a.body, c.status, c.want)
		}
	}
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver"
)

// call makes a request with a JSON body, and returns the status and the response.
func call(t *testing.T, method, url, body string, headers ...string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	_ = json.Unmarshal(text, &out) // not every response is an object
	return resp.StatusCode, out
}

// status is the status of call.
func (n node) status(t *testing.T, method, path, body string, headers ...string) int {
	t.Helper()
	base := n.dashboard
	if strings.HasPrefix(path, "/token") {
		base = n.capture
	}
	status, _ := call(t, method, base+path, body, headers...)
	return status
}

// A tenant and its key hold on all servers, and end there.
func TestServersShareTenants(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	one, two := startNode(t, address), startNode(t, address)
	const tenant, passes = "/api/v1/providers/neostore/tenants/acme", "/neostore/api/acme/passes"
	key := []string{"X-API-KEY", "k1"}
	if status := one.status(t, "PUT", tenant, `{"keys": [{"key": "k1"}]}`); status != 200 {
		t.Fatal(status)
	}
	until(t, "the tenant's key", func() bool { return two.status(t, "GET", passes, "", key...) == 200 })
	if status := two.status(t, "PUT", tenant, `{"keys": [{"key": "k2"}]}`); status != 200 {
		t.Fatal(status)
	}
	until(t, "the end of the old key", func() bool { return one.status(t, "GET", passes, "", key...) == 401 })
	if status := one.status(t, "GET", passes, "", "X-API-KEY", "k2"); status != 200 {
		t.Errorf("the new key: %d", status)
	}
	if status := one.status(t, "DELETE", tenant, ""); status != 204 {
		t.Fatal(status)
	}
	until(t, "the end of the tenant", func() bool { return two.status(t, "GET", passes, "", "X-API-KEY", "k2") == 401 })
}

// An entity that one server made can be used on another one at once. Changes by several servers do
// not undo each other, and of several that make the same entity one succeeds.
func TestServersShareEntities(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	nodes := []node{startNode(t, address), startNode(t, address)}
	const entities = "/api/v1/providers/neostore/entities"
	for range 10 {
		status, made := call(t, "POST", nodes[0].dashboard+entities, `{"kind": "pass", "steps": [{"event": "Pass:Created"}]}`)
		if status != 201 {
			t.Fatal(status, made)
		}
		id := made["entity"].(map[string]any)["id"].(string)
		if status := nodes[1].status(t, "POST", entities+"/pass/"+id+"/events", `{"event": "Pass:Updated"}`); status != 200 {
			t.Fatalf("%s on the other server: %d", id, status)
		}
		var running sync.WaitGroup
		for i := range 4 {
			running.Go(func() {
				if status, got := call(t, "POST", nodes[i%2].dashboard+entities+"/pass/"+id+"/events", `{"event": "Pass:Updated"}`); status != 200 {
					t.Errorf("%d %v", status, got)
				}
			})
		}
		running.Wait()
		if status := nodes[0].status(t, "DELETE", entities+"/pass/"+id, ""); status != 204 {
			t.Fatal(status)
		}
		until(t, "the entity to be deleted", func() bool { return nodes[1].status(t, "GET", entities+"/pass/"+id, "") == 404 })

		results := make(chan int, 4)
		for i := range cap(results) {
			running.Go(func() {
				results <- nodes[i%2].status(t, "POST", entities, `{"kind": "pass", "overrides": {"pass_id": "same-`+id+`"}}`)
			})
		}
		running.Wait()
		count := map[int]int{}
		for range cap(results) {
			count[<-results]++
		}
		if count[201] != 1 || count[409] != 3 {
			t.Errorf("the same entity four times: %v", count)
		}
	}
	until(t, "the list of entities", func() bool {
		_, one := call(t, "GET", nodes[0].dashboard+entities, "")
		_, two := call(t, "GET", nodes[1].dashboard+entities, "")
		return len(one["items"].([]any)) == 10 && len(two["items"].([]any)) == 10
	})
}

// An address of the webhook.site API that one server made answers on all of them.
func TestServersShareWebhookSiteTokens(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	one, two := startNode(t, address), startNode(t, address)
	status, made := call(t, "POST", one.capture+"/token", `{"default_status": 418, "alias": "shared"}`)
	if status != 201 {
		t.Fatal(status, made)
	}
	id := made["uuid"].(string)
	until(t, "the token", func() bool { return two.post(t, "/"+id, "x") == 418 && two.post(t, "/shared", "x") == 418 })
	if status := two.status(t, "PUT", "/token/"+id, `{"default_status": 202}`); status != 200 {
		t.Fatal(status)
	}
	until(t, "the change of the token", func() bool { return one.post(t, "/"+id, "x") == 202 })
	if status := one.status(t, "DELETE", "/token/"+id, ""); status != 204 {
		t.Fatal(status)
	}
	until(t, "the end of the token", func() bool { return two.status(t, "GET", "/token/"+id, "") == 410 })
}

// All servers sign tokens of OAuth with one key, also if all need it for the first time at once.
func TestServersShareTheKeyOfTokens(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	nodes := []node{startNode(t, address), startNode(t, address), startNode(t, address)}
	keys := make([]string, len(nodes))
	var running sync.WaitGroup
	for i, n := range nodes {
		running.Go(func() {
			_, set := call(t, "GET", n.dashboard+"/neostore/.well-known/jwks.json", "")
			text, _ := json.Marshal(set)
			keys[i] = string(text)
		})
	}
	running.Wait()
	for _, key := range keys {
		if key != keys[0] || !strings.Contains(key, `"kid"`) {
			t.Errorf("%s, want %s", key, keys[0])
		}
	}
}

// A policy counts the attempts of all servers, and what it does to an endpoint holds on all of
// them. Each notice is kept.
func TestServersCountTogether(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	nodes := []node{startNode(t, address), startNode(t, address)}
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	defer consumer.Close()
	const endpoints = 3
	for range endpoints {
		_, err := nodes[0].client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: consumer.URL, Retry: "like gitlab"})
		if err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the endpoints", func() bool {
		list, err := nodes[1].client.Endpoints(t.Context(), "neostore")
		return err == nil && len(list) == endpoints
	})
	for i := range 4 { // GitLab disables after 4 failures
		before, err := nodes[0].client.Endpoints(t.Context(), "neostore")
		if err != nil || len(before) != endpoints || before[0].Disabled {
			t.Fatalf("after %d failures: %+v, %v", i, before, err)
		}
		made, err := nodes[i%2].client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Created"})
		if err != nil || len(made) != endpoints {
			t.Fatal(made, err)
		}
		for _, d := range made {
			until(t, "an attempt", func() bool {
				got, err := nodes[0].client.Delivery(t.Context(), d.ID)
				return err == nil && len(got.Attempts) > 0
			})
		}
	}
	for _, n := range nodes {
		until(t, "the endpoints to be disabled", func() bool {
			list, err := n.client.Endpoints(t.Context(), "neostore")
			return err == nil && len(list) == endpoints && list[0].Disabled && list[1].Disabled && list[2].Disabled
		})
		until(t, "a notice of each", func() bool {
			list, err := n.client.Notices(t.Context(), "neostore")
			return err == nil && len(list) == endpoints
		})
	}
}

// Changes of a bin's settings that several servers make at once do not undo each other.
func TestServersChangeBinsAtOnce(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	one, two := startNode(t, address), startNode(t, address)
	for i := range 30 {
		name := fmt.Sprint("bin", i)
		var changing sync.WaitGroup
		errs := make([]error, 2)
		changing.Go(func() {
			errs[0] = mockserver.NewBin(one.client, name).Respond(t.Context(), mockserver.Response{Status: 503})
		})
		changing.Go(func() { errs[1] = mockserver.NewBin(two.client, name).VerifyWith(t.Context(), "neostore", "s") })
		changing.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		// A change reads what is stored.
		url := "http://x/"
		set, err := one.client.Change(t.Context(), name, mockserver.SettingsChange{URL: &url})
		if err != nil || set.Provider != "neostore" || len(set.Responses.Sequence) != 1 {
			t.Fatalf("%s: %+v, %v", name, set, err)
		}
	}
}

package fault

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestTamperedBodies(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{
		`{"passId":"abc","n":12,"__id":"ID","__eventName":"Pass:Created"}`,
		`{"a":"\u00e9\"\\x","__id":"ID"}`,
		`{"n":0,"m":1,"f":-2.50e10,"deep":[{"x":["y"]}]}`,
		`{"__id":"ID"}`, `{"n":1}`, `{}`, `[]`, `"x"`, `7`, `[90, -9, 0.5, 9.9, -0]`, `true`, `no JSON`, "\xff\xfe", `{"n":1e5}`,
	} {
		for seed := range uint64(200) {
			r := &Request{
				Provider: p, Event: &fixtures.Event{ID: "ID", Name: "Pass:Created"},
				Message: wire.Message{Body: []byte(body)}, Rand: rand.New(rand.NewPCG(seed, 1)),
			}
			r.Message.Headers.Set("Content-Length", fmt.Sprint(len(body)))
			if err := tamperBody().alter("", r); err != nil {
				t.Fatal(err)
			}
			got := string(r.Message.Body)
			if !oneByteApart(body, got) {
				t.Fatalf("%s is now %s", body, got)
			}
			changeable := strings.ContainsAny(body, `"1234567890`)
			if json.Valid([]byte(body)) && changeable {
				if !json.Valid(r.Message.Body) {
					t.Fatalf("%s is now %s, no JSON", body, got)
				}
				var before, after any
				json.Unmarshal([]byte(body), &before)
				json.Unmarshal(r.Message.Body, &after)
				if fmt.Sprint(before) == fmt.Sprint(after) {
					t.Fatalf("%s is now %s, which says the same", body, got)
				}
			}
			if strings.Contains(body, "passId") && (!strings.Contains(got, `"__id":"ID"`) || !strings.Contains(got, `Pass:Created`)) {
				t.Fatalf("the event's identity was changed: %s", got)
			}
		}
	}
	r := &Request{}
	if err := tamperBody().alter("", r); err == nil {
		t.Error("an empty body was tampered with")
	}
}

package dashboard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// The diff has the changes of the JSON shape, and the schema check the errors of a body.
func TestDrift(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	const event = `{"passId":"p","passType":"t","identifiers":{"any":"x"},"metadata":null,"__id":"e1","__creationDate":"2026-01-15T09:00:00Z","__eventName":"Pass:Created"}`
	const drifted = `{"passId":7,"identifiers":{"other":"x"},"metadata":null,"__id":"e2","__creationDate":"2026-01-15T09:00:00Z","__eventName":"Pass:Created","colour":{"r":1}}`
	for _, body := range []string{event, drifted, "text"} {
		r.write(t, request("inbox", body))
	}
	for _, c := range []struct{ path, want string }{
		{"c00000001/diff/c00000001", "[]"},
		{"c00000001/diff/c00000003", "[]"},
		{"c00000001/diff/c00000002", "[string>/passId>type>integer string>/passType>missing> string>/identifiers/any>missing> >/identifiers/other>new>string >/colour>new>object]"},
	} {
		var got []string
		for _, change := range r.call(t, 200, "GET", "/captures/"+c.path, "")["drift"].([]any) {
			m := change.(map[string]any)
			got = append(got, fmt.Sprint(m["before"], ">", m["where"], ">", m["kind"], ">", m["after"]))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: drift %v, want %s", c.path, got, c.want)
		}
	}
	for id, want := range map[string]string{
		"c00000001": "true [] []",
		"c00000002": "false [/passId: got number, want string the whole body: additional properties 'colour' not allowed the whole body: missing property 'passType'] [/colour]",
		"c00000003": "false [it is not an event of neostore] []",
	} {
		fit := r.call(t, 200, "GET", "/captures/"+id+"/schema?provider=neostore", "")
		problems := fit["problems"].([]any)
		slices.SortFunc(problems, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		if got := fmt.Sprint(fit["valid"], problems, fit["undeclared"]); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// The schema check refuses a body that would take seconds, and says how to check it elsewhere.
func TestSchemaOfLargeBodies(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.write(t, request("inbox", `{"__eventName":"Pass:Installed","x":"`+strings.Repeat("x", 3<<20)+`"}`))
	got := r.call(t, 422, "GET", "/captures/c00000001/schema?provider=neostore", "")
	if detail := fmt.Sprint(got["detail"]); !strings.Contains(detail, "check is 2097152") || !strings.Contains(detail, "/raw") {
		t.Error(detail)
	}
}

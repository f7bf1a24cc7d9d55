package query_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/query"
)

func TestNearMisses(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	record(t, store, "POST /n/1?a=1 HTTP/1.1\r\nHost: x\r\nX-Event: created\r\n\r\n")
	record(t, store, "POST /n/2 HTTP/1.1\r\nHost: x\r\nX-Event: created\r\nX-Event: twice\r\n\r\n")
	record(t, store, "GET /n/3 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\ntext")
	for _, tt := range []struct {
		name, where string
		want        map[string][]string // by the capture's target, for the returned ones
		order       []string
	}{
		{
			name: "one comparison", where: `.headers["x-event"][0] == "removed"`,
			order: []string{"/n/3", "/n/2", "/n/1?a=1"},
			want: map[string][]string{
				"/n/1?a=1": {`.headers["x-event"][0]: want "removed", got "created"`},
				"/n/2":     {`.headers["x-event"][0]: want "removed", got "created"`},
				"/n/3":     {`.headers["x-event"][0]: want "removed", got null`},
			},
		},
		{
			name: "a conjunction, the fewest differences first", where: `.method == "POST" and (.query == "a=1" and "removed" == .headers["x-event"][0])`,
			order: []string{"/n/1?a=1", "/n/2", "/n/3"},
			want: map[string][]string{
				"/n/1?a=1": {`.headers["x-event"][0]: want "removed", got "created"`},
				"/n/2":     {`.query: want "a=1", got ""`, `.headers["x-event"][0]: want "removed", got "created"`},
				"/n/3":     {`.method: want "POST", got "GET"`, `.query: want "a=1", got ""`, `.headers["x-event"][0]: want "removed", got null`},
			},
		},
		{
			name: "other comparisons", where: `.method != "GET" and .path != "/n/1" and 2 < (.headers["x-event"] | length)`,
			order: []string{"/n/2", "/n/3", "/n/1?a=1"},
			want: map[string][]string{
				"/n/1?a=1": {`.path: want not "/n/1", got "/n/1"`, `(.headers["x-event"] | length): want > 2, got 1`},
				"/n/2":     {`(.headers["x-event"] | length): want > 2, got 2`},
				"/n/3":     {`.method: want not "GET", got "GET"`, `(.headers["x-event"] | length): want > 2, got 0`},
			},
		},
		{
			name: "other conditions", where: `(.path | test("^/m")) and (.method == "PUT" or .method == "PATCH") and .path == .query`,
			order: []string{"/n/3", "/n/2", "/n/1?a=1"},
			want: map[string][]string{
				"/n/1?a=1": {
					`.path | test("^/m"): condition gave false`, `.method == "PUT" or .method == "PATCH": condition gave false`,
					`.path: want "a=1" (.query), got "/n/1"`,
				},
				"/n/2": {
					`.path | test("^/m"): condition gave false`, `.method == "PUT" or .method == "PATCH": condition gave false`,
					`.path: want "" (.query), got "/n/2"`,
				},
				"/n/3": {
					`.path | test("^/m"): condition gave false`, `.method == "PUT" or .method == "PATCH": condition gave false`,
					`.path: want "" (.query), got "/n/3"`,
				},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Wait(t.Context(), "n", query.Wait{Count: 1, Where: tt.where, Timeout: of(short)})
			if err != nil || got.OK {
				t.Fatalf("%+v, %v", got, err)
			}
			var order []string
			differences := map[string][]string{}
			for _, miss := range got.Nearest {
				order = append(order, miss.Capture.Target)
				differences[miss.Capture.Target] = miss.Differences
			}
			if diff := cmp.Diff(tt.order, order); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, differences); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNearMissesOfBodies(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	post(t, store, "/n/1", `{"__eventName":"Pass:Updated","n":9007199254740993,"price":1.50,"items":[{"sku":"a"},{"sku":"b"}]}`)
	for where, want := range map[string][]string{
		`.method == "POST" and .body.__eventName == "Pass:Created"`: {`.body.__eventName: want "Pass:Created", got "Pass:Updated"`},
		`.body.n == 9007199254740992`:                               {`.body.n: want 9007199254740992, got 9007199254740993`},
		`.body.price > 1.5`:                                         {`.body.price: want > 1.5, got 1.50`},
		`.body.items[].sku == "c"`:                                  {`.body.items[].sku: want "c", got "a", "b"`},
		`.body.items[2:][].sku == "c"`:                              {`.body.items[2:][].sku: want "c", got nothing`},
		`.body.n.x == 1`:                                            {`.body.n.x: want 1, got an error: expected an object but got: number (9007199254740993)`},
		`.body.n | startswith("9")`:                                 {`.body.n | startswith("9"): failed: startswith("9") cannot be applied to: number (9007199254740993)`},
		`.body | .n == 1`:                                           {`.body | .n == 1: condition gave false`},
		`def f: .body.n; f == 1`:                                    {`def f: .body.n; f == 1: condition gave false`},
	} {
		got, err := s.Wait(t.Context(), "n", query.Wait{Count: 1, Where: where, Timeout: of(short)})
		if err != nil || len(got.Nearest) != 1 {
			t.Errorf("%s: %+v, %v", where, got, err)
			continue
		}
		if diff := cmp.Diff(want, got.Nearest[0].Differences); diff != "" {
			t.Errorf("%s (-want +got):\n%s", where, diff)
		}
	}
}

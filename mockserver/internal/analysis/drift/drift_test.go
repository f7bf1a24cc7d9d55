package drift_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/mockserver/internal/analysis/drift"
)

// fataler is a test, or one run of a property.
type fataler interface {
	Helper()
	Fatal(...any)
}

func shapeOf(t fataler, bodies ...string) *drift.Shape {
	t.Helper()
	var s drift.Shape
	for _, body := range bodies {
		if err := s.Add([]byte(body)); err != nil {
			t.Fatal(body, err)
		}
	}
	return &s
}

func repeat(n int, bodies ...string) (all []string) {
	for range n {
		all = append(all, bodies...)
	}
	return all
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after []string
		want          []string
	}{
		{[]string{`{"a":1,"b":"x"}`}, []string{`{"b":"y","a":2}`}, nil},
		{[]string{`{"a":1,"b":2}`}, []string{`{"a":1}`}, []string{"/b is missing (integer)"}},
		{[]string{`{"a":1}`}, []string{`{"a":1,"b/~":[null]}`}, []string{"/b~1~0 is new (array)"}},
		{[]string{`{"a":1}`}, []string{`{"a":"1"}`}, []string{"/a was integer, is string"}},
		{[]string{`{"a":1}`}, []string{`{"a":1.0}`}, []string{"/a was integer, is number"}},
		{[]string{`{"a":1.5}`}, []string{`{"a":1}`}, nil},
		{[]string{`{"a":1}`, `{"a":null}`}, []string{`{"a":null}`}, nil},
		{[]string{`{"a":1}`, `{"a":null}`}, []string{`{"a":true}`}, []string{"/a was integer or null, is boolean"}},
		{[]string{`{"a":1,"b":1}`, `{"a":1}`}, []string{`{"a":1}`}, nil},
		{[]string{`{"a":1}`}, []string{`{"a":1}`, `{}`}, []string{"/a is missing sometimes (integer)"}},
		{[]string{`{"l":[{"id":1},{"id":2}]}`}, []string{`{"l":[{"id":1},{"id":"x","n":1}]}`}, []string{"/l/*/id was integer, is string or integer", "/l/*/n is new (integer)"}},
		{[]string{`{"l":[]}`}, []string{`{"l":[1]}`}, nil},
		{[]string{`[1]`}, []string{`{"a":1}`}, []string{"the body was array, is object"}},
		// the last member of a name counts
		{[]string{`{"a":1,"a":"x"}`}, []string{`{"a":"y"}`}, nil},
		{repeat(8, `{"s":"on"}`, `{"s":"off"}`), []string{`{"s":"on"}`, `{"s":"idle"}`}, []string{`/s was "off" or "on", is "idle"`}},
		{repeat(7, `{"s":"on"}`, `{"s":"off"}`), []string{`{"s":"idle"}`}, nil},
		{nil, []string{`{"a":1}`}, nil},
	} {
		var got []string
		for _, change := range drift.Compare(shapeOf(t, c.before...), shapeOf(t, c.after...)) {
			got = append(got, change.String())
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s, then %s (-want +got):\n%s", c.before, c.after, d)
		}
	}
}

func TestNotJSON(t *testing.T) {
	t.Parallel()
	s := shapeOf(t, `{"a":1}`)
	for _, c := range []struct{ body, want string }{
		{"", "it ends too early"},
		{`{"a":`, "it ends too early"},
		{`{"a":1}{}`, "something follows the value, at byte"},
		{`{"a":x}`, "invalid character"},
		{strings.Repeat("[", 102) + strings.Repeat("]", 102), "has more than 100 levels"},
	} {
		if err := s.Add([]byte(c.body)); !errors.Is(err, drift.ErrNotJSON) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want ErrNotJSON with %q", c.body, err, c.want)
		}
	}
	if changes := drift.Compare(shapeOf(t, `{"a":1}`), s); s.Seen() != 1 || len(changes) > 0 {
		t.Errorf("it has changed: %d bodies, %v", s.Seen(), changes)
	}
}

func TestShapesAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, `"m%d":1,`, i)
	}
	many := "{" + b.String() + `"z":1}`
	s := shapeOf(t, many)
	if got := len(s.Schema().Properties.Names); got != 500 {
		t.Errorf("%d members are recorded, want 500", got)
	}
	if changes := drift.Compare(s, shapeOf(t, many)); len(changes) > 0 {
		t.Errorf("members beyond the bound drift: %v", changes[0])
	}
	if changes := drift.Compare(s, shapeOf(t, `{"other":1}`)); len(changes) != 500 {
		t.Errorf("%d changes, want 500 missing members", len(changes))
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(shapeOf(t, append(repeat(8, `{"type":"a.b","id":"1","n":null,"list":[{"x":1}]}`), `{"type":"a.b","id":"a\/<","list":[{"x":1.5},{}]}`)...).Schema(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "type": "object",
 "properties": {
  "type": {
   "type": "string",
   "enum": [
    "a.b"
   ]
  },
  "id": {
   "type": "string"
  },
  "n": {
   "type": "null"
  },
  "list": {
   "type": "array",
   "items": {
    "type": "object",
    "properties": {
     "x": {
      "type": "number"
     }
    },
    "additionalProperties": false
   }
  }
 },
 "required": [
  "type",
  "id",
  "list"
 ],
 "additionalProperties": false
}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// values are JSON values with few names and words, so that drift is likely and agreement too.
func values() *rapid.Generator[any] {
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.SampledFrom([]any{nil, true, 7, -3, 1.5, "a", "b", "c"}),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "x/y"}), values(), 0, 3), func(m map[string]any) any { return m }),
			rapid.Map(rapid.SliceOfN(values(), 0, 2), func(l []any) any { return l }),
		)
	})
}

// Another implementation of JSON Schema agrees: the schema accepts the bodies that were added and
// those without drift, and nothing else.
func TestSchemaFindsDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var bodies []string
		for _, v := range rapid.SliceOfN(values(), 1, 4).Draw(t, "before") {
			bodies = append(bodies, string(marshal(t, v)))
		}
		bodies = repeat(rapid.SampledFrom([]int{1, 20}).Draw(t, "times"), bodies...)
		before := shapeOf(t, bodies...)
		schema := compile(t, marshal(t, before.Schema()))
		for _, body := range bodies {
			if err := schema.Validate(decode(t, body)); err != nil {
				t.Fatalf("%s does not fit: %v", body, err)
			}
		}
		after := string(marshal(t, values().Draw(t, "after")))
		changes, err := drift.Compare(before, shapeOf(t, after)), schema.Validate(decode(t, after))
		if (len(changes) == 0) != (err == nil) {
			t.Fatalf("before %s, after %s:\ndrift %v\nschema %v", bodies, after, changes, err)
		}
		if again := drift.Compare(before, shapeOf(t, bodies...)); len(again) > 0 {
			t.Fatalf("it drifts from itself: %v", again)
		}
	})
}

func marshal(t fataler, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t fataler, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func compile(t fataler, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("hookrig:///inferred", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("hookrig:///inferred")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"é\/"}],"a":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var s drift.Shape
		if err := s.Add(body); (err == nil) != json.Valid(body) && !strings.Contains(fmt.Sprint(err), "deep") {
			t.Errorf("%q: %v, valid %v", body, err, json.Valid(body))
		}
		if _, err := json.Marshal(s.Schema()); err != nil {
			t.Error(err)
		}
	})
}

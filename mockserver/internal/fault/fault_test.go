package fault

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Fault{
		"drop":                       {Kind: "drop"},
		" drop ":                     {Kind: "drop"},
		"duplicate":                  {Kind: "duplicate"},
		"duplicate:3":                {Kind: "duplicate", Arg: "3"},
		"reorder":                    {Kind: "reorder"},
		"delay:1h30m":                {Kind: "delay", Arg: "1h30m"},
		"delay:2d@1":                 {Kind: "delay", Arg: "2d", Attempts: []int{1}},
		"signature:missing":          {Kind: "signature", Arg: "missing"},
		"signature:wrong_secret@1,3": {Kind: "signature", Arg: "wrong_secret", Attempts: []int{1, 3}},
		"body:tamper":                {Kind: "body", Arg: "tamper"},
		"body:reserialize:pretty@2":  {Kind: "body", Arg: "reserialize:pretty", Attempts: []int{2}},
		"timestamp:skew:-4m":         {Kind: "timestamp", Arg: "skew:-4m"},
		"transport:chunked":          {Kind: "transport", Arg: "chunked"},
		"transport:chunked:1,7,100":  {Kind: "transport", Arg: "chunked:1,7,100"},
		"headers:content_type:text/plain; charset=utf-8": {Kind: "headers", Arg: "content_type:text/plain; charset=utf-8"},
	} {
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", text, got, err, want)
			continue
		}
		if again, err := Parse(got.String()); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("Parse(%q.String()) = %+v, %v", text, again, err)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       `fault "": want one of duplicate, parallel, reorder, delay, hold, release, drop, method, redirect, schema, body, headers, secret, timestamp, signature, id, transport`,
		"dupliacte:3":            `fault "dupliacte:3": want one of duplicate, parallel, reorder, delay, hold, release, drop, method, redirect, schema, body, headers, secret, timestamp, signature, id, transport; did you mean "duplicate"?`,
		"signature":              `fault "signature": want one of missing, empty, garbage, wrong_secret, old_secret, tampered, truncated, wrong_prefix, double_prefix, other_event, upper_case, two_lines, other_scheme after the colon`,
		"signature:mising":       `fault "signature:mising": want one of missing, empty, garbage, wrong_secret, old_secret, tampered, truncated, wrong_prefix, double_prefix, other_event, upper_case, two_lines, other_scheme after the colon; did you mean "missing"?`,
		"duplicate:1":            `fault "duplicate:1": want how often it is delivered in all, from 2 to 100`,
		"duplicate:+3":           `fault "duplicate:+3": want how often it is delivered in all, from 2 to 100`,
		"duplicate:many":         `fault "duplicate:many": want how often it is delivered in all, from 2 to 100`,
		"duplicate:101":          `fault "duplicate:101": want how often it is delivered in all, from 2 to 100`,
		"delay":                  `fault "delay": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"delay:0s":               `fault "delay:0s": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"delay:-5m":              `fault "delay:-5m": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"delay:5":                `fault "delay:5": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"drop:it":                `fault "drop:it": it takes nothing after the colon`,
		"drop@0":                 `fault "drop@0": attempt 0: attempts are numbered from 1`,
		"drop@x":                 `fault "drop@x": attempt "x": want a number from 1, as in drop@1,2`,
		"duplicate:3@1":          `fault "duplicate:3@1": it is done to the whole delivery, so attempts cannot be named`,
		"body":                   `fault "body": want one of canary, unicode, empty, malformed, reserialize, duplicate_key, huge, deep, invalid_utf8, charset, bom, trailing_newline, tamper, truncate, reformat, other_event after the colon`,
		"body:reserialize":       `fault "body:reserialize": want one of spaced, pretty, reordered, ascii, escaped after the colon`,
		"body:reserialize:prety": `fault "body:reserialize:prety": want one of spaced, pretty, reordered, ascii, escaped after the colon; did you mean "pretty"?`,
		"body:huge:1GB":          `fault "body:huge:1GB": want how large the body is, from 1 to 64MiB, as in 1MB`,
		"body:deep:0":            `fault "body:deep:0": want how many lists are in each other, from 1 to 100000`,
		"timestamp:skew:4m":      `fault "timestamp:skew:4m": want how far ahead (+) or behind (-) the time is, at most 30d, as in timestamp:skew:-4m`,
		"timestamp:skew:+-4m":    `fault "timestamp:skew:+-4m": want how far ahead (+) or behind (-) the time is, at most 30d, as in timestamp:skew:-4m`,
		"transport:chunked:0":    `fault "transport:chunked:0": want the sizes of the chunks, at most 100 numbers from 1, as in transport:chunked:1,7,100`,
		"transport:reset:start":  `fault "transport:reset:start": want after how many bytes of the body, from 0 to 67108864, or end`,
		"transport:stall:end":    `fault "transport:stall:end": want after how many bytes of the body, from 0 to 67108864`,
		"transport:split":        `fault "transport:split": want after how many bytes of the body, from 0 to 67108864`,
		"headers:drop":           `fault "headers:drop": want the name of a header line, as in Content-Type`,
		"hold@1":                 `fault "hold@1": it is done to the whole delivery, so attempts cannot be named`,
		"method:get":             `fault "method:get": want a method in upper case, as in method:PUT`,
	} {
		_, err := Parse(text)
		if !errors.Is(err, ErrInvalid) || err.Error() != "invalid request: "+want {
			t.Errorf("Parse(%q): %v\nwant: invalid request: %s", text, err, want)
		}
	}
}

func TestFaultIsDataInJSONAndYAML(t *testing.T) {
	t.Parallel()
	missing := Fault{Kind: "signature", Arg: "missing"}
	three := Fault{Kind: "duplicate", Arg: "3"}
	first := Fault{Kind: "signature", Arg: "missing", Attempts: []int{1}}
	for text, want := range map[string]Fault{
		`"drop"`:                   {Kind: "drop"},
		`"signature:missing"`:      missing,
		`{"signature": "missing"}`: missing,
		`{"kind": "signature", "arg": "missing"}`:                  missing,
		`{"kind": "signature", "arg": "missing", "attempts": [1]}`: first,
		`{"signature": "missing", "attempts": [1]}`:                first,
		`{"duplicate": 3}`:                                          three,
		`{"duplicate": null}`:                                       {Kind: "duplicate"},
		`{"kind": "duplicate", "arg": 3}`:                           three,
		`{"kind": "drop"}`:                                          {Kind: "drop"},
		`{"body": "reserialize:pretty"}`:                            {Kind: "body", Arg: "reserialize:pretty"},
		`"body:reserialize:pretty"`:                                 {Kind: "body", Arg: "reserialize:pretty"},
		`{"kind": "transport", "arg": "split:40", "attempts": [2]}`: {Kind: "transport", Arg: "split:40", Attempts: []int{2}},
	} {
		var fromJSON, fromYAML Fault
		if err := json.Unmarshal([]byte(text), &fromJSON); err != nil || !reflect.DeepEqual(fromJSON, want) {
			t.Errorf("JSON %s: %+v, %v; want %+v", text, fromJSON, err, want)
		}
		if err := yaml.Unmarshal([]byte(text), &fromYAML); err != nil || !reflect.DeepEqual(fromYAML, want) {
			t.Errorf("YAML %s: %+v, %v; want %+v", text, fromYAML, err, want)
		}
		out, err := json.Marshal(fromJSON)
		var again Fault
		if err == nil {
			err = json.Unmarshal(out, &again)
		}
		if err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("JSON %s written and read: %s, %+v, %v", text, out, again, err)
		}
	}
	var list []Fault
	text := "[drop, duplicate: 3, {signature: missing, attempts: [1]}, 'delay:5m']"
	if err := yaml.Unmarshal([]byte(text), &list); err != nil || len(list) != 4 || !reflect.DeepEqual(list[2], first) {
		t.Errorf("YAML %s: %+v, %v", text, list, err)
	}
	for _, text := range []string{
		`"nothing"`, `{}`, `[]`, `3`, `null`, `{"kind": "drop", "signature": "missing"}`, `{"drop": null, "duplicate": 3}`,
		`{"signature": ["missing"]}`, `{"kind": "drop", "attempts": "1"}`, `{"kind": "drop", "times": 3}`, `{"kind": 3}`,
	} {
		var f Fault
		if err := f.UnmarshalJSON([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("JSON %s: %+v, %v; want an error", text, f, err)
		}
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(text), &node); err != nil {
			t.Fatal(err)
		}
		if err := f.UnmarshalYAML(node.Content[0]); !errors.Is(err, ErrInvalid) {
			t.Errorf("YAML %s: %+v, %v; want an error", text, f, err)
		}
	}
}

// Every fault can be written as its row says.
func TestKindsAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] {
			t.Errorf("%s is in the table twice", k.Name)
		}
		seen[k.Name] = true
		if k.Text == "" || strings.HasSuffix(k.Text, ".") || k.Changes == "" || !strings.HasSuffix(k.Finds, ".") || k.Source == "" {
			t.Errorf("%s: its row is not complete: %+v", k.Name, k)
		}
		if strings.ContainsAny(k.Args, "|") && !strings.HasPrefix(k.Args, "[") {
			for arg := range strings.SplitSeq(k.Args, "|") {
				if _, err := Parse(k.Name + ":" + arg); err != nil {
					t.Errorf("what %s is documented to take: %v", k.Name, err)
				}
			}
		}
		if f, err := Parse(k.Example); err != nil || f.String() != k.Example {
			t.Errorf("the example of %s is read as %q: %v", k.Name, f, err)
		}
		if _, err := Parse(k.Name); (err == nil) != (k.Args == "" || k.Args[0] == '[') {
			t.Errorf("%s without an argument, which is %q: %v", k.Name, k.Args, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range Kinds() {
		f.Add(k.Example)
		f.Add(k.Name + ":" + k.Args + "@1")
	}
	f.Add("delay:5m@1,2")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%q: %v is no ErrInvalid", text, err)
			}
			return
		}
		again, err := Parse(fault.String())
		if err != nil || !reflect.DeepEqual(again, fault) {
			t.Fatalf("%q is %+v, written %q, read %+v, %v", text, fault, fault, again, err)
		}
	})
}

package delivery

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

func TestParseFault(t *testing.T) {
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
	} {
		got, err := ParseFault(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseFault(%q) = %+v, %v; want %+v", text, got, err, want)
			continue
		}
		if again, err := ParseFault(got.String()); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("ParseFault(%q.String()) = %+v, %v", text, again, err)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 `fault "": want one of duplicate, reorder, delay, drop, signature, body`,
		"dupliacte:3":      `fault "dupliacte:3": want one of duplicate, reorder, delay, drop, signature, body; did you mean "duplicate"?`,
		"signature":        `fault "signature": want one of missing, empty, wrong_secret, tampered, truncated after the colon`,
		"signature:mising": `fault "signature:mising": want one of missing, empty, wrong_secret, tampered, truncated after the colon; did you mean "missing"?`,
		"duplicate:1":      `fault "duplicate:1": want how often it is delivered in all, from 2 to 100`,
		"duplicate:+3":     `fault "duplicate:+3": want how often it is delivered in all, from 2 to 100`,
		"duplicate:many":   `fault "duplicate:many": want how often it is delivered in all, from 2 to 100`,
		"duplicate:101":    `fault "duplicate:101": want how often it is delivered in all, from 2 to 100`,
		"delay":            `fault "delay": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"delay:0s":         `fault "delay:0s": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"delay:-5m":        `fault "delay:-5m": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"delay:5":          `fault "delay:5": want how much later, more than 0 and at most 30d, as in delay:5m`,
		"drop:it":          `fault "drop:it": it takes nothing after the colon`,
		"drop@0":           `fault "drop@0": attempt 0: attempts are numbered from 1`,
		"drop@x":           `fault "drop@x": attempt "x": want a number from 1, as in drop@1,2`,
		"duplicate:3@1":    `fault "duplicate:3@1": it is done to the whole delivery, so attempts cannot be named`,
		"body":             `fault "body": want one of tamper after the colon`,
	} {
		_, err := ParseFault(text)
		if !errors.Is(err, ErrInvalid) || err.Error() != "invalid request: "+want {
			t.Errorf("ParseFault(%q): %v\nwant: invalid request: %s", text, err, want)
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
		`{"duplicate": 3}`:                three,
		`{"duplicate": null}`:             {Kind: "duplicate"},
		`{"kind": "duplicate", "arg": 3}`: three,
		`{"kind": "drop"}`:                {Kind: "drop"},
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

func TestFaultsDescribeTheTable(t *testing.T) {
	t.Parallel()
	for _, k := range Faults() {
		if k.Text == "" || strings.HasSuffix(k.Text, ".") {
			t.Errorf("%s: text %q", k.Name, k.Text)
		}
		for arg := range strings.SplitSeq(k.Args, "|") {
			text := k.Name
			switch arg {
			case "", "[N]":
			case "DURATION":
				text += ":5m"
			default:
				text += ":" + arg
			}
			if _, err := ParseFault(text); err != nil {
				t.Errorf("what %s is documented to take: %v", k.Name, err)
			}
		}
	}
}

func TestReorderedChangesTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 20).Draw(t, "n")
		var marked, fixed []int
		for i := range n {
			if rapid.Bool().Draw(t, "marked") {
				marked = append(marked, i)
			} else {
				fixed = append(fixed, i)
			}
		}
		if len(marked) == 0 {
			t.Skip("nothing is marked")
		}
		seed := rapid.Uint64().Draw(t, "seed")
		got := reordered(n, marked, rand.New(rand.NewPCG(seed, 0)))
		if again := reordered(n, marked, rand.New(rand.NewPCG(seed, 0))); !slices.Equal(got, again) {
			t.Fatalf("the same generator gave %v and %v", got, again)
		}
		sorted := slices.Sorted(slices.Values(got))
		identity := true
		for i := range n {
			if sorted[i] != i {
				t.Fatalf("%v is no permutation of 0…%d", got, n-1)
			}
			identity = identity && got[i] == i
		}
		if identity {
			t.Fatalf("%v marked in %d: nothing moved", marked, n)
		}
		if len(marked) > 1 {
			for _, i := range fixed {
				if got[i] != i {
					t.Fatalf("%v marked: %d moved to %v", marked, i, got)
				}
			}
		}
	})
}

func FuzzParseFault(f *testing.F) {
	for _, k := range Faults() {
		f.Add(k.Name + ":" + k.Args)
	}
	f.Add("delay:5m@1,2")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%q: %v is no ErrInvalid", text, err)
			}
			return
		}
		again, err := ParseFault(fault.String())
		if err != nil || !reflect.DeepEqual(again, fault) {
			t.Fatalf("%q is %+v, written %q, read %+v, %v", text, fault, fault, again, err)
		}
	})
}

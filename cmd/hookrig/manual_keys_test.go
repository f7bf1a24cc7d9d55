package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/scenarios"
)

// key is what the program says of a key of a file.
type key struct {
	required bool
	values   []string // the only ones there are; none where any is taken
}

// Every table of keys has the keys that the program reads, and no others, and says which are
// required and what their values can be.
func TestManualListsEveryKey(t *testing.T) {
	t.Parallel()
	known := scenarioKeys(t)
	maps.Copy(known, goKeys(t, "../../fixtures", "fixtures"))
	maps.Copy(known, goKeys(t, "../../fixtures/signature", "signature"))
	found := map[string]bool{}
	for _, page := range topics() {
		for _, b := range page.page.Blocks() {
			name, ok := strings.CutPrefix(b.Marker, "keys: ")
			if !ok {
				continue
			}
			want := known[name]
			if want == nil {
				t.Errorf("%s:%d: there is no %q", page.name, b.Line, name)
				continue
			}
			found[name] = true
			checkKeys(t, page.name+", "+name, b.Rows, want)
		}
	}
	for name := range known {
		if !strings.Contains(name, ".") && !found[name] {
			t.Errorf("no page lists the keys of %s in a scenario", name)
		}
	}
}

// checkKeys holds the rows of a table against keys.
func checkKeys(t *testing.T, where string, rows [][]string, want map[string]key) {
	t.Helper()
	listed := map[string]bool{}
	for _, row := range rows {
		k, ok := want[row[0]]
		if !ok {
			t.Errorf("%s: there is no key %q", where, row[0])
			continue
		}
		listed[row[0]] = true
		text := strings.Join(row, " ")
		if len(row) == 4 && k.required && row[2] != "required" {
			t.Errorf("%s: %s is required", where, row[0])
		}
		if !strings.Contains(where, "fixtures.") && !strings.Contains(where, "signature.") && len(row) == 4 && !k.required && row[2] == "required" {
			t.Errorf("%s: %s is not required", where, row[0])
		}
		for _, value := range k.values {
			if !strings.Contains(text, value) {
				t.Errorf("%s: %s can be %s, which is not said", where, row[0], value)
			}
		}
	}
	for name := range want {
		if !listed[name] {
			t.Errorf("%s: the key %q is missing", where, name)
		}
	}
}

// scenarioKeys are those of the schema of scenarios, by the name of what they belong to.
func scenarioKeys(t *testing.T) map[string]map[string]key {
	t.Helper()
	type object struct {
		Properties map[string]json.RawMessage
		Required   []string
	}
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(scenarios.JSONSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	schema.Defs["scenario"] = schema.object
	all := map[string]map[string]key{}
	for name, o := range schema.Defs {
		all[name] = map[string]key{}
		for property, raw := range o.Properties {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			all[name][property] = key{slices.Contains(o.Required, property), enumIn(v)}
		}
	}
	return all
}

// enumIn lists the values of the enums in a schema.
func enumIn(v any) []string {
	var values []string
	switch v := v.(type) {
	case map[string]any:
		list, _ := v["enum"].([]any)
		for _, value := range list {
			values = append(values, value.(string))
		}
		for name, member := range v {
			if name != "enum" {
				values = append(values, enumIn(member)...)
			}
		}
	case []any:
		for _, item := range v {
			values = append(values, enumIn(item)...)
		}
	}
	return values
}

// goKeys are those of the Go types in a folder that are read from YAML.
func goKeys(t *testing.T, dir, pkg string) map[string]map[string]key {
	t.Helper()
	all := map[string]map[string]key{}
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files in", dir, err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				if keys := structKeys(structure); len(keys) > 0 {
					all[pkg+"."+spec.Name.Name] = keys
				}
			}
			return true
		})
	}
	return all
}

func structKeys(structure *ast.StructType) map[string]key {
	keys := map[string]key{}
	for _, field := range structure.Fields.List {
		if field.Tag == nil {
			continue
		}
		text, _ := strconv.Unquote(field.Tag.Value)
		tag := reflect.StructTag(text)
		name, _, _ := strings.Cut(tag.Get("yaml"), ",")
		if name == "" {
			continue
		}
		k := key{}
		for rule := range strings.SplitSeq(tag.Get("strict"), ",") {
			if rule == "required" {
				k.required = true
			} else if values, ok := strings.CutPrefix(rule, "oneof="); ok {
				k.values = strings.Split(values, "|")
			}
		}
		keys[name] = k
	}
	return keys
}

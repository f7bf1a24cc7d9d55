package scenarios

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
)

//go:generate go test -run ^TestSchema$ -update .

var update = flag.Bool("update", false, "write scenario.schema.json and the golden files anew")

// TestSchema checks that the published schema matches the Go types, which define keys, types,
// required keys, enumerations and descriptions.
func TestSchema(t *testing.T) {
	g := generator{docs: docsOf(t, "scenario.go", "conformance.go", "param.go", "table.go", "step.go", "expectation.go"), defs: map[string]any{}}
	root := g.structOf(reflect.TypeFor[Scenario]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://github.com/hookrig/hookrig/scenarios/scenario.schema.json"
	root["title"] = "hookrig scenario"
	root["$defs"] = g.defs
	root["properties"].(map[string]any)["hookrig"] = map[string]any{"const": Version, "description": "Version of the format: 1."}

	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("scenario.schema.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want.Bytes(), JSONSchema()) {
		t.Errorf("scenario.schema.json is not what the types say; run go generate ./scenarios")
	}
	if missing := g.undocumented; len(missing) > 0 {
		t.Errorf("keys without a description: %s", strings.Join(missing, ", "))
	}
}

// TestSchemaChecksAsTheLoader checks that the schema and the loader accept the same forms.
func TestSchemaChecksAsTheLoader(t *testing.T) {
	s := compileSchema(t)
	for name, c := range forms() {
		t.Run(name, func(t *testing.T) {
			node, problems := strictyaml.Parse("x.yaml", []byte("hookrig: 1\nname: x\nsteps:\n- id: a\n"+c.step))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			text, err := strictyaml.AppendJSON(nil, node)
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			bySchema := s.Validate(v) == nil
			var scenario Scenario
			byLoader := len(strictyaml.Decode("x.yaml", node, &scenario, strictyaml.Options{Defer: holdsReference})) == 0
			if bySchema != c.ok || byLoader != c.ok {
				t.Errorf("want %v, the schema says %v, the loader %v:\n%s", c.ok, bySchema, byLoader, c.step)
			}
		})
	}
}

// TestLibraryBySchema checks that the library scenarios match the schema.
func TestLibraryBySchema(t *testing.T) {
	s := compileSchema(t)
	names, err := fs.Glob(Library(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(Library(), name)
		if err != nil {
			t.Fatal(err)
		}
		node, problems := strictyaml.Parse(name, data)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		text, err := strictyaml.AppendJSON(nil, node)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type formCase struct {
	step string
	ok   bool
}

func forms() map[string]formCase {
	return map[string]formCase{
		"one expectation":         {"  expect: {captures: {count: 1}}", true},
		"several expectations":    {"  expect: [{captures: {count: 1}}, {never: {for: 1s}}]", true},
		"no expectations":         {"  expect: []", false},
		"count with bounds":       {"  expect: {captures: {count: {min: 1, max: 3}}}", true},
		"count of another key":    {"  expect: {captures: {count: {least: 1}}}", false},
		"count as text":           {"  expect: {captures: {count: some}}", false},
		"count by reference":      {"  expect: {captures: {count: '${steps.b.sent}'}}", true},
		"headers documented":      {"  expect: {captures: {headers: documented}}", true},
		"headers by name":         {"  expect: {captures: {headers: {A: b}}}", true},
		"headers as a word":       {"  expect: {captures: {headers: fine}}", false},
		"unknown result":          {"  expect: {captures: {verified: good}}", false},
		"events all":              {"  deliver: {provider: p, events: all}", true},
		"events listed":           {"  deliver: {provider: p, events: [a]}", true},
		"events as text":          {"  deliver: {provider: p, events: some}", false},
		"attempts as a number":    {"  expect: {deliveries: {attempts: 3}}", true},
		"attempts listed":         {"  expect: {deliveries: {attempts: [503, 2xx, no_reply]}}", true},
		"attempts misspelt":       {"  expect: {deliveries: {attempts: [noreply]}}", false},
		"attempts of zero":        {"  expect: {deliveries: {attempts: 0}}", false},
		"duration in days":        {"  advance: 3d", true},
		"duration without unit":   {"  advance: 3", false},
		"duration by reference":   {"  advance: '${env:LONG:-3d}'", true},
		"response as a status":    {"  respond: {responses: [503, {status: 200, delay: 1s}]}", true},
		"response with lines":     {"  respond: {responses: [{lines: [[A, b], [a, c]], body: x, drip: 1s, cut: body}]}", true},
		"rule with responses":     {"  respond: {rules: [{where: .a, responses: [503, 200], by: delivery}]}", true},
		"rule by event":           {"  respond: {rules: [{where: .a, responses: [503], by: event}]}", false},
		"line of one word":        {"  respond: {responses: [{lines: [[A]]}]}", false},
		"line as text":            {"  respond: {responses: [{lines: ['A: b']}]}", false},
		"cut elsewhere":           {"  respond: {responses: [{cut: tail}]}", false},
		"response out of range":   {"  respond: {responses: [99]}", false},
		"times as text":           {"  deliver: {provider: p, event: e, times: twice}", false},
		"unknown key":             {"  deliver: {provider: p, evnt: e}", false},
		"the scenario's provider": {"  subscribe: {events: [a]}", true},
		"set":                     {"  deliver: {provider: p, event: e, set: {/a: null, /b: [1, {c: d}]}}", true},
		"fault by name":           {"  deliver: {provider: p, event: e, faults: [drop]}", true},
		"fault of two parts":      {"  deliver: {provider: p, event: e, faults: ['body:reserialize:pretty', {body: 'reserialize:pretty'}, {transport: 'split:40', attempts: [1]}]}", true},
		"fault for an attempt":    {"  deliver: {provider: p, event: e, faults: ['signature:missing@1,2']}", true},
		"unknown fault":           {"  deliver: {provider: p, event: e, faults: ['signature:mising']}", false},
		"unknown kind of fault":   {"  deliver: {provider: p, event: e, faults: [{signatur: missing}]}", false},
		"fault without its value": {"  deliver: {provider: p, event: e, faults: ['body:huge']}", false},
		"fault with a value":      {"  deliver: {provider: p, event: e, faults: [{signature: missing}, {duplicate: 3}]}", true},
		"same":                    {"  expect: {captures: {same: [body, id, header X, .body.a]}}", true},
		"same of nothing":         {"  expect: {captures: {same: [bodies]}}", false},
		"boolean as text":         {"  deliver: {provider: p, event: e, parallel: maybe}", false},
		"eq of any type":          {"  expect: {effects: {x: {eventually: {eq: {a: [1]}}}}}", true},
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("scenario.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// generator generates the schema from Go types.
type generator struct {
	docs         map[string]string // Type or Type.Field → its comment
	defs         map[string]any
	undocumented []string
}

const referenceForm = `^\$\{[\s\S]+\}$`

// orReference returns a schema that also accepts a reference.
func orReference(s map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": referenceForm}}}
}

func (g *generator) of(t reflect.Type, oneOf []string) map[string]any {
	text := func(pattern string) map[string]any { return map[string]any{"type": "string", "pattern": pattern} }
	ref := func() map[string]any { return g.ref(t, nil) }
	switch t {
	case reflect.TypeFor[Duration]():
		return text(`^([0-9.]+(w|d|h|m|s|ms|us|µs|ns))+$|\$\{`)
	case reflect.TypeFor[time.Time]():
		return orReference(map[string]any{"type": "string", "format": "date-time"})
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case reflect.TypeFor[Condition]():
		return map[string]any{"type": "string"}
	case reflect.TypeFor[Aspect]():
		return text(`^(body|id|header .+|\..*)$|\$\{`)
	case reflect.TypeFor[mockserver.Fault]():
		return faultSchema()
	case reflect.TypeFor[EventList]():
		return map[string]any{"anyOf": []any{map[string]any{"const": allEvents}, map[string]any{"type": "array", "items": map[string]any{"type": "string"}}, text(referenceForm)}}
	case reflect.TypeFor[Headers]():
		return map[string]any{"anyOf": []any{map[string]any{"const": documented}, map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}}}
	case reflect.TypeFor[Attempts]():
		outcome := map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 100, "maximum": 599}, text(`^([1-5]([0-9][0-9]|xx)|not_sent|partly_written|no_reply)$|\$\{`)}}
		return orReference(map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 1}, map[string]any{"type": "array", "items": outcome}}})
	case reflect.TypeFor[Count]():
		return orReference(map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 0}, ref()}})
	case reflect.TypeFor[Response]():
		return orReference(map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 200, "maximum": 599}, ref()}})
	case reflect.TypeFor[Handshake]():
		return orReference(map[string]any{"anyOf": []any{map[string]any{"enum": mockserver.HandshakeKinds()}, ref()}})
	case reflect.TypeFor[Line]():
		return orReference(map[string]any{"type": "array", "prefixItems": []any{map[string]any{"type": "string"}, map[string]any{"type": []any{"string", "number"}}}, "minItems": 2, "maxItems": 2})
	case reflect.TypeFor[Param]():
		return map[string]any{"anyOf": []any{map[string]any{"type": []any{"string", "number", "boolean"}}, ref()}}
	case reflect.TypeFor[Table]():
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "array", "items": map[string]any{"type": "object"}, "minItems": 1},
			map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "array", "minItems": 1}, "minProperties": 1},
		}}
	case reflect.TypeFor[Statuses]():
		status := map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 100, "maximum": 599}, text(`^[1-5]([0-9][0-9]|xx)$|\$\{`)}}
		return map[string]any{"anyOf": []any{status, map[string]any{"type": "array", "items": status, "minItems": 1}}}
	case reflect.TypeFor[[]Step]():
		step := map[string]any{"anyOf": []any{g.ref(reflect.TypeFor[Step](), nil), g.ref(reflect.TypeFor[Include](), nil)}}
		return map[string]any{"type": "array", "items": step}
	case reflect.TypeFor[Expectations]():
		one := g.ref(reflect.TypeFor[Expectation](), nil)
		return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem(), oneOf)
	case reflect.Struct:
		return ref()
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.of(t.Elem(), nil)}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.of(t.Elem(), nil)}
	case reflect.Bool:
		return orReference(map[string]any{"type": "boolean"})
	case reflect.Float64:
		return orReference(map[string]any{"type": "number"})
	case reflect.String:
		if oneOf != nil {
			return orReference(map[string]any{"enum": oneOf})
		}
		return map[string]any{"type": []any{"string", "number"}}
	default:
		s := map[string]any{"type": "integer"}
		if reflect.Zero(t).CanUint() {
			s["minimum"] = 0
		}
		return orReference(s)
	}
}

// faultSchema describes the forms of a fault, from the table of faults.
func faultSchema() map[string]any {
	var patterns, examples, kinds []string
	args := map[string][]string{}
	for _, k := range mockserver.FaultKinds() {
		patterns, examples = append(patterns, k.Pattern()), append(examples, k.Example)
		kind, _, _ := strings.Cut(k.Name, ":")
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		if _, arg, two := strings.Cut(k.Pattern(), ":"); two && strings.Contains(k.Name, ":") {
			args[kind] = append(args[kind], arg)
		}
	}
	object := map[string]any{
		"kind": map[string]any{"type": "string", "pattern": "^(" + strings.Join(kinds, "|") + ")$"}, "arg": map[string]any{"type": []any{"string", "number"}},
		"attempts": map[string]any{"type": "array", "items": orReference(map[string]any{"type": "integer", "minimum": 1})},
	}
	for _, kind := range kinds {
		object[kind] = map[string]any{"type": []any{"string", "number", "null"}}
		if len(args[kind]) > 0 {
			object[kind] = map[string]any{"type": "string", "pattern": `^(` + strings.Join(args[kind], "|") + `)$|\$\{`}
		}
	}
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "string", "pattern": `^(` + strings.Join(patterns, "|") + `)(@[0-9]+(,[0-9]+)*)?$|\$\{`, "examples": examples},
		map[string]any{"type": "object", "properties": object, "additionalProperties": false, "minProperties": 1},
	}}
}

func (g *generator) ref(t reflect.Type, _ []string) map[string]any {
	name := t.Name()
	if g.defs[name] == nil {
		g.defs[name] = true // it may refer to itself
		g.defs[name] = g.structOf(t)
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (g *generator) structOf(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	g.add(t, properties, &required)
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	if doc := g.docs[t.Name()]; doc != "" {
		s["description"] = doc
	}
	return s
}

func (g *generator) add(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if flags == "inline" {
			g.add(f.Type, properties, required)
			continue
		}
		if !f.IsExported() {
			continue
		}
		strict := strings.Split(f.Tag.Get("strict"), ",")
		var oneOf []string
		for _, rule := range strict {
			if words, ok := strings.CutPrefix(rule, "oneof="); ok {
				oneOf = strings.Split(words, "|")
			}
		}
		s := g.of(f.Type, oneOf)
		if doc := g.docs[t.Name()+"."+f.Name]; doc != "" {
			s["description"] = doc
		} else {
			g.undocumented = append(g.undocumented, t.Name()+"."+key)
		}
		properties[key] = s
		if slices.Contains(strict, "required") {
			*required = append(*required, key)
		}
	}
}

// docsOf returns the comments of types and fields.
func docsOf(t *testing.T, files ...string) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			types, ok := decl.(*ast.GenDecl)
			if !ok || types.Tok != token.TYPE {
				continue
			}
			for _, spec := range types.Specs {
				named := spec.(*ast.TypeSpec)
				docs[named.Name.Name] = oneLineDoc(types.Doc)
				if s, ok := named.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, name := range f.Names {
							docs[named.Name.Name+"."+name.Name] = oneLineDoc(f.Doc)
						}
					}
				}
			}
		}
	}
	return docs
}

func oneLineDoc(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

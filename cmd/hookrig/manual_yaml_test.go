package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/cmd/hookrig/internal/markdown"
	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios"
)

// What surrounds a part of a scenario that a page shows.
const (
	scenarioHead = "hookrig: 1\nname: example\nprovider: neostore\n"
	scenarioBins = "target: {bin: consumer}\nbins: {consumer: {provider: neostore}}\n"
	scenarioStep = "steps: [{id: subscribe, subscribe: {provider: neostore, to: \"http://127.0.0.1:1/\"}}]\n"
)

// Every example in YAML or JSON can be loaded. Its marker says what it is.
func TestManualExamplesLoad(t *testing.T) {
	t.Parallel()
	for _, page := range topics() {
		for _, b := range page.page.Blocks() {
			if b.Code == "" {
				continue
			}
			if name, ok := strings.CutPrefix(b.Marker, "file: "); ok && !strings.Contains(string(sourceOf(t, page.name)), "`"+name+"`") {
				t.Errorf("%s:%d: the text does not name the file %s", page.name, b.Line, name)
			}
			if err := loadExample(b); err != "" {
				t.Errorf("%s:%d: %s\n%s", page.name, b.Line, err, b.Code)
			}
		}
	}
}

// sourceOf is a page as it is written.
func sourceOf(t *testing.T, page string) []byte {
	t.Helper()
	raw, err := os.ReadFile("manual/" + page + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// loadExample says what is wrong with a block; "" is nothing.
func loadExample(b markdown.Block) string {
	name, isFile := strings.CutPrefix(b.Marker, "file: ")
	switch {
	case b.Language == "json":
		if !json.Valid([]byte(b.Code)) {
			return "no JSON"
		}
	case isFile && strings.Contains(name, "acme/"): // hookrig lint acme reads it
	case isFile, b.Marker == "scenario", b.Marker == "steps":
		text := b.Code
		if b.Marker == "scenario" {
			text = wholeScenario(b.Code)
		} else if b.Marker == "steps" {
			text = withSteps(b.Code)
		}
		if _, err := scenarios.Parse("example.yaml", []byte(text), nil); err != nil {
			return err.Error()
		}
	case b.Marker == "provider":
		return loadProviderPart(b.Code)
	case b.Marker == "workflow" && b.Language == "groovy":
		if strings.Count(b.Code, "{") != strings.Count(b.Code, "}") {
			return "braces that do not match"
		}
	case b.Marker == "workflow", b.Marker == "compose":
		var v any
		if err := yaml.Unmarshal([]byte(b.Code), &v); err != nil {
			return err.Error()
		}
	case b.Language == "yaml":
		return "an example without a marker that says what it is"
	case b.Language != "sh" && b.Language != "text":
		return "an example in the language \"" + b.Language + "\", which no test reads"
	}
	return ""
}

// wholeScenario adds what a part of a scenario lacks.
func wholeScenario(part string) string {
	text := scenarioHead + part
	if !strings.Contains(part, "bins:") {
		text += scenarioBins
	}
	return text + scenarioStep
}

// withSteps is a scenario of the steps.
func withSteps(steps string) string {
	return scenarioHead + scenarioBins + "steps:\n- id: subscribe\n  subscribe: {}\n" + steps
}

// loadProviderPart loads a part of a provider.yaml with what it lacks.
func loadProviderPart(part string) string {
	dir, err := os.MkdirTemp("", "manual")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(dir)
	file := `name: part
title: Part
sources: [{tag: D, title: Document}]
subscription: {kind: one_endpoint, secret: {minted: none}}
events:
  - {name: made, title: Made, when: It is made., documented: true, entity: pass, template: events/made.json, schema: schemas/made.json}
` + part
	if !strings.Contains(part, "delivery:") {
		file += "\ndelivery: {timeout: 5s, success: [2xx]}\n"
	}
	if !strings.Contains(part, "entities:") {
		file += "\nentities: {pass: {pass_id: \"${alnum(12)}\"}}\n"
	}
	for name, text := range map[string]string{"provider.yaml": file, "events/made.json": `{"id": "${id}"}`, "schemas/made.json": "{}"} {
		path := filepath.Join(dir, "part", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err.Error()
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err.Error()
		}
	}
	if _, err := fixtures.Load(os.DirFS(dir)); err != nil {
		return err.Error()
	}
	return ""
}

// steps plays the steps of a page against a bin.
func (r *pageReader) steps(b markdown.Block) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "steps.yaml"), []byte(withSteps(b.Code)), 0o600); err != nil {
		r.Fatal(err)
	}
	r.run(command{text: "hookrig run steps.yaml", says: "passed"})
}

// workflow runs what a pipeline would run of hookrig, with its variables.
func (r *pageReader) workflow(b markdown.Block) {
	r.Helper()
	commands, env := pipelineOf(r.T, b)
	for i := range env {
		env[i] = r.replaced(env[i])
	}
	if len(commands) == 0 || len(env) == 0 {
		r.Errorf("a pipeline with %d commands and %d variables", len(commands), len(env))
	}
	for _, text := range commands {
		r.run(command{text: text, says: "passed"}, env...)
	}
}

var groovyVariable = regexp.MustCompile(`(?m)^\s*(` + variablePrefix + `\w+) = '(.*)'$`)

// pipelineOf returns the commands of hookrig in a pipeline, and its variables for hookrig.
func pipelineOf(t *testing.T, b markdown.Block) (commands, env []string) {
	t.Helper()
	add := func(text string) {
		if strings.HasPrefix(text, "hookrig ") {
			commands = append(commands, text)
		}
	}
	if b.Language == "groovy" {
		for _, m := range groovyVariable.FindAllStringSubmatch(b.Code, -1) {
			env = append(env, m[1]+"="+m[2])
		}
		for line := range strings.Lines(b.Code) {
			add(strings.TrimSpace(line))
		}
		return commands, env
	}
	var v any
	if err := yaml.Unmarshal([]byte(b.Code), &v); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				if text, ok := member.(string); ok && strings.HasPrefix(name, variablePrefix) {
					env = append(env, name+"="+text)
				}
				walk(member)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case string:
			add(v)
		}
	}
	walk(v)
	return commands, env
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// workflow runs what a pipeline would run of hookrig, with its variables, and looks for the reports
// that it keeps.
func (r *pageReader) workflow(b markdown.Block) {
	r.Helper()
	p := pipelineOf(r.T, b)
	for i := range p.env {
		p.env[i] = r.replaced(p.env[i])
	}
	if len(p.steps) == 0 || len(p.env) == 0 {
		r.Errorf("a pipeline with %d commands and %d variables", len(p.steps), len(p.env))
	}
	for _, path := range r.matching(p.artifacts) { // of the pipelines before
		if err := os.RemoveAll(path); err != nil {
			r.Fatal(err)
		}
	}
	for _, s := range p.steps {
		if s.command != "" {
			r.run(command{text: s.command, says: "passed"}, p.env...)
			continue
		}
		for name, value := range s.inputs {
			s.inputs[name] = r.replaced(value)
		}
		run := runAction(r.T, r.dir, append(slices.Clone(r.env), p.env...), s.inputs)
		if run.code != exitPassed || !strings.Contains(run.output, "passed") {
			r.Errorf("the action with %q: exit code %d:\n%s", s.inputs, run.code, run.output)
		}
		p.artifacts = append(p.artifacts, run.artifacts...)
	}
	for _, path := range p.artifacts {
		if len(r.matching([]string{path})) == 0 {
			r.Errorf("line %d: the pipeline keeps %s, which its commands do not write", b.Line, path)
		}
	}
	kept := r.matching(p.artifacts)
	for _, folder := range slices.Clone(kept) {
		kept = append(kept, r.matching([]string{folder + "/*"})...)
	}
	for _, ext := range []string{".xml", ".html"} {
		if !slices.ContainsFunc(kept, func(name string) bool { return filepath.Ext(name) == ext }) {
			r.Errorf("line %d: the pipeline keeps no report with the end %s: %q", b.Line, ext, kept)
		}
	}
}

// matching returns the files and folders that paths of a page name.
func (r *pageReader) matching(paths []string) (found []string) {
	r.Helper()
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.dir, path)
		}
		names, err := filepath.Glob(path)
		if err != nil {
			r.Fatal(err)
		}
		found = append(found, names...)
	}
	return found
}

// pipeline is what a pipeline has of hookrig.
type pipeline struct {
	steps     []pipelineStep
	env       []string // its variables for hookrig
	artifacts []string // paths of what it keeps
}

// pipelineStep is a command, or a use of the action with inputs.
type pipelineStep struct {
	command string
	inputs  map[string]string
}

func (p *pipeline) add(text string) {
	if strings.HasPrefix(text, "hookrig ") {
		p.steps = append(p.steps, pipelineStep{command: text})
	}
}

var (
	groovyVariable = regexp.MustCompile(`(?m)^\s*(` + variablePrefix + `\w+) = '(.*)'$`)
	groovyArtifact = regexp.MustCompile(`(?m)^\s*(?:junit|archiveArtifacts) '(.*)'$`)
)

// pipelineOf reads a pipeline.
func pipelineOf(t *testing.T, b markdown.Block) pipeline {
	t.Helper()
	var p pipeline
	if b.Language == "groovy" {
		for _, m := range groovyVariable.FindAllStringSubmatch(b.Code, -1) {
			p.env = append(p.env, m[1]+"="+m[2])
		}
		for _, m := range groovyArtifact.FindAllStringSubmatch(b.Code, -1) {
			p.artifacts = append(p.artifacts, m[1])
		}
		for line := range strings.Lines(strings.ReplaceAll(b.Code, "\\\n", "")) {
			p.add(strings.TrimSpace(line))
		}
		return p
	}
	var v any
	if err := yaml.Unmarshal([]byte(b.Code), &v); err != nil {
		t.Fatal(err)
	}
	p.walk(v)
	return p
}

// walk adds what a part of a pipeline has.
func (p *pipeline) walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		if uses, _ := v["uses"].(string); strings.HasPrefix(uses, "hookrig/hookrig@") {
			p.steps = append(p.steps, pipelineStep{inputs: texts(v["with"])})
		}
		for name, member := range v {
			if text, ok := member.(string); ok && strings.HasPrefix(name, variablePrefix) {
				p.env = append(p.env, name+"="+text)
			}
			if name == "artifacts" { // of GitLab: {paths: [FILE], reports: {junit: FILE}}
				kept, _ := member.(map[string]any)
				paths, _ := kept["paths"].([]any)
				for _, path := range paths {
					p.artifacts = append(p.artifacts, fmt.Sprint(path))
				}
				for _, path := range texts(kept["reports"]) {
					p.artifacts = append(p.artifacts, path)
				}
			}
			p.walk(member)
		}
	case []any:
		for _, item := range v {
			p.walk(item)
		}
	case string:
		p.add(v)
	}
}

// texts returns the members of a mapping.
func texts(v any) map[string]string {
	members, _ := v.(map[string]any)
	list := map[string]string{}
	for name, member := range members {
		list[name] = fmt.Sprint(member)
	}
	return list
}

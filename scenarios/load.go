package scenarios

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// maxFile is the largest size of a scenario file, in bytes.
const maxFile = 1 << 20

// Load reads a scenario file. It returns all mistakes in the file as one strictyaml.Problems, and
// other errors when the file cannot be read.
func Load(path string) (*Scenario, error) { return LoadWith(path, fixtures.Builtin()) }

// LoadWith is Load with the providers of a catalogue; nil is fixtures.Builtin. An include may read
// files below the folder of the scenario, and the files and folders of also.
func LoadWith(path string, catalogue *fixtures.Catalogue, also ...string) (*Scenario, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := readAll(file)
	if err != nil {
		return nil, err
	}
	return parse(path, data, catalogue, folders{root: filepath.Dir(path), also: also})
}

// LoadFS is Load from a file system. An include may read its files.
func LoadFS(fsys fs.FS, name string) (*Scenario, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := readAll(file)
	if err != nil {
		return nil, err
	}
	return parse(name, data, fixtures.Builtin(), folders{fsys: fsys})
}

// readAll reads a file. It stops after maxFile bytes, because a file can be a device that never
// ends.
func readAll(file io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(file, maxFile+1)) }

// Parse reads a scenario with the providers of a catalogue; nil is fixtures.Builtin. Errors are
// strictyaml.Problems, which name the file as in the argument. The scenario cannot include files.
func Parse(file string, data []byte, catalogue *fixtures.Catalogue) (*Scenario, error) {
	return parse(file, data, catalogue, folders{})
}

func parse(file string, data []byte, catalogue *fixtures.Catalogue, from folders) (*Scenario, error) {
	if catalogue == nil {
		catalogue = fixtures.Builtin()
	}
	root, problems := parseTree(file, data, "a scenario begins with hookrig: 1")
	if root == nil {
		return nil, problems.Err()
	}
	if root.Kind == yaml.SequenceNode {
		p := strictyaml.At(root, "expected a mapping, found a list", "a scenario begins with hookrig: 1; name a list of steps for include NAME.steps.yaml")
		p.File = file
		return nil, append(problems, p)
	}
	l := &loader{folders: from, files: []string{file}, sources: map[*yaml.Node]string{}, problems: problems}
	for _, section := range stepSections {
		if list := target(child(root, section)); list != nil && list.Kind == yaml.SequenceNode {
			list.Content = l.splice(list, file, []string{l.key(file)})
		}
	}
	if len(l.files) > 1 {
		l.problems = append(l.problems, strictyaml.Check(file, root)...)
	}
	inherit(root)
	s := &Scenario{file: file, files: l.files, root: root}
	l.decode(s)
	c := checker{problems: l.problems, s: s, catalogue: catalogue, includes: l.included > 0}
	if root.Kind == yaml.MappingNode {
		c.scenario()
	}
	if len(c.problems) > 0 {
		c.problems.Sort()
		return nil, slices.Compact(c.problems)
	}
	return s, nil
}

// parseTree parses a file. It returns nil and the problems when there is nothing to read.
func parseTree(file string, data []byte, hint string) (*yaml.Node, strictyaml.Problems) {
	if len(data) > maxFile {
		return nil, strictyaml.Problems{{File: file, Message: fmt.Sprintf("the file is too large: a scenario has at most %d bytes", maxFile)}}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, strictyaml.Problems{{File: file, Message: "the file is empty", Hint: hint}}
	}
	return strictyaml.Parse(file, data)
}

// stepSections are the keys of a scenario that have lists of steps, in the order in which they run.
var stepSections = []string{"setup", "steps", "teardown"}

// decode decodes the tree into a scenario: first all but the steps, then each step with the file
// that it comes from.
func (l *loader) decode(s *Scenario) {
	options := strictyaml.Options{Defer: holdsReference}
	rest, lists := s.root, map[string]*yaml.Node{}
	for _, section := range stepSections {
		if list := target(child(s.root, section)); list != nil && list.Kind == yaml.SequenceNode {
			lists[section] = list
			rest = replaced(rest, section, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: list.Line, Column: list.Column})
		}
	}
	l.problems = append(l.problems, strictyaml.Decode(s.file, rest, s, options)...)
	for i, to := range []*[]Step{&s.Setup, &s.Steps, &s.Teardown} {
		list := lists[stepSections[i]]
		if list == nil {
			continue
		}
		*to = make([]Step, len(list.Content))
		for i, item := range list.Content {
			n, step := target(item), &(*to)[i]
			file := l.sources[n]
			l.problems = append(l.problems, strictyaml.Decode(file, n, step, options)...)
			step.node, step.file = n, file
		}
	}
}

// inherit copies the scenario's provider to the steps that name none.
func inherit(root *yaml.Node) {
	provider := child(root, "provider")
	if provider == nil {
		return
	}
	for _, section := range stepSections {
		steps := target(child(root, section))
		if steps == nil || steps.Kind != yaml.SequenceNode {
			continue
		}
		for _, step := range steps.Content {
			for _, verb := range []string{"subscribe", "journey", "deliver", "burst"} {
				fields := child(target(step), verb)
				if fields == nil {
					continue
				}
				if fields = target(fields); fields.Kind == yaml.MappingNode && child(fields, "provider") == nil && child(fields, "from") == nil {
					fields.Content = append(fields.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "provider", Line: provider.Line, Column: provider.Column}, provider)
				}
			}
		}
	}
}

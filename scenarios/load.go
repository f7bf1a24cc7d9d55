package scenarios

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
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

// LoadWith is Load with the providers of a catalogue; nil is fixtures.Builtin.
func LoadWith(path string, catalogue *fixtures.Catalogue) (*Scenario, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readFrom(path, file, catalogue)
}

// LoadFS is Load from a file system.
func LoadFS(fsys fs.FS, name string) (*Scenario, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readFrom(name, file, fixtures.Builtin())
}

// readFrom reads a scenario. It stops after maxFile bytes, because a file can be a device that
// never ends.
func readFrom(name string, file fs.File, catalogue *fixtures.Catalogue) (*Scenario, error) {
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(name, data, catalogue)
}

// Parse reads a scenario with the providers of a catalogue; nil is fixtures.Builtin. Errors are
// strictyaml.Problems, which name the file as in the argument.
func Parse(file string, data []byte, catalogue *fixtures.Catalogue) (*Scenario, error) {
	if catalogue == nil {
		catalogue = fixtures.Builtin()
	}
	if len(data) > maxFile {
		return nil, strictyaml.Problems{{File: file, Message: fmt.Sprintf("the file is too large: a scenario has at most %d bytes", maxFile)}}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, strictyaml.Problems{{File: file, Message: "the file is empty", Hint: "a scenario begins with hookrig: 1"}}
	}
	root, problems := strictyaml.Parse(file, data)
	if root == nil {
		return nil, problems.Err()
	}
	inherit(root)
	s := &Scenario{file: file, root: root}
	problems = append(problems, strictyaml.Decode(file, root, s, strictyaml.Options{Defer: holdsReference})...)
	if len(s.Steps) > 0 {
		for i, node := range target(child(root, "steps")).Content {
			s.Steps[i].node = target(node)
		}
	}
	c := checker{problems: problems, s: s, catalogue: catalogue}
	if root.Kind == yaml.MappingNode {
		c.scenario()
	}
	if len(c.problems) > 0 {
		c.problems.Sort()
		return nil, slices.Compact(c.problems)
	}
	return s, nil
}

// inherit copies the scenario's provider to the steps that name none.
func inherit(root *yaml.Node) {
	provider, steps := child(root, "provider"), child(root, "steps")
	if provider == nil || steps == nil || target(steps).Kind != yaml.SequenceNode {
		return
	}
	for _, step := range target(steps).Content {
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

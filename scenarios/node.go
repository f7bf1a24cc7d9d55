package scenarios

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// target follows a YAML alias to its node.
func target(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// child returns the value of a key in a mapping. It returns nil when there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	n = target(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// keys returns the keys of m, sorted.
func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// without returns a copy of a mapping without one key.
func without(n *yaml.Node, key string) *yaml.Node {
	copied := *target(n)
	copied.Content = nil
	content := target(n).Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value != key {
			copied.Content = append(copied.Content, content[i], content[i+1])
		}
	}
	return &copied
}

// replaced returns a copy of a mapping with another value for one of its keys.
func replaced(n *yaml.Node, key string, value *yaml.Node) *yaml.Node {
	copied := *target(n)
	copied.Content = slices.Clone(copied.Content)
	for i := 0; i+1 < len(copied.Content); i += 2 {
		if copied.Content[i].Value == key {
			copied.Content[i+1] = value
		}
	}
	return &copied
}

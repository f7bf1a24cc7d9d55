package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Limits of includes in one scenario.
const (
	maxIncludes     = 100 // files, each as often as it is included
	maxIncludeDepth = 8
)

// loader reads the files of a scenario.
type loader struct {
	folders
	files    []string              // paths of all files, in the order of reading
	sources  map[*yaml.Node]string // the file of each step
	included int                   // number of includes so far
	problems strictyaml.Problems
}

// folders are what an include may read. The zero value is nothing.
type folders struct {
	fsys fs.FS    // a file system, or nil
	root string   // the folder of the scenario; "" with a file system
	also []string // further files and folders
}

// splice returns the steps of a list. It replaces every include by the steps of its file. chain
// lists the files that led here.
func (l *loader) splice(list *yaml.Node, file string, chain []string) []*yaml.Node {
	var steps []*yaml.Node
	for _, item := range list.Content {
		n := target(item)
		if child(n, "include") == nil {
			l.sources[n] = file
			steps = append(steps, item)
			continue
		}
		steps = append(steps, l.include(n, file, chain)...)
	}
	return steps
}

// include returns the steps that an include stands for.
func (l *loader) include(n *yaml.Node, file string, chain []string) []*yaml.Node {
	var i Include
	if problems := strictyaml.Decode(file, n, &i, strictyaml.Options{}); len(problems) > 0 {
		l.problems = append(l.problems, problems...)
		return nil
	}
	at := child(n, "include")
	if strings.Contains(i.File, "${") {
		l.add(file, at, "an include cannot have references: it is read before the run begins", "")
		return nil
	}
	name := l.join(file, i.File)
	key := l.key(name)
	l.included++
	switch {
	case slices.Contains(chain, key):
		l.add(file, at, fmt.Sprintf("%s includes itself", i.File), "")
		return nil
	case len(chain) > maxIncludeDepth:
		l.add(file, at, fmt.Sprintf("includes are nested deeper than %d", maxIncludeDepth), "")
		return nil
	case l.included == maxIncludes+1:
		l.add(file, at, fmt.Sprintf("the scenario has more than %d includes", maxIncludes), "")
	}
	if l.included > maxIncludes {
		return nil
	}
	data, err := l.read(name)
	if err != nil {
		l.add(file, at, fmt.Sprintf("%s cannot be included: %v", i.File, err), "")
		return nil
	}
	if !slices.Contains(l.files, name) {
		l.files = append(l.files, name)
	}
	root, problems := parseTree(name, data, "an included file is a list of steps")
	l.problems = append(l.problems, problems...)
	if root == nil {
		return nil
	}
	if root.Kind != yaml.SequenceNode {
		l.add(name, root, "expected a list of steps", "write - id: NAME for each step, without hookrig: and name:")
		return nil
	}
	return l.splice(root, name, append(slices.Clone(chain), key))
}

func (l *loader) add(file string, n *yaml.Node, message, hint string) {
	p := strictyaml.At(n, message, hint)
	p.File = file
	l.problems = append(l.problems, p)
}

// join returns the path of a file that is included by another.
func (l *loader) join(file, include string) string {
	if l.fsys != nil {
		return path.Join(path.Dir(file), include)
	}
	if filepath.IsAbs(include) {
		return filepath.Clean(include)
	}
	return filepath.Join(filepath.Dir(file), filepath.FromSlash(include))
}

// key returns a form of a path that is the same for all spellings.
func (l *loader) key(name string) string {
	if l.fsys != nil {
		return path.Clean(name)
	}
	if whole, err := filepath.Abs(name); err == nil {
		return whole
	}
	return name
}

var errOutside = errors.New("it is outside the folder of the scenario; move it there, or name it on the command line too")

// read reads a file that an include may read. It follows no link out of a folder.
func (f folders) read(name string) ([]byte, error) {
	if f.fsys != nil {
		if !fs.ValidPath(name) {
			return nil, errOutside
		}
		return readRegular(f.fsys, name)
	}
	if f.root == "" {
		return nil, errors.New("the scenario was not read from a file")
	}
	whole, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	for _, folder := range append([]string{f.root}, f.also...) {
		info, err := os.Stat(folder)
		if err != nil {
			continue
		}
		if !info.IsDir() {
			if same, err := filepath.Abs(folder); err == nil && same == whole {
				return readWithin(filepath.Dir(same), filepath.Base(same))
			}
			continue
		}
		base, err := filepath.Abs(folder)
		if err != nil {
			return nil, err
		}
		if rel, err := filepath.Rel(base, whole); err == nil && filepath.IsLocal(rel) {
			return readWithin(base, rel)
		}
	}
	return nil, errOutside
}

// readWithin reads a file below a folder.
func readWithin(folder, rel string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return readRegular(root.FS(), filepath.ToSlash(rel))
}

// readRegular reads a file, unless it is a folder, a pipe or a device.
func readRegular(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, plainPathError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, plainPathError(err)
	}
	defer file.Close()
	return readAll(file)
}

// plainPathError removes operation and path from an error, which the caller names.
func plainPathError(err error) error {
	if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

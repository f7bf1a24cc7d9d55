package scenarios

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Lint checks scenario files and provider folders. It returns all mistakes, ordered by file and
// line. A path is a file or a folder. Lint searches folders: a folder with a provider.yaml is a
// provider, and every other .yaml or .yml file outside providers is a scenario, which may use the
// providers in known. Files named NAME.steps.yaml are lists of steps; they are checked with the
// scenarios that include them. Lint also reports a path that contains neither.
func Lint(known *fixtures.Catalogue, paths ...string) strictyaml.Problems {
	var problems strictyaml.Problems
	for _, p := range paths {
		problems = append(problems, lint(known, p)...)
	}
	problems.Sort()
	return problems
}

// Files returns the scenario files of a path, sorted: the file itself, or those in the folder.
func Files(path string) ([]string, error) {
	found, _, err := search(path)
	return found, err
}

func lint(known *fixtures.Catalogue, path string) strictyaml.Problems {
	scenarios, providers, err := search(path)
	if err != nil {
		return strictyaml.Problems{{File: path, Message: err.Error()}}
	}
	if len(scenarios)+len(providers) == 0 {
		return strictyaml.Problems{{File: path, Message: "contains neither a scenario nor a provider", Hint: "scenarios end in .yaml or .yml"}}
	}
	var problems strictyaml.Problems
	for _, file := range scenarios {
		_, err := LoadWith(file, known, path)
		problems = append(problems, asProblems(file, err)...)
	}
	for _, folder := range providers {
		whole, err := filepath.Abs(folder) // because "." has no name
		if err == nil {
			_, err = fixtures.LoadProvider(os.DirFS(filepath.Dir(whole)), filepath.Base(whole))
		}
		for _, p := range asProblems(folder, err) {
			if p.File != folder {
				p.File = filepath.Join(filepath.Dir(folder), filepath.FromSlash(p.File))
			}
			problems = append(problems, p)
		}
	}
	return problems
}

func asProblems(file string, err error) strictyaml.Problems {
	var problems strictyaml.Problems
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		return problems
	}
	return strictyaml.Problems{{File: file, Message: err.Error()}}
}

const providerFile = "provider.yaml"

// search finds the scenario files and the provider folders of a path.
func search(root string) (scenarios, providers []string, err error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		if filepath.Base(root) == providerFile {
			return nil, []string{filepath.Dir(root)}, nil
		}
		return []string{root}, nil, nil
	}
	err = filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if _, err := os.Stat(filepath.Join(p, providerFile)); err == nil {
				providers = append(providers, p)
				return fs.SkipDir
			}
			if name := entry.Name(); p != root && strings.HasPrefix(name, ".") {
				return fs.SkipDir
			}
		case !isFile(p, entry): // such as a device, which may never end
		case isSteps(p): // scenarios include it
		case path.Ext(p) == ".yaml" || path.Ext(p) == ".yml":
			scenarios = append(scenarios, p)
		}
		return nil
	})
	return scenarios, providers, err
}

// isSteps reports whether the name of a file is that of a list of steps for include.
func isSteps(p string) bool {
	return strings.HasSuffix(p, ".steps.yaml") || strings.HasSuffix(p, ".steps.yml")
}

// isFile reports whether an entry is a regular file or a link to one.
func isFile(path string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// libraryNames returns the names of the scenarios that come with hookrig.
func libraryNames() []string {
	files, _ := fs.Glob(scenarios.Library(), "*.yaml")
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".yaml")
	}
	return files
}

// libraryFile reads a scenario that comes with hookrig, by its name or file name.
func libraryFile(name string) (file string, data []byte, err error) {
	bare := strings.TrimSuffix(name, ".yaml")
	for _, folder := range []string{"", exam.Folder + "/"} {
		if data, err = fs.ReadFile(scenarios.Library(), folder+bare+".yaml"); err == nil {
			return bare + ".yaml", data, nil
		}
	}
	hint := "hookrig run --list names all"
	if near := strictyaml.Nearest(bare, libraryNames()); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return "", nil, fmt.Errorf("no scenario with this name comes with hookrig; %s", hint)
}

package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/scenarios"
)

// loadScenarios loads all files of the arguments. The error contains all mistakes in all files.
func loadScenarios(args []string, known *fixtures.Catalogue) ([]*scenarios.Scenario, error) {
	var (
		list     []*scenarios.Scenario
		problems strictyaml.Problems
	)
	add := func(s *scenarios.Scenario, err error) error {
		var wrong strictyaml.Problems
		switch {
		case errors.As(err, &wrong):
			problems = append(problems, wrong...)
		case err != nil:
			return misuse(err)
		default:
			list = append(list, s)
		}
		return nil
	}
	for _, arg := range args {
		files, err := scenarios.Files(arg)
		if errors.Is(err, fs.ErrNotExist) {
			name, data, err := libraryFile(arg)
			if err != nil {
				return nil, misusef("%s: no such file or folder, and %w", arg, err)
			}
			if err := add(scenarios.Parse(name, data, known)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, misuse(err)
		}
		if len(files) == 0 {
			return nil, misusef("%s contains no scenario: scenario files end in .yaml or .yml", arg)
		}
		for _, file := range files {
			if err := add(scenarios.LoadWith(file, known, args...)); err != nil {
				return nil, err
			}
		}
	}
	if len(problems) > 0 {
		return nil, misuse(fmt.Errorf("%s in the scenario files:\n%w", mistakes(len(problems)), problems))
	}
	return list, nil
}

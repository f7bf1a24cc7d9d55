package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/fixtures/strictyaml"
)

// flagsFromEnv gives every flag that the command line left out the value of its HOOKRIG_ variable. A flag that can be
// repeated takes a comma list or, where a value may hold commas itself, a line each.
func flagsFromEnv(flags *pflag.FlagSet, getenv func(string) string) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		name := envName(f.Name)
		value := getenv(name)
		if value == "" {
			return
		}
		values := []string{value}
		if f.Value.Type() == "stringArray" {
			values = strings.Split(strings.TrimSuffix(value, "\n"), "\n")
		}
		for _, value := range values {
			if err := flags.Set(f.Name, value); err != nil {
				if invalid := (*pflag.InvalidValueError)(nil); errors.As(err, &invalid) {
					err = invalid.Unwrap()
				}
				failed = misuse(flagError(name, f, value, err))
				return
			}
		}
	})
	return failed
}

func envName(flag string) string {
	return "HOOKRIG_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// explainFlag says what is wrong with a flag of the command line, what was expected, and where to look.
func explainFlag(cmd *cobra.Command, err error) error {
	var (
		invalid *pflag.InvalidValueError
		unknown *pflag.NotExistError
		bare    *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return misuse(flagError("--"+f.Name, f, invalid.GetValue(), invalid.Unwrap()))
	case errors.As(err, &bare):
		f := bare.GetFlag()
		hint, _ := pflag.UnquoteUsage(f)
		return misusef("--%s wants a value: --%s %s", f.Name, f.Name, hint)
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		name, hint := unknown.GetSpecifiedName(), ""
		if near := strictyaml.Nearest(name, flagNames(cmd)); near != "" {
			hint = fmt.Sprintf("; did you mean --%s?", near)
		}
		return misusef("%s has no flag --%s%s\nsee %q", cmd.CommandPath(), name, hint, cmd.CommandPath()+" --help")
	}
	return misusef("%w\nsee %q", err, cmd.CommandPath()+" --help")
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// flagError quotes what was given to a flag or its variable, and says what is wanted.
func flagError(where string, f *pflag.Flag, value string, err error) error {
	wants := map[string]string{
		"bool":     "true or false",
		"int":      "a whole number",
		"uint64":   "a whole number from 0",
		"float64":  "a number",
		"duration": "a duration, as in 500ms, 30s or 5m",
	}
	if want := wants[f.Value.Type()]; want != "" {
		return fmt.Errorf("%s %q: want %s", where, value, want)
	}
	return fmt.Errorf("%s %q: %w", where, value, err)
}

// seedFlag is a --seed that is drawn once when it is not given.
type seedFlag struct {
	seed  uint64
	given bool
}

func (s *seedFlag) String() string { return "" }
func (s *seedFlag) Type() string   { return "number" }

func (s *seedFlag) Set(text string) error {
	if _, err := fmt.Sscanf(text, "%d", &s.seed); err != nil || fmt.Sprint(s.seed) != text {
		return errors.New("want a whole number from 0 to 18446744073709551615")
	}
	s.given = true
	return nil
}

func (s *seedFlag) value() *uint64 {
	if !s.given {
		s.seed, s.given = rand.Uint64N(1_000_000_000), true // short enough to type again
	}
	return &s.seed
}

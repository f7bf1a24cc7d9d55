package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/internal/terminal"
)

// flagsFromEnv gives every flag that the command line left out the value of its HOOKRIG_ variable. A flag that can be
// repeated takes a comma list or, where a value may hold commas itself, a line each.
// A variable that is set and empty counts as not set, but not where an empty value is most likely a mistake: see mustHold.
func flagsFromEnv(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		name := envName(f.Name)
		value, set := lookup(name)
		if set && value == "" && mustHold(f.Name) {
			failed = misusef("%s is set but empty: unset it, or give it a value; an unset variable in a script often leaves it so", name)
			return
		}
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

// mustHold says whether a flag must not be empty when it is given: without it the command would check something else.
func mustHold(flag string) bool { return flag == "target" || flag == "to" || flag == "server" }

// checkGiven refuses a flag that was given an empty value and must hold one.
func checkGiven(flags *pflag.FlagSet) error {
	var failed error
	flags.Visit(func(f *pflag.Flag) {
		if failed == nil && mustHold(f.Name) && f.Value.String() == "" {
			hint, _ := pflag.UnquoteUsage(f)
			failed = misusef("--%s is empty: leave it out, or write --%s %s; an unset variable in a script often leaves it so", f.Name, f.Name, hint)
		}
	})
	return failed
}

// otherVariables are the HOOKRIG_ variables that are no flag: those of the library's scenarios and of the project's own tests.
func otherVariables() []string {
	return []string{"HOOKRIG_TARGET_SECRET", "HOOKRIG_REQUIRE", "HOOKRIG_PICTURES", "HOOKRIG_BENCH_DATA"}
}

// checkEnv reports HOOKRIG_ variables that belong to no flag of any command. One that looks like a slip is misuse: what it was to
// say would be ignored. Others get a warning: a scenario may use them, and orchestrators make some (HOOKRIG_SERVICE_HOST).
func checkEnv(root *cobra.Command, w World) error {
	known := otherVariables()
	var collect func(*cobra.Command)
	collect = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { known = append(known, envName(f.Name)) })
		for _, sub := range cmd.Commands() {
			collect(sub)
		}
	}
	collect(root)
	bare := make([]string, len(known))
	for i, name := range known {
		bare[i] = strings.TrimPrefix(name, variablePrefix)
	}
	for _, line := range w.Environ() {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) {
			continue
		}
		if near := strictyaml.Nearest(strings.TrimPrefix(name, variablePrefix), bare); near != "" {
			return misusef("no flag has the variable %s; did you mean %s?", name, variablePrefix+near)
		}
		w.Stderr.Printf("hookrig: warning: no flag has the variable %s; it is ignored, unless a scenario names it\n", name)
	}
	return nil
}

const variablePrefix = "HOOKRIG_"

func envName(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
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
		return misusef("%s has no flag --%s%s\nsee %q", cmd.CommandPath(), terminal.Line(name), hint, cmd.CommandPath()+" --help")
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

// seedFlag is a --seed that is random when it is not given.
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

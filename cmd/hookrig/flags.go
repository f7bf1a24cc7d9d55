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

// flagsFromEnv sets every flag that is not on the command line from its HOOKRIG_ variable.
// Variables of repeatable flags have comma-separated values or, if values may contain commas, one
// value per line. An empty variable counts as not set, except for the flags of mustHaveValue, where
// it is probably a mistake.
func flagsFromEnv(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		name := envName(f.Name)
		value, set := lookup(name)
		if set && value == "" && mustHaveValue(f.Name) {
			failed = misusef("%s is set but empty: unset it, or give it a value; is it set from an unset variable in a script?", name)
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

// mustHaveValue reports whether a flag must not be empty when it is set: without its value the
// command would check something else.
func mustHaveValue(flag string) bool { return flag == "target" || flag == "to" || flag == "server" }

// checkGiven returns an error if a flag is empty that must have a value.
func checkGiven(flags *pflag.FlagSet) error {
	var failed error
	flags.Visit(func(f *pflag.Flag) {
		if failed == nil && mustHaveValue(f.Name) && f.Value.String() == "" {
			hint, _ := pflag.UnquoteUsage(f)
			failed = misusef("--%s is empty: leave it out, or write --%s %s; is it set from an unset variable in a script?", f.Name, f.Name, hint)
		}
	})
	return failed
}

// otherVariables returns the HOOKRIG_ variables that belong to no flag: those of the library
// scenarios and of the project's tests.
func otherVariables() []string {
	return []string{"HOOKRIG_TARGET_SECRET", "HOOKRIG_REQUIRE", "HOOKRIG_PICTURES", "HOOKRIG_BENCH_DATA"}
}

// checkEnv checks the HOOKRIG_ variables that belong to no flag. It returns an error for a name
// that is close to that of a flag, which is probably a spelling mistake. It warns about others: a
// scenario may use them, and orchestrators set some (HOOKRIG_SERVICE_HOST).
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
			return misusef("unknown variable %s; did you mean %s?", name, variablePrefix+near)
		}
		w.Stderr.Printf("hookrig: warning: unknown variable %s; it is ignored, unless a scenario refers to it\n", name)
	}
	return nil
}

const variablePrefix = "HOOKRIG_"

func envName(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// explainFlag returns a readable error for a wrong flag: its value, what was expected, and the
// command that shows help.
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

// flagError quotes the value of a flag or its variable, and says what was expected.
func flagError(where string, f *pflag.Flag, value string, err error) error {
	wants := map[string]string{
		"bool":     "true or false",
		"int":      "a whole number",
		"uint64":   "a whole number from 0",
		"float64":  "a number",
		"duration": "a duration such as 250ms, 5s, 2h or 2d",
	}
	if want := wants[f.Value.Type()]; want != "" {
		return fmt.Errorf("%s %q: want %s", where, value, want)
	}
	return fmt.Errorf("%s %q: %w", where, value, err)
}

// seedFlag is the flag --seed. The seed is random if the flag is not set.
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
		s.seed, s.given = rand.Uint64N(1_000_000_000), true // short enough to type
	}
	return &s.seed
}

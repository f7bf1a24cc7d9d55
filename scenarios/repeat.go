package scenarios

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/shell"
)

// repeat returns the command that repeats the run, with the environment variables that the file
// referred to.
func (r *run) repeat() string {
	what := r.scenario.file
	if what == "" {
		what = r.scenario.Name
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(r.variables)) {
		value := shell.Word(r.variables[name])
		if redact.Variable(name) || r.redact(value) != value {
			value = `"$` + name + `"` // reports contain no secrets
		}
		words = append(words, name+"="+value)
	}
	words = append(words, "hookrig", "run", shell.Word(what), "--seed", strconv.FormatUint(r.scope.seed, 10))
	if r.scenario.row != nil {
		words = append(words, "--only", shell.Word(r.scenario.Name))
	}
	if r.options.Target != "" {
		to := shell.Word(r.options.Target)
		if redact.URL(r.options.Target) != r.options.Target {
			to = `"$HOOKRIG_TARGET"`
		}
		words = append(words, "--target", to)
	}
	if r.options.Secret != "" {
		words = append(words, "--secret", `"$HOOKRIG_SECRET"`)
	}
	for _, name := range keys(r.options.Params) {
		value := shell.Word(name + "=" + r.options.Params[name])
		if redact.Variable(name) || r.redact(value) != value {
			value = name + `="$` + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + `"` // reports contain no secrets
		}
		words = append(words, "--param", value)
	}
	for _, word := range r.options.Repeat {
		words = append(words, shell.Word(word))
	}
	return strings.Join(words, " ")
}

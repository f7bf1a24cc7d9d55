package exam

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

//go:embed hints.yaml
var hintFile []byte

// Hint is a code example that belongs to the fix of a check.
type Hint struct {
	// Wrong says what a consumer does that fails a check with this hint.
	Wrong string `yaml:"wrong" json:"wrong" strict:"required"`
	// Text says what the example shows.
	Text string `yaml:"text" json:"text" strict:"required"`
	// Go, Node, Python and PHP are the example in these languages.
	Go     string `yaml:"go" json:"go" strict:"required"`
	Node   string `yaml:"node" json:"node" strict:"required"`
	Python string `yaml:"python" json:"python" strict:"required"`
	PHP    string `yaml:"php" json:"php" strict:"required"`
}

// Languages returns the languages of code examples.
func Languages() []string { return []string{"go", "node", "python", "php"} }

// Code returns the example in a language of Languages, or "".
func (h Hint) Code(language string) string {
	return strings.TrimRight(map[string]string{"go": h.Go, "node": h.Node, "python": h.Python, "php": h.PHP}[language], "\n")
}

// Hints returns all code examples, by the name that checks refer to.
func Hints() (map[string]Hint, error) {
	root, problems := strictyaml.Parse("hints.yaml", hintFile)
	hints := map[string]Hint{}
	if len(problems) == 0 {
		problems = strictyaml.Decode("hints.yaml", root, &hints, strictyaml.Options{})
	}
	return hints, problems.Err()
}

// checkLanguage returns an error for a language that no example has.
func checkLanguage(language string) error {
	if language == "" || slices.Contains(Languages(), language) {
		return nil
	}
	return fmt.Errorf("%w: language %q: want one of %s", ErrConsumer, language, strings.Join(Languages(), ", "))
}

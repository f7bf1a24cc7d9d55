package handlers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// ErrLanguage: there are no programs in a language of that name.
var ErrLanguage = errors.New("unknown language")

// Language is one that there are programs in.
type Language struct {
	Name  string // go, node, php, python
	Title string // Go, Node, PHP, Python
	File  string // what the program is called when it is written to a file
	// Run are the words that run the file on port 3000; it takes the secret from the variable WEBHOOK_SECRET.
	Run []string
}

// Languages are all there are, by name.
func Languages() []Language {
	return []Language{
		{"go", "Go", "handler.go", []string{"go", "run", "handler.go"}},
		{"node", "Node", "handler.mjs", []string{"node", "handler.mjs"}},
		{"php", "PHP", "handler.php", []string{"php", "-S", "127.0.0.1:3000", "handler.php"}},
		{"python", "Python", "handler.py", []string{"python3", "handler.py"}},
	}
}

// FindLanguage returns the language of that name. The error wraps ErrLanguage and says what there is.
func FindLanguage(name string) (Language, error) {
	all := Languages()
	i := slices.IndexFunc(all, func(l Language) bool { return l.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	known := strings.Join(names, ", ")
	// What the languages are called elsewhere.
	other := map[string]string{"golang": "go", "js": "node", "javascript": "node", "nodejs": "node", "typescript": "node", "ts": "node", "py": "python", "python3": "python"}
	meant := other[strings.ToLower(name)]
	if meant == "" {
		meant = strictyaml.Nearest(strings.ToLower(name), names)
	}
	if meant != "" {
		return Language{}, fmt.Errorf("%w %q: want one of %s; did you mean %q?", ErrLanguage, name, known, meant)
	}
	return Language{}, fmt.Errorf("%w %q: want one of %s; the signature block of the system says what another one has to do", ErrLanguage, name, known)
}

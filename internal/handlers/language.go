package handlers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// ErrLanguage means that there are no programs in a language with that name.
var ErrLanguage = errors.New("unknown language")

// Language is a programming language that has programs.
type Language struct {
	Name  string // go, node, php, python
	Title string // Go, Node, PHP, Python
	File  string // the file name of the program
	// Run is the command that runs the file on port 3000. The program reads the secret from the
	// environment variable WEBHOOK_SECRET.
	Run []string
}

// Languages returns all languages, sorted by name.
func Languages() []Language {
	return []Language{
		{"go", "Go", "handler.go", []string{"go", "run", "handler.go"}},
		{"node", "Node", "handler.mjs", []string{"node", "handler.mjs"}},
		{"php", "PHP", "handler.php", []string{"php", "-S", "127.0.0.1:3000", "handler.php"}},
		{"python", "Python", "handler.py", []string{"python3", "handler.py"}},
	}
}

// FindLanguage returns the language with that name. The error wraps ErrLanguage and lists the
// names.
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
	// These are other names of the languages.
	other := map[string]string{"golang": "go", "js": "node", "javascript": "node", "nodejs": "node", "typescript": "node", "ts": "node", "py": "python", "python3": "python"}
	suggestion := other[strings.ToLower(name)]
	if suggestion == "" {
		suggestion = strictyaml.Nearest(strings.ToLower(name), names)
	}
	if suggestion != "" {
		return Language{}, fmt.Errorf("%w %q: want one of %s; did you mean %q?", ErrLanguage, name, known, suggestion)
	}
	return Language{}, fmt.Errorf("%w %q: want one of %s; the signature block of the system describes what a handler has to do", ErrLanguage, name, known)
}

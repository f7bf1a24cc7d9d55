package exam

import (
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/redact"
)

// command returns the command that repeats the check. Secrets are variables.
func (g *grading) command() string {
	c := &g.consumer
	url := shellWord(c.URL)
	if redact.URL(c.URL) != c.URL {
		url = `"$HOOKRIG_URL"`
	}
	words := []string{"hookrig", "check", url, g.provider.Name}
	if c.Secret != "" {
		words = append(words, "--secret", `"$HOOKRIG_SECRET"`)
	}
	words = append(words, "--only", g.check.ID, "--seed", strconv.FormatUint(g.seed, 10))
	return strings.Join(append(words, c.Repeat...), " ")
}

// shellWord quotes a word for a shell if necessary.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

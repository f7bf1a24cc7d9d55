package consumers

import (
	"fmt"
	"net/http"
	"slices"
)

// Mistake is one thing that consumers do wrong.
type Mistake struct {
	// Name is the value of --mistake.
	Name string
	// Text says what the consumer does.
	Text string
	// Checks are the numbers of the checks of consumers that have to find it.
	Checks []int
	// Providers are those it is possible with; empty means all.
	Providers []string
	// make changes a right consumer.
	make func(c *Consumer)
}

// For reports whether the mistake is possible with a provider.
func (m Mistake) For(provider string) bool {
	return len(m.Providers) == 0 || slices.Contains(m.Providers, provider)
}

func findMistake(name string) (Mistake, error) {
	for _, m := range Mistakes() {
		if m.Name == name {
			return m, nil
		}
	}
	return Mistake{}, fmt.Errorf("unknown mistake %q: --mistakes lists all", name)
}

// Mistakes returns all mistakes.
func Mistakes() []Mistake {
	return []Mistake{
		{
			Name: "no-verification", Text: "It accepts every request, whoever sends it.", Checks: []int{4, 5, 6, 7, 8},
			make: func(c *Consumer) { c.do.verify = func(*http.Request, []byte) bool { return true } },
		},
	}
}

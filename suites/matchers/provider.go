package matchers

import (
	"fmt"

	"github.com/hookrig/hookrig/fixtures"
)

// providerOf reads an argument: the name of a built-in provider, or a provider that the test
// loaded.
func providerOf(matcher string, provider any) (*fixtures.Provider, error) {
	switch p := provider.(type) {
	case string:
		known, err := fixtures.Builtin().Provider(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", matcher, err)
		}
		return known, nil
	case *fixtures.Provider:
		if p != nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s wants the name of a provider or a *fixtures.Provider, got %s", matcher, typeOf(provider))
}

// nameOfProvider is the name of a provider in the texts of a matcher.
func nameOfProvider(provider any) string {
	if p, ok := provider.(*fixtures.Provider); ok && p != nil {
		return p.Name
	}
	if name, ok := provider.(string); ok {
		return name
	}
	return typeOf(provider)
}

package outbound_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// TestConcurrentUse checks that many goroutines can use one provider. It is here and not in package
// fixtures because the race detector runs here, and because the vendors' libraries that the tests
// of fixtures use take long to compile for it.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Render(fixtures.Draw{Seed: 3}, "Pass:Installed", fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := p.Render(fixtures.Draw{Seed: 3}, "Pass:Installed", fixtures.RenderOptions{})
			if err != nil || !bytes.Equal(got.Body, want.Body) || p.Validate("Pass:Installed", got.Body) != nil {
				t.Errorf("%v: %s", err, got.Body)
			}
			if _, err := p.Journey(fixtures.Draw{Seed: 3}, "pass", nil, fixtures.RenderOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

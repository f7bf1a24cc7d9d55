package conformance

import (
	"context"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// Another function is the same consumer, started again; another value is another consumer.
func TestSame(t *testing.T) {
	t.Parallel()
	count := func(n int) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { return n, nil }
	}
	shop := Consumer{URL: "http://127.0.0.1:1/hooks", Secret: "S", EffectFunc: count(1), Skip: map[string]string{"order-reversed": "why"}}
	for name, row := range map[string]struct {
		change func(*Consumer)
		want   bool
	}{
		"nothing":          {func(*Consumer) {}, true},
		"another function": {func(c *Consumer) { c.EffectFunc = count(2) }, true},
		"equal reasons":    {func(c *Consumer) { c.Skip = map[string]string{"order-reversed": "why"} }, true},
		"no function":      {func(c *Consumer) { c.EffectFunc = nil }, false},
		"a restart":        {func(c *Consumer) { c.Restart = func(context.Context) error { return nil } }, false},
		"an old secret":    {func(c *Consumer) { c.OldSecret = "old" }, false},
		"another reason":   {func(c *Consumer) { c.Skip = map[string]string{"order-reversed": "why not"} }, false},
		"a known failure":  {func(c *Consumer) { c.Known = map[string]string{"order-reversed": "ticket 7"} }, false},
		"strict":           {func(c *Consumer) { c.Strict = true }, false},
		"other providers":  {func(c *Consumer) { c.Catalogue = fixtures.Builtin() }, false},
	} {
		other := shop
		row.change(&other)
		if got := same(shop, other); got != row.want {
			t.Errorf("%s: the same is %t", name, got)
		}
	}
}

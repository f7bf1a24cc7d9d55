package jq_test

import (
	"encoding/json"
	"testing"

	"github.com/itchyny/gojq"

	"github.com/hookrig/hookrig/internal/jq"
)

// BenchmarkCondition compares a typical condition with the same one in gojq.
func BenchmarkCondition(b *testing.B) {
	for _, text := range []string{
		`.method == "POST" and .body.id == 7`, `.body.items | length > 1`, `.headers["content-type"][0] | test("json")`, `any(.body.items[]; .price * 2 > 10)`,
	} {
		input := map[string]any{
			"method": "POST", "headers": map[string]any{"content-type": []any{"application/json"}},
			"body": map[string]any{"id": json.Number("7"), "items": []any{map[string]any{"price": json.Number("3")}, map[string]any{"price": json.Number("6")}}},
		}
		query, err := jq.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("bounded/"+text, func(b *testing.B) {
			program, err := jq.Compile(query, jq.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := program.Run(b.Context(), input, func(v any) bool { return v != true }); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("gojq/"+text, func(b *testing.B) {
			code, err := gojq.Compile(query)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if v, ok := code.RunWithContext(b.Context(), input).Next(); !ok || v != true {
					b.Fatal(v)
				}
			}
		})
	}
}

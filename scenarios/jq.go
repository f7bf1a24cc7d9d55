package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/itchyny/gojq"
)

// clip shortens what is quoted in a message.
func clip(text string) string { return clipped(text, 80) }

// clipped is the beginning of a text, at most so many runes of it.
func clipped(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// jqLimit bounds one evaluation: a condition is a few comparisons, never a computation.
const jqLimit = 500 * time.Millisecond

// compileJQ compiles a condition; it sees no environment and no file.
func compileJQ(text string) (*gojq.Code, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("jq condition %q: %w", clip(text), err)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, fmt.Errorf("jq condition %q: %w", clip(text), err)
	}
	return code, nil
}

// first evaluates a jq program and returns its first result.
func first(ctx context.Context, text string, v any) (any, error) {
	code, err := compileJQ(text)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, jqLimit)
	defer cancel()
	out, ok := code.RunWithContext(ctx, v).Next()
	if !ok {
		return nil, nil
	}
	if err, failed := out.(error); failed {
		return nil, fmt.Errorf("jq %q: %w", clip(text), err)
	}
	return out, nil
}

// parsed is JSON as jq takes it, numbers exact; what is not JSON is text.
func parsed(body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		return string(body)
	}
	return v
}

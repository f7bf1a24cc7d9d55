package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/jq"
)

// compileJQ compiles a jq program with the default limits. It can read neither environment nor
// files.
func compileJQ(text string) (*jq.Program, error) {
	query, err := jq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("jq condition %q: %w", clip.Text(text, 80), err)
	}
	program, err := jq.Compile(query, jq.Limits{})
	if err != nil {
		return nil, fmt.Errorf("jq condition %q: %w", clip.Text(text, 80), err)
	}
	return program, nil
}

// first runs a jq program and returns its first result.
func first(ctx context.Context, text string, v any) (any, error) {
	program, err := compileJQ(text)
	if err != nil {
		return nil, err
	}
	var out any
	err = program.Run(ctx, v, func(result any) bool {
		out = result
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("jq %q: %w", clip.Text(text, 80), err)
	}
	return out, nil
}

// parsed decodes JSON for jq, with exact numbers. It returns other content as a string.
func parsed(body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		return string(body)
	}
	return v
}

package scenarios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"
)

// Programs returns the names of the effects that run programs, sorted.
func (s *Scenario) Programs() []string {
	var names []string
	for name, e := range s.Effects {
		if len(e.Exec) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func execute(ctx context.Context, command []string) (any, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = &limited{to: &out, left: maxOutput}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", command[0], errors.Join(err, ctx.Err()))
	}
	return map[string]any{"status": cmd.ProcessState.ExitCode(), "headers": map[string]any{}, "body": parsed(bytes.TrimSpace(out.Bytes()))}, nil
}

// limited writes the first bytes to a buffer and discards the rest.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	first := b[:min(len(b), l.left)]
	l.left -= len(first)
	l.to.Write(first)
	return len(b), nil
}

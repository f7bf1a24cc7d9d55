package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// restartLimit is how long a consumer may take to listen again.
const restartLimit = 30 * time.Second

// restarter returns a function that runs a command, and then waits until something listens at the
// consumer's URL.
func restarter(command, to string) (func(context.Context) error, error) {
	words, err := exam.SplitCommand(command)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, restartLimit)
		defer cancel()
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.WaitDelay = time.Second
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("--restart: %s: %w: %s", words[0], err, clip.Text(strings.TrimSpace(out.String()), 200))
		}
		return awaitListener(ctx, address)
	}, nil
}

// awaitListener waits until something listens at an address.
func awaitListener(ctx context.Context, address string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("--restart: nothing listens at %s within %v: %w", address, restartLimit, err)
		case <-tick.C:
		}
	}
}

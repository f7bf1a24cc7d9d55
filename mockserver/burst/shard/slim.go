//go:build slim

package shard

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/burst"
)

// Run returns ErrSlim.
func Run(context.Context, string, burst.Plan, Options, func(burst.Progress)) (*burst.Report, error) {
	return nil, ErrSlim
}

// Work returns ErrSlim.
func Work(context.Context, string, WorkOptions) error { return ErrSlim }

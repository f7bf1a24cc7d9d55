package scenarios

import (
	"context"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// broken is a server's client with calls that go wrong; what is nil goes through.
type broken struct {
	mockserver.Client
	emit    func() error
	bins    func([]mockserver.BinSummary) []mockserver.BinSummary
	advance func() error
	clock   func() (mockserver.Clock, error)
	wait    func(mockserver.Waited) mockserver.Waited
	// captures alters what a bin is said to hold.
	captures func([]mockserver.Capture) []mockserver.Capture
}

func (b *broken) Captures(ctx context.Context, q mockserver.Query) ([]mockserver.Capture, error) {
	list, err := b.Client.Captures(ctx, q)
	if b.captures != nil && q.Oldest {
		list = b.captures(list)
	}
	return list, err
}

func (b *broken) Emit(ctx context.Context, name string, e ...mockserver.Emission) ([]mockserver.Delivery, error) {
	if b.emit != nil {
		if err := b.emit(); err != nil {
			return nil, err
		}
	}
	return b.Client.Emit(ctx, name, e...)
}

func (b *broken) Bins(ctx context.Context) ([]mockserver.BinSummary, error) {
	list, err := b.Client.Bins(ctx)
	if b.bins != nil {
		list = b.bins(list)
	}
	return list, err
}

func (b *broken) AdvanceRun(ctx context.Context, id string, by time.Duration) (mockserver.Clock, error) {
	if b.advance != nil {
		if err := b.advance(); err != nil {
			return mockserver.Clock{}, err
		}
	}
	return b.Client.AdvanceRun(ctx, id, by)
}

func (b *broken) Clock(ctx context.Context) (mockserver.Clock, error) {
	if b.clock != nil {
		return b.clock()
	}
	return b.Client.Clock(ctx)
}

func (b *broken) Wait(ctx context.Context, bin string, w mockserver.Wait) (mockserver.Waited, error) {
	waited, err := b.Client.Wait(ctx, bin, w)
	if b.wait != nil {
		waited = b.wait(waited)
	}
	return waited, err
}

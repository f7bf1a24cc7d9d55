package mockserver

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// local is the transport to a server in this process. It calls the parts directly.
type local struct{ s *Server }

func (*local) Close() error { return nil }

func (l *local) BinURL(bin string) string { return l.s.capture.URL() + "/" + bin }

func (l *local) Register(ctx context.Context, e Endpoint) (Endpoint, error) {
	p, err := l.s.catalogue.Provider(e.Provider)
	if err != nil {
		return e, err
	}
	if err := delivery.CheckPatterns(p, e.Events); err != nil {
		return e, err
	}
	return l.s.dispatcher.Register(ctx, e)
}

func (l *local) Remove(ctx context.Context, provider, endpoint string) error {
	e, err := l.s.dispatcher.Endpoint(ctx, endpoint)
	if err != nil {
		return err
	}
	if e.Provider != provider {
		return fmt.Errorf("endpoint %q of %s: %w: it belongs to %s", endpoint, provider, journal.ErrNotFound, e.Provider)
	}
	return l.s.dispatcher.Remove(ctx, endpoint)
}

func (l *local) Endpoints(ctx context.Context, provider string) ([]Endpoint, error) {
	if provider != "" {
		if _, err := l.s.catalogue.Provider(provider); err != nil {
			return nil, err
		}
	}
	return l.s.dispatcher.Endpoints(ctx, provider)
}

func (l *local) Emit(ctx context.Context, name string, e ...Emission) ([]Delivery, error) {
	switch len(e) {
	case 0:
		return nil, fmt.Errorf("%w: no event to emit", delivery.ErrInvalid)
	case 1:
		return l.s.dispatcher.Emit(ctx, name, e[0])
	default:
		return l.s.dispatcher.EmitAll(ctx, name, e)
	}
}

func (l *local) Delivery(ctx context.Context, id string) (Delivery, error) {
	return l.s.store.Delivery(ctx, id)
}

func (l *local) Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error) {
	return l.s.store.Deliveries(ctx, q)
}

func (l *local) Redeliver(ctx context.Context, id string) (Delivery, error) {
	return l.s.dispatcher.Redeliver(ctx, id)
}

func (l *local) Notices(ctx context.Context, provider string) ([]Notice, error) {
	if provider != "" {
		if _, err := l.s.catalogue.Provider(provider); err != nil {
			return nil, err
		}
	}
	return l.s.dispatcher.Notices(ctx, provider)
}

func (l *local) Clock(_ context.Context, run string) (Clock, error) {
	if run != "" {
		return l.s.dispatcher.RunClock(run)
	}
	return l.s.dispatcher.Clock(), nil
}

func (l *local) Advance(ctx context.Context, run string, by time.Duration) (Clock, error) {
	if run != "" {
		return l.s.dispatcher.AdvanceRun(ctx, run, by)
	}
	return l.s.dispatcher.Advance(ctx, by)
}

func (l *local) WaitIdle(ctx context.Context, run string) error {
	if run != "" {
		return l.s.dispatcher.WaitIdleRun(ctx, run)
	}
	return l.s.dispatcher.WaitIdle(ctx)
}

func (l *local) BeginRun(ctx context.Context, o RunOptions) (string, error) {
	return l.s.dispatcher.BeginRun(ctx, o)
}

func (l *local) EndRun(ctx context.Context, run string) error {
	return l.s.dispatcher.EndRun(ctx, run)
}

func (l *local) Configure(ctx context.Context, bin string, set Settings) error {
	return l.s.capture.Configure(ctx, bin, set)
}

func (l *local) Change(ctx context.Context, bin string, c SettingsChange) (Settings, error) {
	return l.s.capture.Change(ctx, bin, c)
}

func (l *local) Settings(ctx context.Context, bin string) (Settings, error) {
	return l.s.capture.Settings(ctx, bin)
}

func (l *local) Bins(ctx context.Context) ([]BinSummary, error) { return l.s.store.Bins(ctx) }

func (l *local) Stats(ctx context.Context, bin string) (BinStats, error) {
	return l.s.capture.BinStats(ctx, bin)
}

func (l *local) Sender(ctx context.Context, bin string) (Sender, error) {
	return l.s.capture.Sender(ctx, bin)
}

func (l *local) Captures(ctx context.Context, q Query) ([]Capture, error) {
	return l.s.capture.Captures(ctx, q)
}

func (l *local) Capture(ctx context.Context, id string) (Capture, error) {
	return l.s.store.Capture(ctx, id)
}

func (l *local) Digests(ctx context.Context, bin string, after uint64) ([]Digest, bool, error) {
	return l.s.capture.Digests(ctx, bin, after)
}

func (l *local) Wait(ctx context.Context, bin string, w Wait) (Waited, error) {
	return l.s.capture.Wait(ctx, bin, w)
}

func (l *local) Nodes(ctx context.Context) ([]Node, error) { return l.s.Nodes(ctx) }

func (l *local) ClearBin(ctx context.Context, bin string) (int, error) {
	return l.s.store.ClearBin(ctx, bin)
}

func (l *local) Export(ctx context.Context, q Query, format FileFormat, keepSecrets bool, w io.Writer) error {
	return l.s.capture.Export(ctx, q, format, w, export.Options{KeepSecrets: keepSecrets})
}

func (l *local) Import(ctx context.Context, bin string, format FileFormat, file io.Reader) (Imported, error) {
	return l.s.capture.Import(ctx, bin, format, file)
}

func (l *local) DeleteCaptures(ctx context.Context, q Query) (int, error) {
	return l.s.capture.Delete(ctx, q)
}

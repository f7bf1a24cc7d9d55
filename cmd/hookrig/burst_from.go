package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// recordedFlags are the flags of burst for recorded requests.
type recordedFlags struct {
	from                  string
	keepPath, skipInvalid bool
}

// checkFrom returns an error for flags that cannot be combined.
func (b *burstFlags) checkFrom(args []string) error {
	switch {
	case b.from == "" && len(args) == 0:
		return misusef("no provider: name one, as in hookrig burst neostore --to URL, or send recorded requests with --from")
	case b.from == "" && (b.keepPath || b.skipInvalid):
		return misusef("--keep-path and --skip-invalid need recorded requests: add --from")
	case b.from == "":
		return nil
	case len(b.events)+len(b.journeys)+len(b.faults) > 0 || b.tenant != "" || b.population > 0:
		return misusef("--events, --journeys, --population, --fault and --tenant cannot be combined with --from, which sends recorded requests")
	case len(args) > 1:
		return misusef("--from sends recorded requests: want one provider at most, to sign them again")
	case len(args) == 0 && len(b.secrets) > 0:
		return misusef("--secret signs the recorded requests again: name the provider, as in hookrig burst neostore --from %s", b.from)
	}
	return nil
}

// record reads the requests of --from. With a provider and --secret, each is signed again.
func (b *burstFlags) record(ctx context.Context, w World) error {
	var p *fixtures.Provider
	secret := ""
	if len(b.plan.Parts) > 0 {
		p, secret = b.plan.Parts[0].Provider, b.plan.Parts[0].Secret
		if !b.given(p.Name) {
			secret = ""
		}
		b.plan.Parts = nil
	}
	change := &mockserver.ReplayChange{KeepPath: b.keepPath}
	how := "as recorded"
	switch {
	case p == nil:
	case secret == "":
		how = fmt.Sprintf("as recorded; with --secret each is signed again with the scheme of %s", p.Name)
	default:
		if err := canCheck(p); err != nil {
			return err
		}
		how = "each signed again with the scheme of " + p.Name
		change.Resign = &mockserver.ReplayResign{Provider: p, Secrets: []string{secret}}
	}
	captures, done, err := b.recorded(ctx, w, change)
	if err != nil {
		return err
	}
	defer done()
	b.plan.Recording, err = burst.NewRecording(captures, b.plan.URLs[0], *change)
	switch {
	case errors.Is(err, burst.ErrPlan) || errors.Is(err, mockserver.ErrReplay):
		return misusef("--from %s: %w", b.from, err)
	case err != nil:
		return inconclusive(fmt.Errorf("--from %s: %w", b.from, err))
	}
	w.Stderr.Printf("%s of %s, %s\n", countOf(uint64(b.plan.Recording.Len()), "request"), b.from, how)
	return nil
}

// recorded returns the captures of --from: those of the file with this name, or otherwise those of
// the bin.
func (b *burstFlags) recorded(ctx context.Context, w World, change *mockserver.ReplayChange) (captures iter.Seq2[mockserver.Capture, error], done func(), err error) {
	if b.from != "-" {
		if _, err := os.Stat(b.from); errors.Is(err, fs.ErrNotExist) {
			captures, err := b.recordedIn(ctx, w, change)
			return captures, func() {}, err
		}
	}
	file, err := openCaptures(w, b.from)
	if err != nil {
		return nil, nil, err
	}
	_, err = file.check(w, b.skipInvalid, func(c *mockserver.Capture) ([]string, error) {
		_, notes, err := change.Apply(c.Message, b.plan.URLs[0], c.At, time.Now())
		return notes, err
	})
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file.sendable(w, change, b.plan.URLs[0]), func() { file.Close() }, nil
}

// recordedIn returns the captures of the bin of --from.
func (b *burstFlags) recordedIn(ctx context.Context, w World, change *mockserver.ReplayChange) (iter.Seq2[mockserver.Capture, error], error) {
	server := b.server
	if server == "" {
		if target, err := url.Parse(b.plan.URLs[0]); err == nil {
			server = askForDashboard(ctx, target, b.plan.Trust)
		}
	}
	if server == "" {
		return nil, misusef("--from %q: no such file; if this is a bin of a running server, set its dashboard with --server URL", b.from)
	}
	client, err := dialServer(server, b.token, b.plan.Trust)
	if err != nil {
		return nil, err
	}
	bin := &burstBin{name: b.from, client: client}
	if bin.before, err = bin.now(ctx); err != nil {
		return nil, inconclusive(fmt.Errorf("read bin %[2]q of the server at %[1]s: %[3]w", server, b.from, err))
	}
	if bin.before.Count == 0 {
		return nil, misusef("--from %q: no such file, and the server at %s has no requests in a bin with this name", b.from, server)
	}
	return func(yield func(mockserver.Capture, error) bool) {
		for c, err := range allOf(ctx, client, b.from, 0) {
			if err == nil {
				_, notes, wrong := change.Apply(c.Message, b.plan.URLs[0], c.At, time.Now())
				if wrong != nil && b.skipInvalid {
					w.Stderr.Printf("%s: %s: skipped\n", c.ID, wrong)
					continue
				}
				if wrong != nil {
					err = fmt.Errorf("%s: %w: --skip-invalid skips it", c.ID, wrong)
				}
				for _, note := range notes {
					w.Stderr.Printf("%s: %s\n", c.ID, note)
				}
			}
			if !yield(c, err) {
				return
			}
		}
	}, nil
}

// allOf yields the captures of a bin after a sequence number, oldest first.
func allOf(ctx context.Context, client *mockserver.Client, bin string, after uint64) iter.Seq2[mockserver.Capture, error] {
	return func(yield func(mockserver.Capture, error) bool) {
		query := mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, After: after, Limit: mockserver.MaxLimit, Oldest: true}}
		for {
			page, err := client.Captures(ctx, query)
			if err != nil {
				yield(mockserver.Capture{}, err)
				return
			}
			for _, c := range page {
				if !yield(c, nil) {
					return
				}
				query.After = c.Seq
			}
			if len(page) < mockserver.MaxLimit {
				return
			}
		}
	}
}

package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// notices numbers the notices and keeps the newest. The zero notices is empty.
type notices struct {
	mu   sync.Mutex
	last uint64
}

func noticeKey(seq uint64) string { return fmt.Sprintf("%016x", seq) }

// add stores a notice.
func (l *notices) add(ctx context.Context, store journal.Store, n Notice) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.put(ctx, store, &n); err != nil {
		return fmt.Errorf("store a notice: %w", err)
	}
	l.last = n.Seq
	if n.Seq > mostNotices {
		if err := store.Delete(ctx, noticeKind, noticeKey(n.Seq-mostNotices)); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return fmt.Errorf("delete an old notice: %w", err)
		}
	}
	return nil
}

// put stores a notice with the next number. Another server may have taken numbers meanwhile.
func (l *notices) put(ctx context.Context, store journal.Store, n *Notice) error {
	for {
		n.Seq = l.last + 1
		doc, err := json.Marshal(n)
		if err != nil {
			return err
		}
		shared, ok := store.(journal.Shared)
		if !ok {
			return store.Put(ctx, noticeKind, noticeKey(n.Seq), doc)
		}
		if err = shared.Swap(ctx, noticeKind, noticeKey(n.Seq), nil, doc); !errors.Is(err, journal.ErrChanged) {
			return err
		}
		if err := l.load(ctx, store); err != nil {
			return err
		}
	}
}

// load finds the number of the last notice of an earlier process.
func (l *notices) load(ctx context.Context, store journal.Store) error {
	list, err := listNotices(ctx, store)
	if err == nil && len(list) > 0 {
		l.last = list[0].Seq
	}
	return err
}

// listNotices returns all notices, newest first.
func listNotices(ctx context.Context, store journal.Store) ([]Notice, error) {
	documents, err := store.List(ctx, noticeKind)
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	list := make([]Notice, len(documents))
	for i, doc := range documents {
		if err := json.Unmarshal(doc.Doc, &list[i]); err != nil {
			return nil, fmt.Errorf("notice %q: %w", doc.Key, err)
		}
	}
	slices.Reverse(list)
	return list, nil
}

// Notices returns what delivery policies did to the endpoints of a provider ("" is all), newest
// first. The newest 1000 of all are kept.
func (d *Dispatcher) Notices(ctx context.Context, provider string) ([]Notice, error) {
	list, err := listNotices(ctx, d.store)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(n Notice) bool { return provider != "" && n.Provider != provider }), nil
}

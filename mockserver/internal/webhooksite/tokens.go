package webhooksite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Bounds of all tokens together.
const (
	maxTokens       = 10_000
	maxTotalContent = 64 << 20 // bytes of default_content
)

// documents is the kind of the documents of tokens; their keys are the UUIDs.
const documents = "token"

// tokens are all tokens. The zero tokens is empty.
type tokens struct {
	writing sync.Mutex // locked during a change in the store and here
	mu      sync.RWMutex
	byID    map[string]*token
	byAlias map[string]*token
}

// restore loads the tokens of the store.
func (t *tokens) restore(ctx context.Context, store journal.Store) error {
	kept, err := store.List(ctx, documents)
	if err != nil {
		return err
	}
	for _, d := range kept {
		one := &token{}
		if err := json.Unmarshal(d.Doc, one); err != nil {
			return fmt.Errorf("token %s: %w", d.Key, err)
		}
		t.set(one)
	}
	return nil
}

// get returns the token of a UUID, expired or not; nil when there is none.
func (t *tokens) get(id string) *token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byID[id]
}

// find returns the token of a UUID or an alias.
func (t *tokens) find(name string) *token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if one := t.byID[name]; one != nil {
		return one
	}
	return t.byAlias[name]
}

// all returns every token, in any order.
func (t *tokens) all() []*token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := make([]*token, 0, len(t.byID))
	for _, one := range t.byID {
		list = append(list, one)
	}
	return list
}

// set adds a token, or replaces the one of its UUID.
func (t *tokens) set(one *token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID, t.byAlias = map[string]*token{}, map[string]*token{}
	}
	t.freeAlias(t.byID[one.UUID])
	t.byID[one.UUID] = one
	if one.Alias != nil {
		t.byAlias[*one.Alias] = one
	}
}

func (t *tokens) remove(one *token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, one.UUID)
	t.freeAlias(one)
}

// freeAlias frees a token's alias, unless another one has it now. The caller has the lock.
func (t *tokens) freeAlias(of *token) {
	if of != nil && of.Alias != nil && t.byAlias[*of.Alias] == of {
		delete(t.byAlias, *of.Alias)
	}
}

// change replaces a token, or makes a new one, by the result of next. before is nil for a new one.
func (s *API) change(ctx context.Context, id string, next func(before *token) (*token, error)) (*token, error) {
	s.tokens.writing.Lock()
	defer s.tokens.writing.Unlock()
	before := s.tokens.get(id)
	if id != "" && (before == nil || before.expired(s.o.Now())) {
		return nil, notFound(id)
	}
	after, err := next(before)
	if err != nil {
		return nil, err
	}
	if err := s.checkRoom(ctx, before, after); err != nil {
		return nil, err
	}
	if err := s.checkAlias(ctx, before, after); err != nil {
		return nil, err
	}
	doc, err := json.Marshal(after)
	if err != nil {
		return nil, err
	}
	if err := s.o.Store.Put(ctx, documents, after.UUID, doc); err != nil {
		return nil, fmt.Errorf("token %s: keep it: %w", after.UUID, err)
	}
	s.tokens.set(after)
	return after, nil
}

// notFound returns the error for an unknown token.
func notFound(id string) error {
	return fail(http.StatusGone, "token %s: there is none, or not any more; POST /token makes one", clip.Quote(id))
}

// checkRoom checks the bounds of all tokens. Expired tokens are deleted first.
func (s *API) checkRoom(ctx context.Context, before, after *token) error {
	list := s.tokens.all()
	if before == nil && len(list) >= maxTokens {
		for _, one := range list {
			if one.cleared {
				if err := s.forget(ctx, one); err != nil {
					return err
				}
			}
		}
		if list = s.tokens.all(); len(list) >= maxTokens {
			return fail(http.StatusTooManyRequests, "there are %d tokens, and that is the most: delete some", len(list))
		}
	}
	content := len(after.DefaultContent)
	for _, one := range list {
		if one != before {
			content += len(one.DefaultContent)
		}
	}
	if content > maxTotalContent {
		return fail(http.StatusInsufficientStorage, "the default_content of all tokens would have %d bytes: want at most %d", content, maxTotalContent)
	}
	return nil
}

// checkAlias refuses an alias that is another token's name, or that of a bin with requests.
func (s *API) checkAlias(ctx context.Context, before, after *token) error {
	if after.Alias == nil || before != nil && before.Alias != nil && *before.Alias == *after.Alias {
		return nil
	}
	if s.tokens.find(*after.Alias) != nil {
		return invalid("alias %s: another token has it", clip.Quote(*after.Alias))
	}
	b, err := s.bin(ctx, *after.Alias)
	if err != nil {
		return err
	}
	if b.Count > 0 {
		return invalid("alias %s: a bin of that name holds %d requests; clear it first, or take another alias", clip.Quote(*after.Alias), b.Count)
	}
	return nil
}

// bin returns the store's record of a bin, or the zero Bin.
func (s *API) bin(ctx context.Context, name string) (journal.Bin, error) {
	bins, err := s.o.Store.Bins(ctx)
	if err != nil {
		return journal.Bin{}, err
	}
	for _, b := range bins {
		if b.Name == name {
			return b, nil
		}
	}
	return journal.Bin{}, nil
}

// delete deletes a token, its requests and their notes.
func (s *API) delete(ctx context.Context, t *token) error {
	s.tokens.writing.Lock()
	defer s.tokens.writing.Unlock()
	if err := s.clear(ctx, t); err != nil {
		return err
	}
	return s.forget(ctx, t)
}

// clear deletes a token's requests and their notes.
func (s *API) clear(ctx context.Context, t *token) error {
	if _, err := s.o.Store.ClearBin(ctx, t.UUID); err != nil {
		return err
	}
	return s.dropNotes(ctx, t.UUID)
}

func (s *API) forget(ctx context.Context, t *token) error {
	if err := s.o.Store.Delete(ctx, documents, t.UUID); err != nil && !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	if known := s.tokens.get(t.UUID); known != nil { // it may have been changed meanwhile
		s.tokens.remove(known)
	}
	return nil
}

// expire deletes the requests of expired tokens and frees their aliases. The tokens stay for some
// time, so that their addresses can answer 410.
func (s *API) expire(ctx context.Context, now time.Time) error {
	s.tokens.writing.Lock()
	defer s.tokens.writing.Unlock()
	for _, t := range s.tokens.all() {
		if t.cleared || !t.expired(now) {
			continue
		}
		if err := s.clear(ctx, t); err != nil {
			return err
		}
		after := *t
		after.cleared, after.Alias = true, nil
		s.tokens.set(&after)
	}
	return nil
}

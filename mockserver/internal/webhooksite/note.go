package webhooksite

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Bounds of notes.
const (
	maxNote  = 10_000 // characters
	maxNotes = 1000   // of a token
)

// notesOf returns the kind of the documents with the notes on a token's requests; their keys are
// the ids of the captures.
func notesOf(token string) string { return "note:" + token }

// setNote stores the note on a request, or deletes it when the text is empty.
func (s *API) setNote(w http.ResponseWriter, r *http.Request, t *token) error {
	ctx := r.Context()
	f, err := readFields(r)
	if err != nil {
		return err
	}
	if !f.has("note") {
		return invalid("want {\"note\": \"…\"}: nothing else of a request can be changed")
	}
	text := ""
	if f.text("note", utf8.UTFMax*maxNote, &text); utf8.RuneCountInString(text) > maxNote {
		f.wrong("note", "at most 10000 characters")
	}
	if f.err != nil {
		return f.err
	}
	c, err := s.capture(ctx, t, r.PathValue("rid"))
	if err != nil {
		return err
	}
	if text == "" {
		err = s.dropNotes(ctx, t.UUID, c.ID)
	} else {
		err = s.keepNote(ctx, t.UUID, c.ID, text)
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, newRequest(&c, text))
}

func (s *API) keepNote(ctx context.Context, token, id, text string) error {
	s.tokens.writing.Lock()
	defer s.tokens.writing.Unlock()
	if s.tokens.get(token) == nil {
		return notFound(token)
	}
	notes, err := s.notes(ctx, token)
	if err != nil {
		return err
	}
	if _, again := notes[id]; !again && len(notes) >= maxNotes {
		if err := s.dropOrphans(ctx, token, notes); err != nil {
			return err
		}
		if len(notes) >= maxNotes {
			return invalid("the token's requests have %d notes, and that is the most", len(notes))
		}
	}
	doc, err := json.Marshal(text)
	if err != nil {
		return err
	}
	return s.o.Store.Put(ctx, notesOf(token), id, doc)
}

// dropOrphans deletes the notes on requests that the bin no longer has.
func (s *API) dropOrphans(ctx context.Context, token string, notes map[string]string) error {
	for id := range notes {
		if _, err := s.o.Store.Capture(ctx, id); !errors.Is(err, journal.ErrNotFound) {
			if err != nil {
				return err
			}
			continue
		}
		if err := s.dropNotes(ctx, token, id); err != nil {
			return err
		}
		delete(notes, id)
	}
	return nil
}

// note returns the note on a request, or "".
func (s *API) note(ctx context.Context, t *token, id string) (string, error) {
	doc, err := s.o.Store.Get(ctx, notesOf(t.UUID), id)
	if errors.Is(err, journal.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var text string
	return text, json.Unmarshal(doc, &text)
}

// notes returns all notes on a token's requests.
func (s *API) notes(ctx context.Context, token string) (map[string]string, error) {
	kept, err := s.o.Store.List(ctx, notesOf(token))
	if err != nil {
		return nil, err
	}
	notes := make(map[string]string, len(kept))
	for _, d := range kept {
		var text string
		if err := json.Unmarshal(d.Doc, &text); err != nil {
			return nil, err
		}
		notes[d.Key] = text
	}
	return notes, nil
}

// dropNotes deletes the notes on these captures; without any, all of the token's.
func (s *API) dropNotes(ctx context.Context, token string, ids ...string) error {
	kept, err := s.o.Store.List(ctx, notesOf(token))
	if err != nil {
		return err
	}
	unwanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		unwanted[id] = true
	}
	kept = slices.DeleteFunc(kept, func(d journal.Document) bool { return len(ids) > 0 && !unwanted[d.Key] })
	for _, d := range kept {
		if err := s.o.Store.Delete(ctx, notesOf(token), d.Key); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
	}
	return nil
}

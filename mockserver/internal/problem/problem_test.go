package problem

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// exchange serves p and reads it from the response.
func exchange(t *testing.T, p *Problem) *Problem {
	t.Helper()
	w := httptest.NewRecorder()
	p.Write(w)
	r := w.Result()
	if got := r.Header.Get("Content-Type"); got != ContentType {
		t.Errorf("content type %q, want %q", got, ContentType)
	}
	return Read(r)
}

func TestEveryKind(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, k := range kinds() {
		if names[k.name] {
			t.Errorf("kind %s is listed twice", k.name)
		}
		names[k.name] = true
		sent := fmt.Errorf("endpoint %q: %w: look again", "ep_1", k.err)
		got := exchange(t, Of(sent))
		if got.Error() != sent.Error() {
			t.Errorf("%s: text %q, want %q", k.name, got, sent)
		}
		if got.Status != k.status || got.Type != "urn:hookrig:error:"+k.name {
			t.Errorf("%s: status %d, type %q", k.name, got.Status, got.Type)
		}
		wrapped := fmt.Errorf("call: %w", got)
		for _, other := range kinds() {
			if is := errors.Is(wrapped, other.err); is != (other.name == k.name) {
				t.Errorf("%s: errors.Is(%s) = %t", k.name, other.name, is)
			}
		}
	}
}

func TestErrorWithSeveralKinds(t *testing.T) {
	t.Parallel()
	sent := fmt.Errorf("%w: %w", delivery.ErrInvalid, fixtures.ErrUnknownEvent)
	got := exchange(t, Of(sent))
	if !errors.Is(got, delivery.ErrInvalid) || !errors.Is(got, fixtures.ErrUnknownEvent) || errors.Is(got, journal.ErrNotFound) {
		t.Errorf("kinds %v: want invalid and unknown-event", got.Kinds)
	}
}

func TestErrorWithoutKind(t *testing.T) {
	t.Parallel()
	got := exchange(t, Of(errors.New("the disk is on fire")))
	if got.Status != 500 || got.Error() != "the disk is on fire" || got.Type != "" {
		t.Errorf("got %+v, want a 500 with its text and no type", got)
	}
	for _, k := range kinds() {
		if errors.Is(got, k.err) {
			t.Errorf("it is also %v", k.err)
		}
	}
}

func TestProblemIsUnchanged(t *testing.T) {
	t.Parallel()
	p := New(http.StatusForbidden, "no")
	p.Errors = []Part{{Message: "too many", Location: "query.limit", Value: 2000}, {Message: "why"}}
	if got := Of(fmt.Errorf("call: %w", p)); got != p {
		t.Errorf("got %+v, want the same problem", got)
	}
	if got, want := exchange(t, p).Error(), "no: query.limit: too many; why"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestOtherResponses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{"<html>bad gateway", "status 502 Bad Gateway: <html>bad gateway"},
		{"", "status 502 Bad Gateway: no body"},
		{`{"status": 404, "detail": "of another response"}`, `status 502 Bad Gateway: {"status": 404, "detail": "of another response"}`},
	} {
		w := httptest.NewRecorder()
		w.WriteHeader(http.StatusBadGateway)
		w.WriteString(c.body)
		got := Read(w.Result())
		if got.Status != 502 || got.Error() != c.want {
			t.Errorf("%q: %d %q, want 502 %q", c.body, got.Status, got.Error(), c.want)
		}
	}
}

func TestValueThatIsNotJSON(t *testing.T) {
	t.Parallel()
	p := New(http.StatusBadRequest, "odd")
	p.Errors = []Part{{Message: "a channel", Value: make(chan int)}}
	if got := exchange(t, p).Error(); got != "odd: a channel" {
		t.Errorf("text %q", got)
	}
}

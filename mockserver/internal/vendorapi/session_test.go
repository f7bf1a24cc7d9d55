package vendorapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// browser is what one browser keeps of the cookies of an API.
type browser struct {
	sessions *vendorapi.Sessions
	cookies  []*http.Cookie
}

func (b *browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	return r
}

func (b *browser) begin(key string) *http.Cookie {
	w := httptest.NewRecorder()
	b.sessions.Begin(w, b.request(), key)
	set := w.Result().Cookies()
	b.cookies = append(b.cookies, set...)
	return set[0]
}

func (b *browser) has(keys ...string) bool {
	_, ok := b.sessions.Get(b.request(), func(key string) bool { return slices.Contains(keys, key) })
	return ok
}

func TestSessions(t *testing.T) {
	t.Parallel()
	s := &vendorapi.Sessions{Cookie: "session"}
	first, second := &browser{sessions: s}, &browser{sessions: s}
	c := first.begin("one")
	if c.Name != "session" || c.MaxAge != 0 || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	second.begin("two")
	if !first.has("one") || first.has("two") || !second.has("two") {
		t.Error("a session is for its own key only")
	}
	if first.has() {
		t.Error("a key that is not accepted any more opens a session")
	}
	mine, _ := s.Get(first.request(), func(string) bool { return true })
	other, _ := s.Get(second.request(), func(string) bool { return true })
	if !mine.Owns(mine.Token) || mine.Owns(other.Token) || mine.Owns("") {
		t.Error("a session owns its own forms only")
	}
	w := httptest.NewRecorder()
	s.End(w, first.request())
	if first.has("one") || !second.has("two") || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Error("End ends the session of its browser only")
	}
	if (&browser{sessions: s, cookies: []*http.Cookie{{Name: "session", Value: "made-up"}}}).has("one") {
		t.Error("a made-up cookie opens a session")
	}
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &browser{sessions: &vendorapi.Sessions{Cookie: "session", Lifetime: time.Hour}}
		if c := b.begin("one"); c.MaxAge != 3600 {
			t.Errorf("cookie %+v", c)
		}
		time.Sleep(time.Hour - time.Nanosecond)
		if !b.has("one") {
			t.Error("the session has ended early")
		}
		time.Sleep(time.Nanosecond)
		if b.has("one") {
			t.Error("the session has not ended")
		}
	})
}

func TestTheOldestSessionEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &vendorapi.Sessions{Cookie: "session"}
		first, second := &browser{sessions: s}, &browser{sessions: s}
		first.begin("one")
		time.Sleep(time.Second)
		second.begin("one")
		time.Sleep(time.Second)
		for range 999 {
			(&browser{sessions: s}).begin("one")
		}
		if first.has("one") || !second.has("one") {
			t.Error("of 1001 sessions the first has not ended, or the second has")
		}
	})
}

func TestPage(t *testing.T) {
	t.Parallel()
	list := []int{0, 1, 2, 3, 4}
	for _, c := range []struct {
		offset, limit int
		want          []int
	}{{0, 2, []int{0, 1}}, {4, 2, []int{4}}, {5, 2, nil}, {900, 2, nil}, {1, 0, nil}, {0, 900, list}} {
		if got := vendorapi.Page(list, c.offset, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("offset %d, limit %d: %v, want %v", c.offset, c.limit, got, c.want)
		}
	}
	q := url.Values{"n": {"7"}, "low": {"0"}, "high": {"11"}, "text": {"x"}, "long": {"99999999999999999999"}}
	for name, want := range map[string]bool{"n": true, "none": true, "low": false, "high": false, "text": false, "long": false} {
		n, ok := vendorapi.Number(q, name, 3, 1, 10)
		if ok != want || name == "n" && n != 7 || name == "none" && n != 3 {
			t.Errorf("%s: %d, %t", name, n, ok)
		}
	}
}

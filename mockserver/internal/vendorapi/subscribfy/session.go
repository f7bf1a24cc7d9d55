package subscribfy

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

const (
	sessionCookie = "subscribfy_session"
	sessionLife   = 12 * time.Hour
	maxSessions   = 1000
)

// session is a browser that has shown a store's key.
type session struct {
	key  string // of one store, which it opens as long as the key does
	form string // what every form of it carries, so that no other page can post one
	ends time.Time
}

// sessions holds those of all browsers; a restart ends them. The zero sessions is empty.
type sessions struct {
	mu    sync.Mutex
	named map[string]session
}

// begin makes a session and returns its name.
func (s *sessions) begin(key string) string {
	name := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.named == nil {
		s.named = map[string]session{}
	}
	now, oldest := time.Now(), ""
	for name, one := range s.named {
		if now.After(one.ends) {
			delete(s.named, name)
		} else if oldest == "" || one.ends.Before(s.named[oldest].ends) {
			oldest = name
		}
	}
	if len(s.named) >= maxSessions {
		delete(s.named, oldest)
	}
	s.named[name] = session{key: key, form: rand.Text(), ends: now.Add(sessionLife)}
	return name
}

func (s *sessions) end(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.named, name)
}

func (s *sessions) find(name string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, known := s.named[name]
	return one, known && time.Now().Before(one.ends)
}

// session is that of a request, if its key opens the store.
func (p *panel) session(r *http.Request, store string) (session, bool) {
	for _, cookie := range r.CookiesNamed(sessionCookie) { // on the dashboard and at the root there may be one each
		s, known := p.sessions.find(cookie.Value)
		if known && p.opens(store, s.key) {
			return s, true
		}
	}
	return session{}, false
}

// posts says whether a form is one of the session's.
func (s session) posts(form string) bool {
	return subtle.ConstantTimeCompare([]byte(form), []byte(s.form)) == 1
}

// signIn begins a session of a browser, and signOut ends it.
func (p *panel) signIn(w http.ResponseWriter, r *http.Request, key string) {
	http.SetCookie(w, cookie(r, p.sessions.begin(key), int(sessionLife/time.Second)))
}

func (p *panel) signOut(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.CookiesNamed(sessionCookie) {
		p.sessions.end(c.Value)
	}
	http.SetCookie(w, cookie(r, "", -1))
}

func cookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: vendorapi.Prefix(r) + "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}

package vendorapi

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// maxSessions bounds the sessions of one API; the oldest ends when there are more.
const maxSessions = 1000

// Sessions are the browsers that have shown the key of a tenant. They end with the server.
type Sessions struct {
	Cookie   string        // its name
	Lifetime time.Duration // of a session; 0 is until the browser ends

	mu   sync.Mutex
	byID map[string]Session
}

// Session is the session of one browser. It ends when the tenant no longer has the key.
type Session struct {
	Key     string
	Token   string // each form of the session carries it, so that no other site can post one
	created time.Time
}

// Owns says whether a form with that token belongs to the session.
func (s Session) Owns(token string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Token), []byte(token)) == 1
}

// Begin begins a session of the browser.
func (s *Sessions) Begin(w http.ResponseWriter, r *http.Request, key string) {
	now, id, oldest := time.Now(), rand.Text(), ""
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.byID {
		if s.expired(old, now) {
			delete(s.byID, id)
		} else if oldest == "" || old.created.Before(s.byID[oldest].created) {
			oldest = id
		}
	}
	if len(s.byID) >= maxSessions {
		delete(s.byID, oldest)
	}
	if s.byID == nil {
		s.byID = map[string]Session{}
	}
	s.byID[id] = Session{Key: key, Token: rand.Text(), created: now}
	s.setCookie(w, r, id, int(s.Lifetime/time.Second))
}

// Get returns the session of a request whose key is accepted. A browser may have one session below
// the dashboard and one at the root.
func (s *Sessions) Get(r *http.Request, accepts func(key string) bool) (Session, bool) {
	for _, cookie := range r.CookiesNamed(s.Cookie) {
		s.mu.Lock()
		session, known := s.byID[cookie.Value]
		s.mu.Unlock()
		if known && !s.expired(session, time.Now()) && accepts(session.Key) {
			return session, true
		}
	}
	return Session{}, false
}

func (s *Sessions) expired(session Session, now time.Time) bool {
	return s.Lifetime > 0 && now.Sub(session.created) >= s.Lifetime
}

// End ends the sessions of the browser.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cookie := range r.CookiesNamed(s.Cookie) {
		delete(s.byID, cookie.Value)
	}
	s.setCookie(w, r, "", -1)
}

func (s *Sessions) setCookie(w http.ResponseWriter, r *http.Request, id string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.Cookie, Value: id, Path: Prefix(r) + "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}

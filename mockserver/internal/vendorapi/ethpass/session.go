package ethpass

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

const (
	sessionCookie = "ethpass_session"
	maxSessions   = 1000
)

// session is a browser that has shown a project's key. It ends with the server, or when the key is taken from the project.
type session struct {
	key   string
	token string // that every form of the session carries
}

// sessions are those of all browsers. The zero sessions is empty.
type sessions struct {
	mu    sync.Mutex
	byID  map[string]session
	order []string // oldest first
}

// open starts a session; the oldest ends when there are too many.
func (s *sessions) open(key string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]session{}
	}
	if len(s.order) >= maxSessions {
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
	id = rand.Text()
	s.byID[id] = session{key, rand.Text()}
	s.order = append(s.order, id)
	return id
}

func (s *sessions) find(id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	return found, ok
}

// end ends a session.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
}

// carries says whether a form is of the session.
func (s session) carries(token string) bool {
	return subtle.ConstantTimeCompare([]byte(s.token), []byte(token)) == 1
}

// setCookie has the browser keep a session's id, or forget it with "".
func setCookie(w http.ResponseWriter, r *http.Request, id string) {
	cookie := &http.Cookie{
		Name: sessionCookie, Value: id, Path: vendorapi.Prefix(r) + "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
	if id == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

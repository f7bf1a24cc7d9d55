package webhooksite

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/clip"
)

// token is a URL of the API: a bin and its responses. It is stored as it is shown. A token is never
// changed but replaced.
type token struct {
	UUID     string  `json:"uuid"`
	Redirect bool    `json:"redirect"` // there are no redirects
	Alias    *string `json:"alias"`
	Actions  bool    `json:"actions"` // stored and shown: there are no actions
	CORS     bool    `json:"cors"`
	Expiry   *int    `json:"expiry"`  // seconds; nil is never
	Timeout  int     `json:"timeout"` // seconds before the answer
	// seconds that a request waits for somebody's response
	Listen             int     `json:"listen"`
	Premium            bool    `json:"premium"` // a feature of paid accounts, on here
	UserID             *int    `json:"user_id"`
	GroupID            *int    `json:"group_id"` // stored and shown
	IP                 string  `json:"ip"`
	UserAgent          *string `json:"user_agent"`
	DefaultContent     string  `json:"default_content"`
	DefaultStatus      int     `json:"default_status"`
	DefaultContentType string  `json:"default_content_type"`
	RequestLimit       *int    `json:"request_limit"` // nil: as many as in any bin
	Description        *string `json:"description"`
	PremiumExpiresAt   *stamp  `json:"premium_expires_at"`
	ExpiresAt          *stamp  `json:"expires_at"`
	CreatedAt          stamp   `json:"created_at"`
	UpdatedAt          stamp   `json:"updated_at"`

	cleared bool // it has expired, and its requests are deleted
}

// listedToken is a token in a list.
type listedToken struct {
	*token
	LatestRequestID *string `json:"latest_request_id"`
	LatestRequestAt *stamp  `json:"latest_request_at"`
	Requests        int     `json:"requests"`
}

// Bounds of a token.
const (
	maxContent   = 1 << 20 // bytes
	maxType      = 255     // bytes
	maxTimeout   = 30      // seconds
	maxListen    = 10      // seconds
	maxExpiry    = 604800  // seconds
	maxRequests  = 10_000
	largestGroup = 1 << 31
)

// newToken returns the token of a call without fields.
func newToken(r *http.Request, now time.Time) *token {
	t := &token{UUID: newUUID(), Premium: true, IP: hostOf(r.RemoteAddr), CreatedAt: stamp{now}}
	if agent := r.Header.Get("User-Agent"); agent != "" {
		t.UserAgent = &agent
	}
	t.reset()
	return t
}

// hostOf returns an address without its port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// reset gives the members of the open-source edition their default values.
func (t *token) reset() {
	t.DefaultStatus, t.DefaultContent, t.DefaultContentType, t.Timeout = http.StatusOK, "", "text/html", 0
}

// take sets the token's members from a call. What is left out stays.
func (t *token) take(f *fields, now time.Time) error {
	f.integer("default_status", 200, 599, &t.DefaultStatus)
	f.text("default_content", maxContent, &t.DefaultContent)
	f.text("default_content_type", maxType, &t.DefaultContentType)
	f.integer("timeout", 0, maxTimeout, &t.Timeout)
	f.integer("listen", 0, maxListen, &t.Listen)
	f.optional("request_limit", 0, maxRequests, &t.RequestLimit)
	f.optional("group_id", 0, largestGroup, &t.GroupID)
	f.flag("cors", &t.CORS)
	f.flag("actions", &t.Actions)
	before := t.Expiry
	f.optional("expiry", 1, maxExpiry, &t.Expiry)
	if f.err != nil {
		return f.err
	}
	if strings.ContainsFunc(t.DefaultContentType, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return invalid("default_content_type %s: want one line, as in text/html", clip.Quote(t.DefaultContentType))
	}
	switch {
	case t.Expiry == nil:
		t.ExpiresAt = nil
	case before == nil || *before != *t.Expiry || t.ExpiresAt == nil: // setting it again does not prolong it
		// Rounded up, because it is stored in whole seconds.
		end := now.Add(time.Duration(*t.Expiry)*time.Second + time.Second - 1)
		t.ExpiresAt = &stamp{end.UTC().Truncate(time.Second)}
	}
	t.UpdatedAt = stamp{now}
	return t.takeAlias(f)
}

// takeAlias sets the alias; null removes it.
func (t *token) takeAlias(f *fields) error {
	if !f.has("alias") {
		return nil
	}
	t.Alias = nil
	if f.value("alias") == nil {
		return nil
	}
	alias := ""
	f.text("alias", 32, &alias)
	if f.err == nil && !regexp.MustCompile(`^[a-zA-Z0-9_-]{3,32}$`).MatchString(alias) {
		f.wrong("alias", "3 to 32 letters, digits, \"-\" or \"_\"")
	}
	if f.err == nil && alias == apiName {
		f.wrong("alias", "another name: that one is the API's")
	}
	t.Alias = &alias
	return f.err
}

func (t *token) expired(now time.Time) bool {
	return t.ExpiresAt != nil && !now.Before(t.ExpiresAt.Time)
}

package delivery

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Bounds of what an endpoint may hold.
const (
	maxURL         = 2048
	maxPatterns    = 256
	maxSecrets     = 8
	maxSecret      = 16 << 10 // bytes, room for a PEM key
	maxDescription = 4096
	maxTimeout     = 10 * time.Minute
	maxID          = 64
)

// check returns what is wrong with an endpoint. It gives an endpoint without patterns the
// subscription to every event.
func check(p *fixtures.Provider, e *journal.Endpoint) error {
	if err := checkURL(e.URL); err != nil {
		return err
	}
	if len(e.Events) == 0 {
		e.Events = everything(p)
	}
	if len(e.Events) > maxPatterns {
		return fmt.Errorf("%w: events: %d patterns, at most %d", ErrInvalid, len(e.Events), maxPatterns)
	}
	for _, pattern := range e.Events {
		if err := p.Subscription.CheckPattern(pattern); err != nil {
			return fmt.Errorf("%w: events: pattern %q: %w", ErrInvalid, pattern, err)
		}
	}
	if len(e.Description) > maxDescription {
		return fmt.Errorf("%w: description of %d bytes, at most %d", ErrInvalid, len(e.Description), maxDescription)
	}
	if t := time.Duration(e.Timeout); t < 0 || t > maxTimeout {
		return fmt.Errorf("%w: timeout %v: want more than 0 and at most %v, or 0 for the provider's", ErrInvalid, t, maxTimeout)
	}
	return checkSecrets(p, e.Secrets)
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" || len(text) > maxURL || strings.ContainsAny(text, " \t") {
		return fmt.Errorf("%w: url %.200q: want an absolute URL without a fragment, as in http://127.0.0.1:3000/hooks", ErrInvalid, text)
	}
	return nil
}

// CheckPatterns refuses a pattern that selects no event of a provider: it is most likely a mistake,
// and nothing would ever be sent. Register and the vendor APIs take such patterns. Errors wrap
// ErrInvalid.
func CheckPatterns(p *fixtures.Provider, patterns []string) error {
	for _, pattern := range patterns {
		if p.Subscription.CheckPattern(pattern) == nil && !selects(p, pattern) {
			return fmt.Errorf("%w: events: pattern %q selects no event of %s%s", ErrInvalid, pattern, p.Name, didYouMean(pattern, names(p)))
		}
	}
	return nil
}

// selects says whether a pattern selects any event of a provider.
func selects(p *fixtures.Provider, pattern string) bool {
	for i := range p.Events {
		if _, ok := p.Subscription.Match([]string{pattern}, p.Events[i].Name); ok {
			return true
		}
	}
	return false
}

func names(p *fixtures.Provider) []string {
	list := make([]string, len(p.Events))
	for i := range p.Events {
		list[i] = p.Events[i].Name
	}
	return list
}

// everything returns the patterns that subscribe to every event.
func everything(p *fixtures.Provider) []string {
	const all = "*"
	if p.Subscription.CheckPattern(all) == nil {
		return []string{all}
	}
	return names(p)
}

func checkSecrets(p *fixtures.Provider, secrets []string) error {
	if len(secrets) > maxSecrets {
		return fmt.Errorf("%w: secrets: %d of them, at most %d", ErrInvalid, len(secrets), maxSecrets)
	}
	for i, secret := range secrets {
		if secret == "" || len(secret) > maxSecret {
			return fmt.Errorf("%w: secret %d of %d bytes: want 1 to %d", ErrInvalid, i+1, len(secret), maxSecret)
		}
		// A secret that is sent as it is must not end the header line.
		if strings.ContainsAny(secret, "\r\n\x00") && !strings.HasPrefix(secret, "-----BEGIN") {
			return fmt.Errorf("%w: secret %d: it holds a line end or a zero byte", ErrInvalid, i+1)
		}
	}
	if s := &p.Subscription.Secret; len(secrets) == 0 && s.Minted == "consumer" && !s.Optional {
		return fmt.Errorf("%w: secret: the consumer of %s chooses it: give one", ErrInvalid, p.Name)
	}
	return nil
}

// checkID returns why an id that the caller chose cannot be an endpoint's.
func (r *registry) checkID(id string) error {
	if len(id) > maxID || strings.Trim(id, idAlphabet+"-_.") != "" || strings.Trim(id, ".") == "" {
		return fmt.Errorf("%w: id %.80q: want at most %d letters, digits, hyphens, underscores and dots", ErrInvalid, id, maxID)
	}
	if _, err := r.find(id); err == nil {
		return fmt.Errorf("%w: id %q: another endpoint has it", ErrInvalid, id)
	}
	return nil
}

// didYouMean returns a hint at the nearest word.
func didYouMean(word string, of []string) string {
	if nearest := strictyaml.Nearest(word, of); nearest != "" {
		return fmt.Sprintf("; did you mean %q?", nearest)
	}
	return ""
}

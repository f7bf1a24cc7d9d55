package redact

import (
	"slices"
	"strings"
)

// Pass redacts one message and records what it redacts. The zero Pass is ready to use, in one
// goroutine.
type Pass struct {
	// Headers and Query are additional names of secrets, in lower case: of header lines and query
	// parameters.
	Headers, Query map[string]bool
	// Proofs are names of query parameters, in lower case, that are signatures and stay.
	Proofs map[string]bool

	found []string
	taken []string
	depth int
}

// Found returns the names of the redacted secrets, in order.
func (p *Pass) Found() []string { return p.found }

// Known replaces in a text the secrets that were redacted elsewhere.
func (p *Pass) Known(text string) string {
	const shortest = 4 // a shorter one occurs in other words
	for _, secret := range p.taken {
		if len(secret) >= shortest {
			text = strings.ReplaceAll(text, secret, Word)
		}
	}
	return text
}

// Header returns the value of a header line without its secrets. It keeps the scheme of
// Authorization.
func (p *Pass) Header(name, value string) string {
	if value == "" {
		return value
	}
	if p.Headers[strings.ToLower(name)] || p.is(name, anywhere) {
		return p.hidden(name, value)
	}
	switch strings.ToLower(name) {
	case "host", "x-forwarded-host", "x-original-host":
		return p.user(value)
	}
	if strings.HasPrefix(value, "/") || strings.HasPrefix(value, "?") || strings.HasPrefix(value, "#") {
		value = p.URL(value)
	}
	return p.value(value)
}

// is reports whether a name is that of a secret.
func (p *Pass) is(name string, at place) bool { return secret(name, at) }

// hidden returns Word for the value of a line, after the scheme if that is known.
func (p *Pass) hidden(name, value string) string {
	if scheme, rest, ok := strings.Cut(value, " "); ok && rest != "" && slices.Contains(schemes(), strings.ToLower(scheme)) {
		return scheme + " " + p.took(name, strings.TrimSpace(rest))
	}
	return p.took(name, value)
}

// schemes are those of https://www.iana.org/assignments/http-authschemes and some unregistered
// ones.
func schemes() []string {
	return []string{
		"apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "dpop", "gnap", "hmac", "hoba", "key", "mutual", "negotiate", "ntlm", "oauth",
		"privatetoken", "scram-sha-1", "scram-sha-256", "signature", "token", "vapid",
	}
}

// Take records a secret that the caller redacted.
func (p *Pass) Take(name, value string) { p.note(name, value) }

// took records a secret and returns Word.
func (p *Pass) took(name, value string) string {
	if placeholder.MatchString(value) {
		return value
	}
	if value != Word {
		p.note(name, value)
	}
	return Word
}

func (p *Pass) note(name, value string) {
	const most = 100
	if name != "" && !slices.Contains(p.found, name) && len(p.found) < most {
		p.found = append(p.found, name)
	}
	if value != Word && len(p.taken) < most && !slices.Contains(p.taken, value) {
		p.taken = append(p.taken, value)
	}
}

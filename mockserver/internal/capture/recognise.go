package capture

import (
	"fmt"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Known holds the secrets that a server knows, for verifying captures in bins that name no
// provider. The zero value knows none.
type Known struct {
	// Signers lists the providers that have secrets.
	Signers func() []string
	// Secrets lists a provider's secrets, those used for a bin first.
	Secrets func(provider, bin string) []Secret
}

// Secret is a secret that may have signed a request.
type Secret struct {
	Value string
	Of    string // whose secret it is, for people
	Here  bool   // it is used for this bin: a signature that does not match it is wrong
}

// recognise verifies a capture in a bin that names no provider, if its header lines look like a
// provider's. A capture that matches no known secret is a mismatch only when some secrets are used
// for its bin; otherwise its sender may have an unknown secret. recognise does not explain a
// mismatch, which takes a hundred times as long: the API does that on request. It returns nil when
// it did not verify the capture.
func (s *Server) recognise(c *journal.Capture) *journal.Verification {
	if s.o.Known.Signers == nil || s.o.Catalogue == nil {
		return nil
	}
	for _, name := range s.o.Known.Signers() {
		p, err := s.o.Catalogue.Provider(name)
		if err != nil || !p.MayHaveSent(c.Message) {
			continue
		}
		if v := s.tryAll(p, c); v != nil {
			return v
		}
	}
	return nil
}

// tryAll tries the known secrets of a provider.
func (s *Server) tryAll(p *fixtures.Provider, c *journal.Capture) *journal.Verification {
	here := 0
	var best *journal.Verification // with the secrets that are used for the bin
	for _, secret := range s.o.Known.Secrets(p.Name, c.Bin) {
		checker := s.checks.of(p, secret.Value)
		if checker == nil {
			continue
		}
		v := checker.verify(c, false)
		switch {
		case v.Verdict == signature.Valid:
			v.Explanation = "it is signed with the secret of " + secret.Of
			return &v
		case secret.Here:
			here++
			if best == nil || v.Verdict == signature.Stale {
				best = &v
			}
		}
	}
	if best != nil && best.Verdict == signature.Mismatch {
		best.Explanation = fmt.Sprintf("it is not signed with the secrets that are used for this bin (%d)", here)
	}
	return best
}

// checks is a cache of checks, because creating one takes longer than a verification.
type checks struct {
	mu    sync.Mutex
	byKey map[checkKey]*check
}

type checkKey struct {
	provider *fixtures.Provider
	secret   string
}

const maxChecks = 256

// of returns the check for a provider and a secret. It returns nil when the secret cannot be one of
// the provider's.
func (k *checks) of(p *fixtures.Provider, secret string) *check {
	key := checkKey{p, secret}
	k.mu.Lock()
	defer k.mu.Unlock()
	if checker, ok := k.byKey[key]; ok {
		return checker
	}
	checker, err := prepareCheck(p, "", []string{secret})
	if err != nil {
		checker = nil
	}
	if k.byKey == nil || len(k.byKey) >= maxChecks {
		k.byKey = map[checkKey]*check{}
	}
	k.byKey[key] = checker
	return checker
}

// verified returns the result for a capture: from its bin's provider, or from the known secrets. It
// returns nil when there is none.
func (s *Server) verified(b *bin, c *journal.Capture, whole bool) *journal.Verification {
	if b != nil && b.Provider != "" {
		return b.verify(c, whole)
	}
	return s.recognise(c)
}

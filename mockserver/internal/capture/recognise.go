package capture

import (
	"fmt"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Known is what a server knows of those who send to it: it has captures of bins verified that name no provider. The zero value knows nothing.
type Known struct {
	// Signers lists the providers of which there are secrets.
	Signers func() []string
	// Secrets lists a provider's secrets, those that are used for a bin first.
	Secrets func(provider, bin string) []Secret
}

// Secret is one that may have signed a request.
type Secret struct {
	Value string
	Of    string // whose it is, for people
	Here  bool   // it is used for this very bin: a signature that it does not fit is wrong
}

// recognise verifies a capture of a bin that names no provider, if its header lines look like a provider's. A capture that no known secret fits is a mismatch only
// if some of them are used for its bin: else its sender may have a secret that nobody has told. It does not explain a mismatch, which takes a hundred times as long: the
// API does when it is asked to. nil: not verified.
func (s *Server) recognise(c *journal.Capture) *journal.Verification {
	if s.o.Known.Signers == nil || s.o.Catalogue == nil {
		return nil
	}
	for _, name := range s.o.Known.Signers() {
		p, err := s.o.Catalogue.Provider(name)
		if err != nil || !p.LooksLike(c.Message) {
			continue
		}
		if v := s.tryAll(p, c); v != nil {
			return v
		}
	}
	return nil
}

// tryAll tries the secrets that are known of a provider.
func (s *Server) tryAll(p *fixtures.Provider, c *journal.Capture) *journal.Verification {
	here := 0
	var best *journal.Verification // of those that are used for the bin
	for _, secret := range s.o.Known.Secrets(p.Name, c.Bin) {
		j := s.checks.of(p, secret.Value)
		if j == nil {
			continue
		}
		v := j.verify(c, false)
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

// checks are kept, since making one takes longer than a verification.
type checks struct {
	mu   sync.Mutex
	made map[checkKey]*check
}

type checkKey struct {
	provider *fixtures.Provider
	secret   string
}

const mostChecks = 256

// of returns the check for a provider and a secret; nil when the provider can have no such secret.
func (k *checks) of(p *fixtures.Provider, secret string) *check {
	key := checkKey{p, secret}
	k.mu.Lock()
	defer k.mu.Unlock()
	if j, ok := k.made[key]; ok {
		return j
	}
	j, err := prepareCheck(p, "", []string{secret})
	if err != nil {
		j = nil
	}
	if k.made == nil || len(k.made) >= mostChecks {
		k.made = map[checkKey]*check{}
	}
	k.made[key] = j
	return j
}

// verified is the result on a capture: by what its bin was told, or by what the server knows. nil: there is none.
func (s *Server) verified(b *bin, c *journal.Capture, whole bool) *journal.Verification {
	if b != nil && b.settings.Provider != "" {
		return b.verify(c, whole)
	}
	return s.recognise(c)
}

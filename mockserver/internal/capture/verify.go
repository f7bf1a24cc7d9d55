package capture

import (
	"fmt"
	"net/url"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Verify checks a capture against a provider and secrets, at the time it arrived. url is the
// address as registered at the provider; "" uses Host and target. When the signature is not valid,
// the explanation says why.
func Verify(p *fixtures.Provider, c journal.Capture, url string, secrets ...string) journal.Verification {
	k, err := prepareCheck(p, url, secrets)
	if err != nil {
		return journal.Verification{Provider: p.Name, Verdict: signature.Malformed, Explanation: err.Error()}
	}
	return k.verify(&c, true)
}

// check verifies the captures of a bin.
type check struct {
	provider  string
	url       *url.URL // nil: none is registered
	verifiers sync.Pool
}

// newCheck returns the check for settings, or nil. Errors wrap ErrInvalid.
func newCheck(known *fixtures.Catalogue, set Settings) (*check, error) {
	if set.Provider == "" {
		if len(set.Secrets) > 0 || set.URL != "" {
			return nil, fmt.Errorf("%w: secrets or a URL without a provider: name the provider that signs", ErrInvalid)
		}
		return nil, nil
	}
	if known == nil {
		return nil, fmt.Errorf("%w: provider %s: this server was started without a catalogue", ErrInvalid, clip.Quote(set.Provider))
	}
	p, err := known.Provider(set.Provider)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if set.URL != "" {
		if u, err := url.Parse(set.URL); err != nil || u.Scheme == "" || u.Host == "" {
			return nil, fmt.Errorf("%w: url %s: want a full URL such as https://example.org/hooks", ErrInvalid, clip.Quote(set.URL))
		}
	}
	if len(p.Signing.Signatures) == 0 && len(set.Secrets) == 0 {
		return nil, nil // the provider signs nothing, so there is nothing to check
	}
	k, err := prepareCheck(p, set.URL, set.Secrets)
	if err != nil {
		return nil, fmt.Errorf("%w: provider %s: %w", ErrInvalid, p.Name, err)
	}
	return k, nil
}

func prepareCheck(p *fixtures.Provider, registered string, secrets []string) (*check, error) {
	if len(p.Signing.Signatures) == 0 {
		return nil, fmt.Errorf("%s signs nothing: there is no signature to check", p.Name)
	}
	first, err := signature.NewVerifier(&p.Signing, secrets...)
	if err != nil {
		return nil, err
	}
	k := &check{provider: p.Name}
	if registered != "" {
		if k.url, err = url.Parse(registered); err != nil {
			return nil, err
		}
	}
	k.verifiers.New = func() any {
		v, err := signature.NewVerifier(&p.Signing, secrets...)
		if err != nil {
			panic(err) // the same arguments worked before
		}
		return v
	}
	k.verifiers.Put(first)
	return k, nil
}

// verify checks one capture. It checks an incomplete request as received, and does not explain the
// result.
func (k *check) verify(c *journal.Capture, whole bool) journal.Verification {
	about := signature.Context{Time: c.At}
	if k.url != nil {
		about.RegisteredURL = k.url.String()
		if path := content.Path(c.Target); path != "" {
			about.URL = k.url.Scheme + "://" + k.url.Host + path
		}
	}
	v := k.verifiers.Get().(*signature.Verifier)
	defer k.verifiers.Put(v)
	found := v.Verify(c.Message, about)
	switch {
	case found.Verdict == signature.Valid:
	case whole:
		found = v.Explain(c.Message, about)
	default:
		found.Explanation += "; the request is incomplete"
	}
	return journal.Verification{Provider: k.provider, Verdict: found.Verdict, Explanation: found.Explanation}
}

package fault

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Request is the request of one attempt, and what it is made of.
type Request struct {
	Provider *fixtures.Provider
	Event    *fixtures.Event
	URL      string
	Secrets  []string // of the endpoint, newest first
	Context  signature.Context
	// Message is unsigned before Do and, after it, what is sent.
	Message wire.Message
	// Manner is how it is sent.
	Manner wire.Manner
	// Rand is what random choices are made with: the same for every attempt of a delivery.
	Rand *rand.Rand

	scheme   *signature.Scheme // that signs
	secrets  []string          // that sign
	context  signature.Context // of what is signed
	unsigned wire.Message
}

// Do does the faults of an attempt to the request and signs it. Errors wrap ErrInvalid when a fault
// is not possible for the request.
func (s Set) Do(attempt int, r *Request) error {
	r.scheme, r.secrets, r.context = &r.Provider.Signing, r.Secrets, r.Context
	each := func(do func(f *active) error) error {
		for i := range s.list {
			if f := &s.list[i]; f.on(attempt) {
				if err := do(f); err != nil {
					return fmt.Errorf("%w: fault %q: %w", ErrInvalid, f.Fault, err)
				}
			}
		}
		return nil
	}
	err := each(func(f *active) error {
		if f.row.prepare == nil {
			return nil
		}
		return f.row.prepare(f.arg, r)
	})
	if err != nil {
		return err
	}
	r.unsigned = r.Message.Clone()
	if err := r.scheme.Sign(&r.Message, r.context, r.secrets...); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	return each(func(f *active) error {
		if f.row.alter != nil {
			if err := f.row.alter(f.arg, r); err != nil {
				return err
			}
		}
		return f.row.judge(r)
	})
}

// judge refuses a fault whose signature is not as the row says: the scheme covers nothing of it, or
// cannot sign such a message.
func (k *row) judge(r *Request) error {
	if k.Signature != Invalid || r.verdict() != signature.Valid {
		return nil
	}
	return fmt.Errorf("the signature stays right: it covers %s only", covered(r.scheme))
}

// verdict checks the message with the endpoint's secrets, at the time of the attempt.
func (r *Request) verdict() signature.Verdict {
	return r.Provider.Signing.Verify(r.Message, r.Context, r.Secrets...).Verdict
}

func covered(s *signature.Scheme) string {
	if len(s.Covers) == 0 {
		return "nothing"
	}
	return strings.Join(s.Covers, ", ")
}

// signed returns an error when the request has no signature.
func (r *Request) signed() error {
	if len(r.scheme.Signatures) == 0 || len(r.Secrets) == 0 {
		return errUnsigned
	}
	return nil
}

package fault

import (
	"errors"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

var (
	errUnsigned = errors.New("the request has no signature: its provider signs nothing, or the endpoint has no secret")
	errNoSecret = errors.New("no secret can be made that is one character off: want one with letters or digits, and no PEM block")
)

// rotate signs as while a secret is being replaced. The endpoint's two secrets are the new and the
// old one. An endpoint that has one keeps it as the old one, and the provider has a new one that
// the endpoint does not know yet.
func rotate() row {
	return row{
		Kind: Kind{
			Name: "secret:rotate", Text: "sign as while the secret is replaced: with the new and the old secret, in this order or the other, or with one of them. An endpoint with one secret has the old one",
			Changes: "the secrets that sign", SignedAgain: true, Signature: Known,
			Finds:  "The consumer compares the first of several signatures only, or knows one secret at a time, so that events are lost while it is replaced.",
			Source: "Standard Webhooks, several signatures; Convoy, multi_v1_one_valid; Outpost, previous_secret",
		},
		arg:    oneOf("both", "both_old_first", "new", "old"),
		groups: []string{"key"},
		prepare: func(arg string, r *Request) error {
			if err := r.signed(); err != nil {
				return err
			}
			secrets := r.Secrets
			if len(secrets) == 1 {
				fresh, err := r.mint("rotate")
				if err != nil {
					return err
				}
				secrets = []string{fresh, secrets[0]}
			}
			several := false
			for _, s := range r.scheme.Signatures {
				for _, e := range s.Emit {
					several = several || strings.Contains(e.Value, "${sigs") || e.Secret > 1
				}
			}
			switch {
			case arg == "new":
				r.secrets = secrets[:1]
			case arg == "old":
				r.secrets = secrets[len(secrets)-1:]
			case !several:
				return errors.New("a request of this scheme has room for the signature of one secret: use secret:rotate:new or old")
			default:
				r.secrets = slices.Clone(secrets)
				if arg != "both" {
					slices.Reverse(r.secrets)
				}
			}
			return r.differs()
		},
	}
}

// differs returns an error when the secrets that sign make the request of a good delivery.
func (r *Request) differs() error {
	good, now := r.Message.Clone(), r.Message.Clone()
	if err := r.scheme.Sign(&good, r.context, r.Secrets...); err != nil {
		return err
	}
	if err := r.scheme.Sign(&now, r.context, r.secrets...); err != nil {
		return err
	}
	for _, at := range places(r.scheme) {
		a, _ := at.get(&good)
		if b, _ := at.get(&now); a != b {
			return nil
		}
	}
	return errors.New("a good delivery is signed so too: give the endpoint a new and an old secret, or choose another one")
}

// mint returns a secret in the provider's form that the endpoint does not have.
func (r *Request) mint(purpose string) (string, error) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(strings.Join(r.Secrets, "\x00")))
	fresh := r.Provider.MintSecret(fixtures.Draw{Seed: hash.Sum64(), Stream: "fault/" + purpose})
	if fresh != "" {
		if _, err := signature.NewSigner(r.scheme, fresh); err == nil {
			return fresh, nil
		}
	}
	once, err := r.nudged(r.Secrets[0])
	if err != nil {
		return "", err
	}
	return r.nudged(once) // not that of wrong_secret
}

// nudged returns a secret that differs in one character.
func (r *Request) nudged(secret string) (string, error) {
	prefix := keyPrefix(r.scheme, secret)
	changed, ok := nudgeMiddle(secret[len(prefix):])
	if !ok || strings.HasPrefix(secret, "-----BEGIN") {
		return "", errNoSecret
	}
	return prefix + changed, nil
}

// keyPrefix returns the part of a secret that is no key.
func keyPrefix(scheme *signature.Scheme, secret string) string {
	for _, s := range scheme.Signatures {
		for prefix := range strings.SplitSeq(s.Key.StripPrefix, "|") {
			if prefix != "" && strings.HasPrefix(secret, prefix) {
				return prefix
			}
		}
	}
	return ""
}

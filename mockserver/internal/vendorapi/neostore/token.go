package neostore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

const (
	// lifetime is how long a token is valid.
	lifetime = time.Hour
	// audience is the vendor's (N6): its authorization URL names it.
	audience = "https://app.neostore.cloud/api/"
	apiPath  = "/api/"
)

// tokens issues access tokens and checks them.
type tokens struct {
	store journal.Store
	now   func() time.Time

	mu     sync.Mutex
	cached *authority      // nil until it is needed: making a key takes long
	doc    json.RawMessage // cached as stored; nil: it is not
}

// claims are the contents of a token.
type claims struct {
	jwt.Claims
	Scope    string `json:"scope"`
	Tenant   string `json:"tenant"`
	ClientID string `json:"azp,omitempty"`
}

// grant is what a tenant allows a client.
type grant struct {
	tenant, key, client, audience string
	scopes                        []string
}

// issue signs the token of a grant; address is where it was issued.
func (t *tokens) issue(ctx context.Context, address string, g grant) (string, error) {
	issuer, err := t.issuing(ctx, address)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: issuer.Key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	now := t.now()
	who := sha256.Sum256([]byte(g.key))
	token, err := jwt.Signed(signer).Claims(claims{
		Claims: jwt.Claims{
			Issuer: address, Subject: g.tenant + "|" + hex.EncodeToString(who[:8]), Audience: jwt.Audience{g.audience},
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(lifetime)),
		},
		Scope: strings.Join(g.scopes, " "), Tenant: g.tenant, ClientID: g.client,
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// tokenError is why a token is not valid.
type tokenError string

// Error returns the reason.
func (r tokenError) Error() string { return string(r) }

func asTokenError(err error, r *tokenError) bool { return errors.As(err, r) }

func refused(format string, args ...any) error { return tokenError(fmt.Sprintf(format, args...)) }

// check reads a token that was sent to an address. The error is a tokenError, or the store's.
func (t *tokens) check(ctx context.Context, address, raw string) (claims, error) {
	var c claims
	issuer, err := t.authority(ctx)
	if err != nil {
		return c, err
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if other := (*jose.ErrUnexpectedSignatureAlgorithm)(nil); errors.As(err, &other) {
		return c, refused("The token is signed with the algorithm %.40q: want RS256.", string(other.Got))
	} else if err != nil {
		return c, refused("The token is not a JSON Web Token. (A key is sent as %s.)", apiKey)
	}
	if id := token.Headers[0].KeyID; id != "" && id != issuer.Key.KeyID {
		return c, refused("The token is signed with the key %.80q, which is not this issuer's.", id)
	}
	var payload map[string]any
	if err := token.Claims(issuer.Key.Public(), &payload); errors.Is(err, jose.ErrCryptoFailure) {
		return c, refused("The signature of the token is wrong.")
	} else if err == nil {
		err = token.Claims(issuer.Key.Public(), &c)
		if err != nil {
			return c, refused("The claims of the token cannot be read.")
		}
	} else {
		return c, refused("The claims of the token are not a JSON object.")
	}
	return c, t.checkClaims(&c, append(slices.Clip(issuer.Addresses), address))
}

// checkClaims returns what is wrong with the claims of a token whose signature is right; addresses
// are those of the server.
func (t *tokens) checkClaims(c *claims, addresses []string) error {
	now := t.now()
	at := func(d *jwt.NumericDate) string { return d.Time().UTC().Format(time.RFC3339) }
	switch {
	case c.Expiry == nil:
		return refused("The token has no exp.")
	case !now.Before(c.Expiry.Time()):
		return refused("The token has expired at %s.", at(c.Expiry))
	case c.NotBefore != nil && now.Before(c.NotBefore.Time()):
		return refused("The token is not yet valid: it will be at %s.", at(c.NotBefore))
	case c.IssuedAt != nil && now.Before(c.IssuedAt.Time()):
		return refused("The token is not yet valid: it is issued at %s.", at(c.IssuedAt))
	case !slices.Contains(addresses, c.Issuer):
		return refused("The token is of the issuer %.200q, which is not this one.", c.Issuer)
	case !slices.ContainsFunc(c.Audience, func(name string) bool { return serves(name, addresses) }):
		return refused("The token is for the audience %.200q: want %q.", strings.Join(c.Audience, " "), audience)
	}
	return nil
}

// serves says whether an audience is this API: the vendor's name of it, or one of its addresses
// here.
func serves(name string, addresses []string) bool {
	return name == audience || slices.ContainsFunc(addresses, func(a string) bool { return name == a+apiPath })
}

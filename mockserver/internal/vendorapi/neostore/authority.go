package neostore

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// authority is what tokens are issued with. It is made once and kept as a document, so that a token outlives a restart.
type authority struct {
	Key jose.JSONWebKey `json:"key"`
	// Addresses are those at which tokens were issued: a browser may know the server by another name than the program that
	// gets its token.
	Addresses []string `json:"addresses"`
}

// The document that the authority is kept as.
const (
	authorityKind = "neostore/authority"
	authorityName = "oauth"
)

const (
	rsaBits      = 2048
	maxAddresses = 64
)

// authority returns what the store holds, or makes it.
func (t *tokens) authority(ctx context.Context) (authority, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.load(ctx)
}

// issuing is the authority, which from now on knows an address.
func (t *tokens) issuing(ctx context.Context, address string) (authority, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	held, err := t.load(ctx)
	if err != nil || slices.Contains(held.Addresses, address) {
		return held, err
	}
	held.Addresses = append(slices.Clone(held.Addresses), address)
	held.Addresses = held.Addresses[max(0, len(held.Addresses)-maxAddresses):]
	return held, t.keep(ctx, held)
}

func (t *tokens) load(ctx context.Context) (authority, error) {
	if t.held != nil {
		return *t.held, nil
	}
	doc, err := t.store.Get(ctx, authorityKind, authorityName)
	if errors.Is(err, journal.ErrNotFound) {
		return t.found(ctx)
	}
	var held authority
	if err == nil {
		err = json.Unmarshal(doc, &held)
	}
	if err != nil {
		return held, fmt.Errorf("the key of tokens: %w", err)
	}
	t.held = &held
	return held, nil
}

// found makes a new authority.
func (t *tokens) found(ctx context.Context) (authority, error) {
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return authority{}, fmt.Errorf("the key of tokens: %w", err)
	}
	held := authority{Key: jose.JSONWebKey{Key: private, Algorithm: string(jose.RS256), Use: "sig"}}
	print, err := held.Key.Thumbprint(crypto.SHA256)
	if err != nil {
		return authority{}, fmt.Errorf("the key of tokens: %w", err)
	}
	held.Key.KeyID = base64.RawURLEncoding.EncodeToString(print)
	return held, t.keep(ctx, held)
}

func (t *tokens) keep(ctx context.Context, held authority) error {
	doc, err := json.Marshal(held)
	if err == nil {
		err = t.store.Put(ctx, authorityKind, authorityName, doc)
	}
	if err != nil {
		return fmt.Errorf("the key of tokens: %w", err)
	}
	t.held = &held
	return nil
}

// configuration answers what a client asks first (OpenID Connect Discovery 1.0, section 4).
func (a *api) configuration(w http.ResponseWriter, r *http.Request) error {
	base := vendorapi.Base(r)
	names := []string{}
	for _, s := range scopes() {
		names = append(names, s.Name)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*") // a page elsewhere reads it, as it reads the keys
	return vendorapi.Write(w, http.StatusOK, struct {
		Issuer        string   `json:"issuer"`
		Authorization string   `json:"authorization_endpoint"`
		Keys          string   `json:"jwks_uri"`
		Responses     []string `json:"response_types_supported"`
		Modes         []string `json:"response_modes_supported"`
		Grants        []string `json:"grant_types_supported"`
		Subjects      []string `json:"subject_types_supported"`
		Algorithms    []string `json:"id_token_signing_alg_values_supported"`
		Scopes        []string `json:"scopes_supported"`
	}{
		base, base + "/authorize", base + "/.well-known/jwks.json",
		[]string{"token"},
		[]string{"fragment"},
		[]string{"implicit"},
		[]string{"public"},
		[]string{string(jose.RS256)},
		names,
	})
}

// keys answers with the public key that tokens are verified with (RFC 7517).
func (a *api) keys(w http.ResponseWriter, r *http.Request) error {
	held, err := a.tokens.authority(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return vendorapi.Write(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{held.Key.Public()}})
}

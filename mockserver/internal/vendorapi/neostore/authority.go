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

// authority is the key that tokens are signed with. It is made once and stored as a document, so
// that a token outlives a restart.
type authority struct {
	Key jose.JSONWebKey `json:"key"`
	// Addresses are where tokens were issued: a browser may know the server by another name than
	// the program that gets its token.
	Addresses []string `json:"addresses"`
}

// The document that the authority is stored as.
const (
	authorityKind = "neostore/authority"
	authorityName = "oauth"
)

const (
	rsaBits      = 2048
	maxAddresses = 64
)

// authority returns the authority of the store, or makes one.
func (t *tokens) authority(ctx context.Context) (authority, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.load(ctx)
}

// issuing returns the authority after adding an address to it.
func (t *tokens) issuing(ctx context.Context, address string) (authority, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		issuer, err := t.load(ctx)
		if err != nil || slices.Contains(issuer.Addresses, address) {
			return issuer, err
		}
		issuer.Addresses = append(slices.Clone(issuer.Addresses), address)
		issuer.Addresses = issuer.Addresses[max(0, len(issuer.Addresses)-maxAddresses):]
		if err := t.keep(ctx, issuer); !errors.Is(err, journal.ErrChanged) {
			return issuer, err
		}
	}
}

// load returns the authority of the store, or makes one. Other servers that use the store may
// change it at any time, so that it is read each time then.
func (t *tokens) load(ctx context.Context) (authority, error) {
	_, shared := t.store.(journal.Shared)
	if t.cached != nil && !shared {
		return *t.cached, nil
	}
	doc, err := t.store.Get(ctx, authorityKind, authorityName)
	if errors.Is(err, journal.ErrNotFound) {
		t.doc = nil
		made, failed := t.newAuthority(ctx)
		if !errors.Is(failed, journal.ErrChanged) {
			return made, failed
		}
		doc, err = t.store.Get(ctx, authorityKind, authorityName) // another server has made it
	}
	var issuer authority
	if err == nil {
		err = json.Unmarshal(doc, &issuer)
	}
	if err != nil {
		return issuer, fmt.Errorf("the key of tokens: %w", err)
	}
	t.cached, t.doc = &issuer, doc
	return issuer, nil
}

// newAuthority makes and stores an authority.
func (t *tokens) newAuthority(ctx context.Context) (authority, error) {
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return authority{}, fmt.Errorf("the key of tokens: %w", err)
	}
	issuer := authority{Key: jose.JSONWebKey{Key: private, Algorithm: string(jose.RS256), Use: "sig"}}
	print, err := issuer.Key.Thumbprint(crypto.SHA256)
	if err != nil {
		return authority{}, fmt.Errorf("the key of tokens: %w", err)
	}
	issuer.Key.KeyID = base64.RawURLEncoding.EncodeToString(print)
	return issuer, t.keep(ctx, issuer)
}

// keep stores the authority. It returns journal.ErrChanged if another server has changed it.
func (t *tokens) keep(ctx context.Context, issuer authority) error {
	doc, err := json.Marshal(issuer)
	if err == nil {
		if shared, ok := t.store.(journal.Shared); ok {
			err = shared.Swap(ctx, authorityKind, authorityName, t.doc, doc)
		} else {
			err = t.store.Put(ctx, authorityKind, authorityName, doc)
		}
	}
	if err != nil {
		return fmt.Errorf("the key of tokens: %w", err)
	}
	t.cached, t.doc = &issuer, doc
	return nil
}

// configuration answers with where the endpoints of OAuth are (OpenID Connect Discovery 1.0,
// section 4).
func (a *api) configuration(w http.ResponseWriter, r *http.Request) error {
	base := vendorapi.Base(r)
	names := []string{}
	for _, s := range scopes() {
		names = append(names, s.Name)
	}
	// a page of another origin reads it, as it reads the keys
	w.Header().Set("Access-Control-Allow-Origin", "*")
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
	issuer, err := a.tokens.authority(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return vendorapi.Write(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{issuer.Key.Public()}})
}

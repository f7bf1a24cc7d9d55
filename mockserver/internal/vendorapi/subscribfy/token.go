package subscribfy

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// tokenView is a store's token as it is shown: itself only in the response that generates it (row
// S-13).
type tokenView struct {
	Token   *string    `json:"token"`
	Last4   *string    `json:"last4"`
	Created *time.Time `json:"created_at"`
}

// shown returns the token as it is shown later.
func (s settings) shown() tokenView {
	if s.Token == "" {
		return tokenView{}
	}
	last := s.Token[max(0, len(s.Token)-4):]
	return tokenView{Last4: &last, Created: &s.Created}
}

// generate gives the store a new token.
func (p *panel) generate(ctx context.Context, store string) (tokenView, error) {
	var chance [16]byte
	_, _ = rand.Read(chance[:]) // it never fails
	token := p.Provider.MintSecret(fixtures.Draw{
		Seed: binary.LittleEndian.Uint64(chance[:8]), Stream: store, Index: binary.LittleEndian.Uint64(chance[8:]),
	})
	s, err := p.change(ctx, store, func(s *settings) { s.Token, s.Created = token, time.Now().UTC().Truncate(time.Second) })
	if err != nil {
		return tokenView{}, err
	}
	v := s.shown()
	v.Token = &token
	return v, nil
}

// postToken generates the token, or regenerates it.
func (p *panel) postToken(w http.ResponseWriter, r *http.Request, store string) error {
	v, err := p.generate(r.Context(), store)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return vendorapi.Write(w, http.StatusCreated, resource{Data: v})
}

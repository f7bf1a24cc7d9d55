package ethpass

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// project is the tenant that a call is for.
type project = entities.Tenant

// projectHandler answers a call for a project.
type projectHandler func(w http.ResponseWriter, r *http.Request, p project) error

// authorized finds the project by the call's key.
func (a *api) authorized(h projectHandler) vendorapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key := r.Header.Get("X-API-KEY")
		if key == "" {
			return vendorapi.Errorf(http.StatusUnauthorized, "The X-API-KEY header is missing: send the API key of a project.")
		}
		p, _, known := a.Entities.KeyOf(a.Provider.Name, key)
		if !known {
			return vendorapi.Errorf(http.StatusUnauthorized, "The X-API-KEY header is no key of a project.")
		}
		return h(w, r, p)
	}
}

// projectID returns the project's id: a UUID that is always the same for the same name.
func projectID(p project) string {
	sum := sha256.Sum256([]byte("ethpass project " + p.Name))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: an application's own rule
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// getProject answers with the members of the API reference.
func (a *api) getProject(w http.ResponseWriter, _ *http.Request, p project) error {
	return vendorapi.Write(w, http.StatusOK, struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Timezone   string `json:"timezone"`
		KeyCreated bool   `json:"keyCreated"`
	}{projectID(p), p.Name, "UTC", len(p.Keys) > 0})
}

// secretKind is the kind of the documents that project secrets are stored as, by the project's
// name.
const secretKind = "ethpass/secret"

// secretBytes is the length of a generated secret, which is written in hex.
const secretBytes = 32

type secret struct {
	Secret string `json:"secret"`
}

// secretOf returns the project's secret; "" before there is one.
func (a *api) secretOf(r *http.Request, p project) (string, error) {
	doc, err := a.Store.Get(r.Context(), secretKind, p.Name)
	if errors.Is(err, journal.ErrNotFound) {
		return "", nil
	}
	var kept secret
	if err == nil {
		err = json.Unmarshal(doc, &kept)
	}
	return kept.Secret, err
}

// keepSecret stores a text as the project's secret, or generates one when the text is "".
func (a *api) keepSecret(r *http.Request, p project, chosen string) (string, error) {
	if chosen == "" {
		var random [secretBytes]byte
		_, _ = rand.Read(random[:]) // it never fails
		chosen = hex.EncodeToString(random[:])
	}
	if err := checkHeaderValue("secret", chosen); err != nil {
		return "", err
	}
	doc, err := json.Marshal(secret{chosen})
	if err != nil {
		return "", err
	}
	return chosen, a.Store.Put(r.Context(), secretKind, p.Name, doc)
}

func (a *api) getSecret(w http.ResponseWriter, r *http.Request, p project) error {
	kept, err := a.secretOf(r, p)
	if err != nil {
		return err
	}
	if kept == "" {
		return vendorapi.Errorf(http.StatusNotFound, "The project has no secret yet: POST here generates one.")
	}
	return vendorapi.Write(w, http.StatusOK, secret{kept})
}

// postSecret generates a secret, or takes the one in the body. The webhook sends it as
// Authorization only after an update with it.
func (a *api) postSecret(w http.ResponseWriter, r *http.Request, p project) error {
	var in secret
	if err := read(w, r, &in, true); err != nil {
		return err
	}
	kept, err := a.keepSecret(r, p, in.Secret)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, secret{kept})
}

// read reads a body, which must be a JSON object; an optional body may be empty.
func read(w http.ResponseWriter, r *http.Request, into any, optional bool) error {
	body, err := vendorapi.JSONBody(w, r, optional)
	if err != nil || optional && len(body) == 0 {
		return err
	}
	if !utf8.Valid(body) {
		return invalid("The body is not UTF-8.")
	}
	var object map[string]json.RawMessage
	if err := vendorapi.Decode(body, &object); err != nil {
		return err
	}
	if object == nil {
		return invalid("The body is null: send a JSON object.")
	}
	return vendorapi.Decode(body, into)
}

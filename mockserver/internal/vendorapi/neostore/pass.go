package neostore

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// pass is a pass as the API shows it; the members are those of the vendor's API reference.
type pass struct {
	ID             string            `json:"id"`
	Secret         *string           `json:"secret"`
	CreationDate   string            `json:"creationDate"`
	LastUpdateDate string            `json:"lastUpdateDate"`
	PassType       string            `json:"passType"`
	Identifiers    json.RawMessage   `json:"identifiers"`
	Metadata       json.RawMessage   `json:"metadata"`
	AdditionalData json.RawMessage   `json:"additionalData"`
	Providers      map[string]string `json:"providers"` // when it was installed with each
}

// passFields are the fields of the entity.
type passFields struct {
	PassType    string          `json:"pass_type"`
	Identifiers json.RawMessage `json:"identifiers"`
	Metadata    json.RawMessage `json:"metadata"`
	Devices     []device        `json:"devices"`
}

// passExtra is what the API stores with a pass and no event shows.
type passExtra struct {
	Secret         string               `json:"secret,omitempty"`
	AdditionalData json.RawMessage      `json:"additional_data,omitempty"`
	Installed      map[string]time.Time `json:"installed,omitempty"` // by the device's identifier
	Updated        time.Time            `json:"updated,omitzero"`
}

// passInput is the body of a creation or a change.
type passInput struct {
	PassType       json.RawMessage `json:"passType"`
	Identifiers    json.RawMessage `json:"identifiers"`
	Metadata       json.RawMessage `json:"metadata"`
	AdditionalData json.RawMessage `json:"additionalData"`
}

const passKind = "pass"

func (a *api) newPass(e *entities.Entity) (pass, error) {
	var fields passFields
	if err := json.Unmarshal(e.Fields, &fields); err != nil {
		return pass{}, fmt.Errorf("%s: %w", e.Name(), err)
	}
	extra, err := readExtra(e.Name(), e.Extra)
	if err != nil {
		return pass{}, err
	}
	p := pass{
		ID: e.ID, CreationDate: stamp(e.Created), LastUpdateDate: stamp(e.Created), PassType: fields.PassType,
		Identifiers: fields.Identifiers, Metadata: fields.Metadata, AdditionalData: extra.AdditionalData, Providers: map[string]string{},
	}
	if extra.Secret != "" {
		p.Secret = &extra.Secret
	}
	if !extra.Updated.IsZero() {
		p.LastUpdateDate = stamp(extra.Updated)
	}
	for _, d := range fields.Devices {
		// of several the latest, which is the last
		p.Providers[d.Kind] = stamp(extra.Installed[d.ID])
	}
	return p, nil
}

func readExtra(name entities.Name, raw json.RawMessage) (passExtra, error) {
	var extra passExtra
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &extra); err != nil {
			return extra, fmt.Errorf("%s: %w", name, err)
		}
	}
	return extra, nil
}

func (a *api) listPasses(w http.ResponseWriter, r *http.Request, tenant string) error {
	return list(w, r, a.Entities.List(a.Provider.Name, tenant, passKind), a.newPass)
}

func (a *api) createPass(w http.ResponseWriter, r *http.Request, tenant string) error {
	var in passInput
	if err := readInput(w, r, &in); err != nil {
		return err
	}
	wrong := fieldErrors{}
	g := fixtures.Overrides{"identifiers": json.RawMessage("{}"), "metadata": json.RawMessage("null")}
	if given(in.PassType) {
		g["pass_type"] = quote(wrong.text("passType", in.PassType, 200))
	}
	if string(g["pass_type"]) == "" || string(g["pass_type"]) == `""` {
		wrong.add("passType", "The pass type is required.")
	}
	if given(in.Identifiers) {
		g["identifiers"] = wrong.object("identifiers", in.Identifiers, true, false)
	}
	if given(in.Metadata) {
		g["metadata"] = wrong.object("metadata", in.Metadata, true, false)
	}
	if given(in.AdditionalData) {
		wrong.object("additionalData", in.AdditionalData, false, false)
	}
	if err := wrong.err(); err != nil {
		return err
	}
	e, err := a.Entities.Create(r.Context(), a.Provider.Name, passKind, tenant, g, func(tx *entities.Tx) error {
		draw := tx.Record().Draw
		extra := passExtra{Secret: a.Provider.MintSecret(fixtures.Draw{Seed: draw.Seed, Stream: "pass", Index: draw.Index}), AdditionalData: in.AdditionalData}
		if err := extra.keep(tx); err != nil {
			return err
		}
		_, err := tx.Trigger(fixtures.Step{Event: a.event("Pass:Created")})
		return err
	})
	return a.answerPass(w, &e, err)
}

func (a *api) getPass(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.Entities.Get(a.passOf(r, tenant))
	return a.answerPass(w, &e, notFound("pass", r, err))
}

// patchPass merges the body into a pass (RFC 7386), and sends the update to every device that has
// the pass.
func (a *api) patchPass(w http.ResponseWriter, r *http.Request, tenant string) error {
	var in passInput
	if err := readInput(w, r, &in); err != nil {
		return err
	}
	e, err := a.Entities.Update(r.Context(), a.passOf(r, tenant), func(tx *entities.Tx) error {
		extra, err := readExtra(a.passOf(r, tenant), tx.Extra)
		if err != nil {
			return err
		}
		g, err := in.change(tx, &extra)
		if err != nil {
			return err
		}
		updated, err := tx.Trigger(fixtures.Step{Event: a.event("Pass:Updated"), Overrides: g})
		if err != nil {
			return err
		}
		extra.Updated = updated.At
		if err := extra.keep(tx); err != nil {
			return err
		}
		devices, err := devicesOf(tx)
		for i := 0; i < len(devices) && err == nil; i++ {
			to := "updated"
			if i == len(devices)-1 {
				to = "installed"
			}
			_, err = tx.Trigger(fixtures.Step{Event: a.event("Pass:UpdateSent"), To: to, Overrides: fixtures.Overrides{"device": devices[i].raw()}})
		}
		return err
	})
	return a.answerPass(w, &e, notFound("pass", r, err))
}

// change returns the fields that the body changes, and changes extra.
func (in *passInput) change(tx *entities.Tx, extra *passExtra) (fixtures.Overrides, error) {
	wrong, g := fieldErrors{}, fixtures.Overrides{}
	if in.PassType != nil {
		if g["pass_type"] = quote(wrong.text("passType", in.PassType, 200)); string(g["pass_type"]) == `""` {
			wrong.add("passType", "The pass type is required.")
		}
	}
	metadata, _ := tx.Get("metadata")
	g["metadata"] = wrong.merged("metadata", metadata, in.Metadata, true)
	if in.Identifiers != nil {
		before, _ := tx.Get("identifiers")
		if g["identifiers"] = wrong.merged("identifiers", before, in.Identifiers, true); !given(in.Identifiers) {
			g["identifiers"] = json.RawMessage("{}")
		}
	}
	extra.AdditionalData = wrong.merged("additionalData", extra.AdditionalData, in.AdditionalData, false)
	return g, wrong.err()
}

// merged returns an object after a patch, which may be left out.
func (w fieldErrors) merged(field string, before, patch json.RawMessage, texts bool) json.RawMessage {
	if patch == nil {
		return before
	}
	if !given(patch) {
		return json.RawMessage("null")
	}
	if w.object(field, patch, texts, true); len(w) > 0 {
		return nil
	}
	after := merge(before, patch)
	if o, _ := readObject(after); texts && len(o.members) > maxTexts {
		w.add(field, "The object would have %d members: at most %d are kept.", len(o.members), maxTexts)
	}
	if len(after) > maxObject {
		w.add(field, "The object would have %d bytes: at most %d are kept.", len(after), maxObject)
	}
	return after
}

func (x *passExtra) keep(tx *entities.Tx) error {
	raw, err := json.Marshal(x)
	tx.Extra = raw
	return err
}

func (a *api) passOf(r *http.Request, tenant string) entities.Name {
	return entities.Name{Provider: a.Provider.Name, Tenant: tenant, Kind: passKind, ID: r.PathValue("id")}
}

func (a *api) answerPass(w http.ResponseWriter, e *entities.Entity, err error) error {
	if err != nil {
		return err
	}
	p, err := a.newPass(e)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, p)
}

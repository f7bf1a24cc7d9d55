package ethpass

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// passKind is the kind of a pass in the provider file.
const passKind = "pass"

func (a *api) named(p project, id string) entities.Name {
	return entities.Name{Provider: a.Provider.Name, Tenant: p.Name, Kind: passKind, ID: id}
}

// passExtra is what the API stores with a pass and no event shows.
type passExtra struct {
	details
	// Signature is the owner's; nobody verifies it.
	Signature string `json:"signature,omitempty"`
	// Lost means that the owner no longer has the tokens, so a scan finds them not valid.
	Lost  bool   `json:"lost,omitempty"`
	Scans []scan `json:"scans,omitempty"` // oldest first
}

// scan is one scan of a pass.
type scan struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"` // of the barcode, at that time
}

func readExtra(extra json.RawMessage) (passExtra, error) {
	var k passExtra
	if len(extra) == 0 {
		return k, nil
	}
	err := json.Unmarshal(extra, &k)
	return k, err
}

// updateExtra changes the extra of a pass.
func updateExtra(tx *entities.Tx, change func(*passExtra) error) error {
	k, err := readExtra(tx.Extra)
	if err == nil {
		err = change(&k)
	}
	if err == nil {
		tx.Extra, err = json.Marshal(k)
	}
	return err
}

// result returns a pass as its events show it, byte for byte (E-8).
func (a *api) result(e *fixtures.Entity) ([]byte, error) {
	body, err := e.Body(a.events.scan)
	if err != nil {
		return nil, err
	}
	raw := gjson.GetBytes(body, "result").Raw
	if raw == "" {
		return nil, fmt.Errorf("the body of %s has no result", a.events.scan)
	}
	return []byte(raw), nil
}

// currentPass returns the current pass as JSON.
func (a *api) currentPass(e *entities.Entity) ([]byte, error) {
	revived, err := a.Entities.Restore(e)
	if err != nil {
		return nil, err
	}
	return a.result(revived)
}

// full returns a pass with what its events do not show: the response to a creation or a change.
func (a *api) full(r *http.Request, e *entities.Entity) ([]byte, error) {
	pass, err := a.currentPass(e)
	if err != nil {
		return nil, err
	}
	k, err := readExtra(e.Extra)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(struct {
		FileURL string `json:"fileURL"`
		details
	}{a.fileURL(r, e), k.details})
	if err != nil {
		return nil, err
	}
	return join(pass, rest), nil
}

// answerPass answers a creation or a change, unless it failed.
func (a *api) answerPass(w http.ResponseWriter, r *http.Request, e *entities.Entity, err error) error {
	if err != nil {
		return err
	}
	pass, err := a.full(r, e)
	if err == nil {
		vendorapi.WriteBytes(w, http.StatusOK, pass)
	}
	return err
}

// join appends the members of one object to another's.
func join(object, more []byte) []byte {
	var joined bytes.Buffer
	joined.Write(object[:len(object)-1])
	joined.WriteByte(',')
	joined.Write(more[1:])
	return joined.Bytes()
}

func (a *api) getPass(w http.ResponseWriter, r *http.Request, p project) error {
	from, until, asked, err := scanHistory(r)
	if err != nil {
		return err
	}
	e, err := a.pass(p, r.PathValue("id"))
	if err != nil {
		return err
	}
	pass, err := a.currentPass(&e)
	if err != nil {
		return err
	}
	if asked {
		k, err := readExtra(e.Extra)
		if err != nil {
			return err
		}
		history := k.history(from, until)
		raw, err := json.Marshal(history)
		if err != nil {
			return err
		}
		if pass, err = sjson.SetRawBytes(pass, "scanHistory", raw); err != nil {
			return err
		}
	}
	vendorapi.WriteBytes(w, http.StatusOK, pass)
	return nil
}

// pass returns a pass of the project.
func (a *api) pass(p project, id string) (entities.Entity, error) {
	e, err := a.Entities.Get(a.named(p, id))
	if err != nil {
		return e, noPass(id, err)
	}
	return e, nil
}

// deletePass revokes a pass. With expireAction in the query it expires for another reason: no
// document names one (E-3), and a consumer should accept any.
func (a *api) deletePass(w http.ResponseWriter, r *http.Request, p project) error {
	q, err := query(r)
	if err != nil {
		return err
	}
	e, err := a.expire(r, p, r.PathValue("id"), q.Get("expireAction"))
	if err != nil {
		return err
	}
	pass, err := a.currentPass(&e)
	if err != nil {
		return err
	}
	vendorapi.WriteBytes(w, http.StatusOK, pass)
	return nil
}

// expire expires a pass; action "" means that its user revokes it.
func (a *api) expire(r *http.Request, p project, id, action string) (entities.Entity, error) {
	step := fixtures.Step{Event: a.events.expire}
	if action != "" {
		if len(action) > 64 || strings.Trim(action, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			return entities.Entity{}, invalid("expireAction %.80q: want at most 64 capitals and underscores, as in USER_REVOKE.", action)
		}
		step.Overrides = fixtures.Overrides{"expire_action": json.RawMessage(`"` + action + `"`)}
	}
	return a.updatePass(r, p, id, func(tx *entities.Tx) error {
		_, err := tx.Trigger(step)
		return err
	})
}

// updatePass updates a pass of the project.
func (a *api) updatePass(r *http.Request, p project, id string, update func(*entities.Tx) error) (entities.Entity, error) {
	e, err := a.Entities.Update(r.Context(), a.named(p, id), update)
	if err != nil {
		return e, noPass(id, err)
	}
	return e, nil
}

// putOwnership says whether the owner still holds the tokens of a pass, which ethpass would read
// from the chain.
func (a *api) putOwnership(w http.ResponseWriter, r *http.Request, p project) error {
	var in struct {
		Valid *bool `json:"valid"`
	}
	if err := read(w, r, &in, false); err != nil {
		return err
	}
	if in.Valid == nil {
		return invalid("valid: say true or false.")
	}
	if _, err := a.updatePass(r, p, r.PathValue("id"), func(tx *entities.Tx) error {
		return updateExtra(tx, func(k *passExtra) error { k.Lost = !*in.Valid; return nil })
	}); err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, in)
}

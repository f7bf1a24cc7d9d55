package ethpass

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// postRegistration installs a pass in a wallet: the pass gets a registration. The device in the
// body is ignored.
func (a *api) postRegistration(w http.ResponseWriter, r *http.Request, p project) error {
	var device map[string]json.RawMessage
	if err := read(w, r, &device, true); err != nil {
		return err
	}
	var added []byte
	if _, err := a.updatePass(r, p, r.PathValue("id"), func(tx *entities.Tx) error {
		event, err := tx.Trigger(fixtures.Step{Event: a.events.register})
		if err != nil {
			return err
		}
		list := gjson.GetBytes(event.Body, "result.registrations").Array()
		if len(list) == 0 {
			return fmt.Errorf("%s has added no registration", a.events.register)
		}
		added = []byte(list[len(list)-1].Raw)
		return nil
	}); err != nil {
		return err
	}
	vendorapi.WriteBytes(w, http.StatusCreated, added)
	return nil
}

// deleteRegistration removes a pass from a wallet: the registration stays, with the time of its
// end.
func (a *api) deleteRegistration(w http.ResponseWriter, r *http.Request, p project) error {
	id := r.PathValue("registration")
	var removed []byte
	if _, err := a.updatePass(r, p, r.PathValue("id"), func(tx *entities.Tx) error {
		registrations, _ := tx.Get("registrations")
		at, registration := find(registrations, id)
		if at < 0 {
			return vendorapi.Errorf(http.StatusNotFound, "The pass has no registration %.80q.", id)
		}
		if registration.Get("deletedAt").Type != gjson.Null {
			return vendorapi.Errorf(http.StatusConflict, "Registration %q was removed at %s.", id, registration.Get("deletedAt"))
		}
		event, err := tx.Trigger(fixtures.Step{Event: a.events.unregister, Overrides: fixtures.Overrides{"gone": json.RawMessage(registration.Raw)}})
		if err != nil {
			return err
		}
		removed = []byte(gjson.GetBytes(event.Body, fmt.Sprintf("result.registrations.%d", at)).Raw)
		return nil
	}); err != nil {
		return err
	}
	vendorapi.WriteBytes(w, http.StatusOK, removed)
	return nil
}

// find returns the index of a registration in a list, or -1.
func find(registrations []byte, id string) (int, gjson.Result) {
	for i, one := range gjson.ParseBytes(registrations).Array() {
		if one.Get("id").Str == id {
			return i, one
		}
	}
	return -1, gjson.Result{}
}

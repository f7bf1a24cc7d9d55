package neostore

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// device is a device that a pass is installed on, as the entity has it.
type device struct {
	Kind string `json:"kind"` // apple or google
	ID   string `json:"id"`
}

// raw returns the device as the entity has it.
func (d *device) raw() json.RawMessage {
	return json.RawMessage(`{"kind":` + string(quote(d.Kind)) + `,"id":` + string(quote(d.ID)) + `}`)
}

// installation is a device as the API shows it.
type installation struct {
	Device           string `json:"device"`
	DeviceIdentifier string `json:"deviceIdentifier"`
	InstallationDate string `json:"installationDate"`
}

// installInput is the body of an installation; without an identifier one is generated.
type installInput struct {
	Device           json.RawMessage `json:"device"`
	DeviceIdentifier json.RawMessage `json:"deviceIdentifier"`
}

const maxDeviceIdentifier = 200

// devicesOf returns the devices that a pass is installed on, in the order of their installation.
func devicesOf(tx *entities.Tx) ([]device, error) {
	var devices []device
	raw, _ := tx.Get("devices")
	if err := json.Unmarshal(raw, &devices); err != nil {
		return nil, fmt.Errorf("devices of a pass: %w", err)
	}
	return devices, nil
}

func (a *api) listDevices(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.Entities.Get(a.passOf(r, tenant))
	if err != nil {
		return notFound("pass", r, err)
	}
	list, err := a.installations(&e)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, list)
}

func (a *api) installations(e *entities.Entity) ([]installation, error) {
	var fields passFields
	if err := json.Unmarshal(e.Fields, &fields); err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name(), err)
	}
	extra, err := readExtra(e.Name(), e.Extra)
	if err != nil {
		return nil, err
	}
	list := []installation{}
	for _, d := range fields.Devices {
		i := installation{d.Kind, d.ID, stamp(extra.Installed[d.ID])}
		if a.Provider.Option("device") == "title" {
			i.Device = strings.ToUpper(i.Device[:1]) + i.Device[1:]
		}
		list = append(list, i)
	}
	return list, nil
}

// install installs a pass on a device. Nothing happens when the device has it, as when a device
// registers a pass twice.
func (a *api) install(w http.ResponseWriter, r *http.Request, tenant string) error {
	var in installInput
	if err := readInput(w, r, &in); err != nil {
		return err
	}
	wrong, on := fieldErrors{}, device{}
	if given(in.Device) {
		on.Kind = strings.ToLower(wrong.text("device", in.Device, 200))
	}
	if on.Kind != "apple" && on.Kind != "google" && len(wrong) == 0 {
		wrong.add("device", "The device is required: apple or google.")
	}
	if given(in.DeviceIdentifier) {
		if on.ID = wrong.text("deviceIdentifier", in.DeviceIdentifier, maxDeviceIdentifier); on.ID == "" && len(wrong) == 0 {
			wrong.add("deviceIdentifier", "The text is empty.")
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	e, err := a.Entities.Update(r.Context(), a.passOf(r, tenant), func(tx *entities.Tx) error {
		devices, err := devicesOf(tx)
		if err != nil || slices.ContainsFunc(devices, func(d device) bool { return d.ID == on.ID }) {
			return err
		}
		g := fixtures.Overrides{"kind": quote(on.Kind)}
		if on.ID != "" {
			g["device"] = on.raw()
		}
		installed, err := tx.Trigger(fixtures.Step{Event: a.event("Pass:Installed"), To: "installed", Overrides: g})
		if err != nil {
			return err
		}
		if devices, err = devicesOf(tx); err != nil {
			return err
		}
		on = devices[len(devices)-1]
		extra, err := readExtra(a.passOf(r, tenant), tx.Extra)
		if err != nil {
			return err
		}
		if extra.Installed == nil {
			extra.Installed = map[string]time.Time{}
		}
		extra.Installed[on.ID] = installed.At
		return extra.keep(tx)
	})
	if err != nil {
		return notFound("pass", r, err)
	}
	list, err := a.installations(&e)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(i installation) bool { return i.DeviceIdentifier == on.ID })
	return vendorapi.Write(w, http.StatusOK, list[at])
}

// uninstall removes a pass from a device.
func (a *api) uninstall(w http.ResponseWriter, r *http.Request, tenant string) error {
	id := r.PathValue("deviceIdentifier")
	_, err := a.Entities.Update(r.Context(), a.passOf(r, tenant), func(tx *entities.Tx) error {
		devices, err := devicesOf(tx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(devices, func(d device) bool { return d.ID == id })
		if at < 0 {
			return vendorapi.Errorf(http.StatusNotFound, "The pass is not installed on a device %.80q.", id)
		}
		extra, err := readExtra(a.passOf(r, tenant), tx.Extra)
		if err != nil {
			return err
		}
		delete(extra.Installed, id)
		if err := extra.keep(tx); err != nil {
			return err
		}
		_, err = tx.Trigger(fixtures.Step{Event: a.event("Pass:Uninstalled"), Overrides: fixtures.Overrides{"device": devices[at].raw()}})
		return err
	})
	if err != nil {
		return notFound("pass", r, err)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

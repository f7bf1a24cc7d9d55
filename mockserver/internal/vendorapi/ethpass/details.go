package ethpass

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
)

// details are the members of a pass that its events do not show: how it looks, and what it is to
// the caller.
type details struct {
	Image      string  `json:"image,omitempty"`
	TemplateID string  `json:"templateId,omitempty"`
	ExternalID string  `json:"externalId,omitempty"`
	Barcode    members `json:"barcode,omitempty"`
	Pass       members `json:"pass,omitempty"`
}

// members are those of a JSON object.
type members map[string]json.RawMessage

// merge merges the members of others; null removes one.
func (m *members) merge(others members) {
	for name, value := range others {
		if string(value) == "null" {
			delete(*m, name)
			continue
		}
		if *m == nil {
			*m = members{}
		}
		(*m)[name] = value
	}
}

// message returns the message of the barcode, which only a scan shows.
func (d *details) message() string { return gjson.ParseBytes(d.Barcode["message"]).String() }

// maxText bounds each text of the details, in bytes. An image may be the image itself.
const (
	maxText  = 4096
	maxImage = 512 << 10
)

func (d *details) check() error {
	for name, text := range map[string]string{"templateId": d.TemplateID, "externalId": d.ExternalID} {
		if len(text) > maxText {
			return invalid("%s: %d bytes, at most %d.", name, len(text), maxText)
		}
	}
	if len(d.Image) > maxImage {
		return invalid("image: %d bytes, at most %d: give its URL.", len(d.Image), maxImage)
	}
	if message := gjson.ParseBytes(d.Barcode["message"]); message.Exists() && (message.Type != gjson.String || len(message.Str) > maxText) {
		return invalid("barcode.message: want a text of at most %d bytes.", maxText)
	}
	redirect := gjson.ParseBytes(d.Barcode["redirect"])
	if !redirect.Exists() || redirect.Type == gjson.Null {
		return nil
	}
	target, err := url.Parse(redirect.Get("url").String())
	if !redirect.IsObject() || err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		return invalid("barcode.redirect.url %.200q: want an absolute http or https URL.", redirect.Get("url").String())
	}
	return nil
}

// patch is the body that changes details: what is left out stays.
type patch struct {
	Image, TemplateID, ExternalID *string
	Barcode, Pass                 members
}

func (p *patch) apply(d *details) error {
	for into, text := range map[*string]*string{&d.Image: p.Image, &d.TemplateID: p.TemplateID, &d.ExternalID: p.ExternalID} {
		if text != nil {
			*into = *text
		}
	}
	d.Barcode.merge(p.Barcode)
	d.Pass.merge(p.Pass)
	return d.check()
}

// patchPass changes details, without an event.
func (a *api) patchPass(w http.ResponseWriter, r *http.Request, p project) error {
	var in patch
	if err := read(w, r, &in, false); err != nil {
		return err
	}
	e, err := a.updatePass(r, p, r.PathValue("id"), func(tx *entities.Tx) error {
		return updateExtra(tx, func(k *passExtra) error { return in.apply(&k.details) })
	})
	return a.answerPass(w, r, &e, err)
}

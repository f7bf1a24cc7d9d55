package ethpass

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// fileURL returns where the owner downloads the pass. The URL needs no key, as with ethpass.
func (a *api) fileURL(r *http.Request, e *entities.Entity) string {
	return vendorapi.Base(r) + "/v0/files/" + url.PathEscape(e.Tenant) + "/" + url.PathEscape(e.ID)
}

// getDistribution answers with where the pass is downloaded, as a demonstration of ethpass asks for
// it.
func (a *api) getDistribution(w http.ResponseWriter, r *http.Request, p project) error {
	e, err := a.pass(p, r.PathValue("id"))
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, struct {
		FileURL  string `json:"fileURL"`
		Platform string `json:"platform"`
	}{a.fileURL(r, &e), gjson.GetBytes(e.Fields, "platform").Str})
}

// file describes a pass. The real file is an archive that is signed with Apple's or Google's keys.
type file struct {
	ID        string  `json:"id"`
	Platform  string  `json:"platform"`
	Barcode   barcode `json:"barcode"`
	Image     string  `json:"image,omitempty"`
	Pass      members `json:"pass,omitempty"`
	ExpiredAt *string `json:"expiredAt"`
}

// barcode is what a scanner sees: the signature, after the redirect's URL if the pass has one.
type barcode struct {
	Message string          `json:"message"`
	Format  json.RawMessage `json:"format,omitempty"`
}

func (a *api) getFile(w http.ResponseWriter, r *http.Request) error {
	e, err := a.pass(project{Name: r.PathValue("project")}, r.PathValue("id"))
	if err != nil {
		return err
	}
	pass, err := a.currentPass(&e)
	if err != nil {
		return err
	}
	k, err := readExtra(e.Extra)
	if err != nil {
		return err
	}
	out := file{
		ID: e.ID, Platform: gjson.GetBytes(pass, "platform").Str, Image: k.Image, Pass: k.Pass,
		Barcode: barcode{
			Message: gjson.ParseBytes(k.Barcode["redirect"]).Get("url").Str + gjson.GetBytes(pass, "barcodeSignature").Str,
			Format:  k.Barcode["format"],
		},
	}
	if expired := gjson.GetBytes(pass, "expiredAt"); expired.Type == gjson.String {
		out.ExpiredAt = &expired.Str
	}
	w.Header().Set("Content-Disposition", `attachment; filename="pass.json"`)
	return vendorapi.Write(w, http.StatusOK, out)
}

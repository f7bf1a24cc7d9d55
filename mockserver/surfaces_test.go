package mockserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// echo is a surface that says where it was found, and ends what it starts with its context.
func echo(ended chan<- struct{}) vendorapi.Maker {
	return func(ctx context.Context, rig vendorapi.Rig) (http.Handler, error) {
		context.AfterFunc(ctx, func() { close(ended) })
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _, demo := rig.Dispatcher.KeyOf(rig.Provider.Name, delivery.DemoKey)
			_ = vendorapi.Write(w, http.StatusOK, map[string]any{"base": vendorapi.Base(r), "path": r.URL.Path, "demo": demo})
		}), nil
	}
}

func text(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestSurfacesHaveAddresses(t *testing.T) {
	t.Parallel()
	here, there := make(chan struct{}), make(chan struct{})
	desk := func(vendorapi.Parts) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "desk "+r.URL.Path) })
	}
	rig, err := mockserver.Start(t.Context(), mockserver.Options{
		Desk:     desk,
		Surfaces: map[string]vendorapi.Maker{"neostore": echo(here), "ethpass": echo(there)}, Addresses: map[string]string{"ethpass": "127.0.0.1:0"},
		Demo: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	neostore, ethpass := rig.SurfaceURL("neostore"), rig.SurfaceURL("ethpass")
	if neostore != rig.DeskURL()+"/neostore" || strings.HasPrefix(ethpass, rig.DeskURL()) || rig.SurfaceURL("subscribfy") != "" {
		t.Errorf("neostore at %s, ethpass at %s", neostore, ethpass)
	}
	for url, want := range map[string]string{
		neostore + "/api/x":               `{"base":"` + neostore + `","demo":true,"path":"/api/x"}`,
		ethpass + "/v0/x":                 `{"base":"` + ethpass + `","demo":true,"path":"/v0/x"}`,
		rig.DeskURL() + "/ethpass/v0/x":   `{"base":"` + rig.DeskURL() + `/ethpass","demo":true,"path":"/v0/x"}`,
		rig.DeskURL() + "/subscribfy/x":   "desk /subscribfy/x",
		rig.DeskURL() + "/api/v1/healthz": "desk /api/v1/healthz",
	} {
		if got := text(t, url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	if err := rig.Close(); err != nil {
		t.Error(err)
	}
	<-here
	<-there
}

func TestASurfaceAloneTakesAPort(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	rig := mockserver.StartT(t, mockserver.Options{Surfaces: map[string]vendorapi.Maker{"neostore": echo(ended)}})
	if got, want := text(t, rig.SurfaceURL("neostore")+"/a"), `"demo":false,"path":"/a"`; !strings.Contains(got, want) {
		t.Errorf("%s has no %s", got, want)
	}
}

// Who can be reached from other machines has no key that everybody knows.
func TestNoDemoForStrangers(t *testing.T) {
	t.Parallel()
	rig := mockserver.StartT(t, mockserver.Options{
		Surfaces: map[string]vendorapi.Maker{"neostore": echo(make(chan struct{}))}, Addresses: map[string]string{"neostore": "0.0.0.0:0"},
		Demo: true, Insecure: true,
	})
	if got := text(t, rig.SurfaceURL("neostore")); !strings.Contains(got, `"demo":false`) {
		t.Errorf("%s", got)
	}
}

func TestWrongAddressesOfSurfaces(t *testing.T) {
	t.Parallel()
	surfaces := map[string]vendorapi.Maker{"neostore": echo(make(chan struct{}))}
	for name, c := range map[string]struct {
		addresses map[string]string
		want      error
	}{
		"no such system": {map[string]string{"neostor": "127.0.0.1:0"}, fixtures.ErrUnknownProvider},
		"exposed":        {map[string]string{"neostore": "0.0.0.0:0"}, mockserver.ErrExposed},
	} {
		if _, err := mockserver.Start(t.Context(), mockserver.Options{Surfaces: surfaces, Addresses: c.addresses}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

package servertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// echo is a vendor API that returns the path of each request. Its work ends with its context.
func echo(ended chan<- struct{}) vendorapi.Factory {
	return func(ctx context.Context, server vendorapi.Backend) (http.Handler, error) {
		context.AfterFunc(ctx, func() { close(ended) })
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _, demo := server.Entities.KeyOf(server.Provider.Name, entities.DemoKey)
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

func TestVendorAPIsHaveAddresses(t *testing.T) {
	t.Parallel()
	here, there := make(chan struct{}), make(chan struct{})
	dashboard := func(vendorapi.Parts) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "dashboard "+r.URL.Path) })
	}
	server, err := mockserver.Start(t.Context(), mockserver.Options{
		Dashboard:  dashboard,
		VendorAPIs: map[string]vendorapi.Factory{"neostore": echo(here), "ethpass": echo(there)}, Addresses: map[string]string{"ethpass": "127.0.0.1:0"},
		Demo: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	neostore, ethpass := server.VendorAPIURL("neostore"), server.VendorAPIURL("ethpass")
	if neostore != server.DashboardURL()+"/neostore" || strings.HasPrefix(ethpass, server.DashboardURL()) || server.VendorAPIURL("subscribfy") != "" {
		t.Errorf("neostore at %s, ethpass at %s", neostore, ethpass)
	}
	for url, want := range map[string]string{
		neostore + "/api/x":                       `{"base":"` + neostore + `","demo":true,"path":"/api/x"}`,
		ethpass + "/v0/x":                         `{"base":"` + ethpass + `","demo":true,"path":"/v0/x"}`,
		server.DashboardURL() + "/ethpass/v0/x":   `{"base":"` + server.DashboardURL() + `/ethpass","demo":true,"path":"/v0/x"}`,
		server.DashboardURL() + "/subscribfy/x":   "dashboard /subscribfy/x",
		server.DashboardURL() + "/api/v1/healthz": "dashboard /api/v1/healthz",
	} {
		if got := text(t, url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-here
	<-there
}

func TestAVendorAPIAloneTakesAPort(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	server := mockserver.StartT(t, mockserver.Options{VendorAPIs: map[string]vendorapi.Factory{"neostore": echo(ended)}})
	if got, want := text(t, server.VendorAPIURL("neostore")+"/a"), `"demo":false,"path":"/a"`; !strings.Contains(got, want) {
		t.Errorf("%s has no %s", got, want)
	}
}

// A server that other machines can reach has no key that everybody knows.
func TestNoDemoForStrangers(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{
		VendorAPIs: map[string]vendorapi.Factory{"neostore": echo(make(chan struct{}))}, Addresses: map[string]string{"neostore": "0.0.0.0:0"},
		Demo: true, Insecure: true,
	})
	if got := text(t, server.VendorAPIURL("neostore")); !strings.Contains(got, `"demo":false`) {
		t.Errorf("%s", got)
	}
}

func TestWrongAddressesOfVendorAPIs(t *testing.T) {
	t.Parallel()
	vendorAPIs := map[string]vendorapi.Factory{"neostore": echo(make(chan struct{}))}
	for name, c := range map[string]struct {
		addresses map[string]string
		want      error
	}{
		"no such system": {map[string]string{"neostor": "127.0.0.1:0"}, fixtures.ErrUnknownProvider},
		"exposed":        {map[string]string{"neostore": "0.0.0.0:0"}, mockserver.ErrExposed},
	} {
		if _, err := mockserver.Start(t.Context(), mockserver.Options{VendorAPIs: vendorAPIs, Addresses: c.addresses}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

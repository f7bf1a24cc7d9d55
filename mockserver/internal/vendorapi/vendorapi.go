package vendorapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Backend is the server that a vendor API works on.
type Backend struct {
	Dispatcher *delivery.Dispatcher
	Entities   *entities.Registry
	Store      journal.Store
	Provider   *fixtures.Provider // the system that is played
	// Capture is the capture address, http://host:port, for examples.
	Capture string
	// Reachable returns why the server may not redirect a browser to a host. It may to loopback and
	// to allowed hosts.
	Reachable func(ctx context.Context, host string) error
	Log       *slog.Logger
}

// Parts are the parts of a server that its dashboard works on.
type Parts struct {
	Dispatcher *delivery.Dispatcher
	Entities   *entities.Registry
	Capture    *capture.Server
	Store      journal.Store
	Catalogue  *fixtures.Catalogue
	// Wire sends the dashboard's own requests, only to where the server may deliver to.
	Wire *wire.Client
	// VendorAPIs are the addresses of the vendor APIs, by provider: a URL, or a path of the
	// dashboard.
	VendorAPIs map[string]string
	// Nodes lists the servers that use the same store.
	Nodes func(context.Context) ([]journal.Node, error)
	// Ready returns why the server should get no requests now, or nil.
	Ready func() error
}

// Factory returns the handler of one vendor API. What it starts ends with ctx.
type Factory func(ctx context.Context, server Backend) (http.Handler, error)

type baseKey struct{}

// Mount serves h below a prefix such as /neostore.
func Mount(prefix string, h http.Handler) http.Handler {
	return http.StripPrefix(prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), baseKey{}, prefix)))
	}))
}

// Prefix returns what the caller's paths have before those of the vendor API: "" or "/neostore".
func Prefix(r *http.Request) string {
	prefix, _ := r.Context().Value(baseKey{}).(string)
	return prefix
}

// Base returns the address of the vendor API that the caller used, without a slash at the end.
func Base(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: Prefix(r)}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

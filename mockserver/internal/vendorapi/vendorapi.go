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

// Server is what a vendor API is made over.
type Backend struct {
	Dispatcher *delivery.Dispatcher
	Entities   *entities.Registry
	Store      journal.Store
	Provider   *fixtures.Provider // the system that is played
	// Capture is the capture address, http://host:port, for examples.
	Capture string
	// Reachable says whether the server may send somebody's browser to a host: loopback, and what is allowed besides. The
	// error says why not.
	Reachable func(ctx context.Context, host string) error
	Log       *slog.Logger
}

// Parts are those of a whole server, which its dashboard is made over.
type Parts struct {
	Dispatcher *delivery.Dispatcher
	Entities   *entities.Registry
	Capture    *capture.Server
	Store      journal.Store
	Catalogue  *fixtures.Catalogue
	// Wire sends what the dashboard sends by itself, only to where the server may deliver to.
	Wire *wire.Client
	// VendorAPIs are the addresses of the systems' own APIs, by provider: a URL, or a path of the dashboard.
	VendorAPIs map[string]string
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

// Prefix is what the paths of the vendor API have in front, where its caller found it: "" or "/neostore".
func Prefix(r *http.Request) string {
	prefix, _ := r.Context().Value(baseKey{}).(string)
	return prefix
}

// Base is the address of the vendor API, as its caller knows it, without a slash at the end.
func Base(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: Prefix(r)}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

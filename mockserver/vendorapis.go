package mockserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// vendorAPIServer serves one vendor API.
type vendorAPIServer struct {
	provider string
	handler  http.Handler
	own      *webServer // its separate address; nil when only the dashboard serves it
	stop     context.CancelFunc
}

// makeVendorAPIs makes the handlers of the vendor APIs.
func (s *Server) makeVendorAPIs(ctx context.Context, o Options, guard *wire.Guard) error {
	for _, name := range slices.Sorted(maps.Keys(o.VendorAPIs)) {
		p, err := o.Catalogue.Provider(name)
		if err != nil {
			return err
		}
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		handler, err := o.VendorAPIs[name](own, vendorapi.Backend{
			Dispatcher: s.dispatcher, Entities: s.entities, Store: s.store, Provider: p, Capture: s.capture.URL(), Reachable: guard.CheckHost,
			Log: o.Log.With("provider", name),
		})
		if err != nil {
			stop()
			return fmt.Errorf("start the API of %s: %w", name, err)
		}
		s.vendorAPIs = append(s.vendorAPIs, &vendorAPIServer{provider: name, handler: handler, stop: stop})
	}
	return nil
}

// withVendorAPIs serves the vendor APIs below their names, and everything else with next.
func (s *Server) withVendorAPIs(next http.Handler) http.Handler {
	if len(s.vendorAPIs) == 0 {
		return next
	}
	mux := http.NewServeMux()
	mux.Handle("/", next)
	for _, f := range s.vendorAPIs {
		mux.Handle("/"+f.provider+"/", vendorapi.Mount("/"+f.provider, f.handler))
	}
	return mux
}

// startVendorAPIs starts a web server for each vendor API that has a separate address. Without a
// dashboard it starts one for each vendor API.
func (s *Server) startVendorAPIs(o Options) error {
	for _, f := range s.vendorAPIs {
		address := o.Addresses[f.provider]
		if address == "" && o.Dashboard == nil {
			address = anyPort
		}
		if address == "" {
			continue
		}
		var err error
		if f.own, err = startWeb(o, address, nil, s.endingConnections(f.handler)); err != nil {
			return listenError(f.provider, address, err)
		}
	}
	return nil
}

// vendorAPIAddresses returns where the vendor APIs are, by provider: the URL of a separate address,
// or the path below the dashboard.
func (s *Server) vendorAPIAddresses() map[string]string {
	addresses := map[string]string{}
	for _, f := range s.vendorAPIs {
		addresses[f.provider] = "/" + f.provider
		if f.own != nil {
			addresses[f.provider] = f.own.url
		}
	}
	return addresses
}

func (s *Server) closeVendorAPIs(ctx context.Context, patience time.Duration) error {
	var errs []error
	for _, f := range s.vendorAPIs {
		if f.own != nil {
			errs = append(errs, f.own.close(ctx, patience))
		}
		f.stop()
	}
	return errors.Join(errs...)
}

// VendorAPIURL returns the URL of a provider's vendor API: at its separate address if it has one,
// else below the dashboard; "" without one.
func (s *Server) VendorAPIURL(provider string) string {
	for _, f := range s.vendorAPIs {
		switch {
		case f.provider != provider:
		case f.own != nil:
			return f.own.url
		case s.dashboard != nil:
			return s.dashboard.url + "/" + provider
		}
	}
	return ""
}

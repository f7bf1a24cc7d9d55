package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// vendorAPIFlags are the flags for the vendor APIs.
type vendorAPIFlags struct {
	addresses, keys []string
	demo            bool
}

func (s *vendorAPIFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&s.addresses, "address", nil,
		"also serve this provider's API at its own address, `PROVIDER=HOST:PORT`, not only below the dashboard; repeatable")
	f.StringArrayVar(&s.keys, "api-key", nil,
		"key of a provider's API for a tenant, store or project, `PROVIDER=TENANT:KEY[:SCOPE,…]`; repeatable")
	f.BoolVar(&s.demo, "seed-demo", false, "fill the demo tenants with realistic data, delivered to bins of this server")
}

// seed fills the demo tenants if --seed-demo is set.
func (s *vendorAPIFlags) seed(ctx context.Context, server *mockserver.Server) error {
	if !s.demo {
		return nil
	}
	return server.SeedDemo(ctx)
}

// apply copies the flags to the options of a server.
func (s *vendorAPIFlags) apply(o *mockserver.Options) error {
	o.VendorAPIs, o.Addresses, o.Demo = dashboard.VendorAPIs(), map[string]string{}, true
	for _, text := range s.addresses {
		name, address, ok := strings.Cut(text, "=")
		if !ok || name == "" || address == "" {
			return misusef("--address %q: want PROVIDER=HOST:PORT, as in neostore=127.0.0.1:8090", text)
		}
		if _, err := o.Catalogue.Provider(name); err != nil {
			return misusef("--address %q: %w", text, err)
		}
		if o.VendorAPIs[name] == nil {
			return misusef("--address %q: there is no API of %s: want one of %s", text, name, strings.Join(slices.Sorted(maps.Keys(o.VendorAPIs)), ", "))
		}
		o.Addresses[name] = address
	}
	return s.tenants(o)
}

// tenants adds the tenants of the keys, each once with all of its keys.
func (s *vendorAPIFlags) tenants(o *mockserver.Options) error {
	for _, text := range s.keys {
		name, tenant, key, err := parseKey(text)
		if err == nil {
			_, err = o.Catalogue.Provider(name)
		}
		if err != nil {
			return misusef("--api-key %q: %w", text, err)
		}
		at := slices.IndexFunc(o.Tenants, func(t mockserver.Tenant) bool { return t.Provider == name && t.Name == tenant })
		if at < 0 {
			at, o.Tenants = len(o.Tenants), append(o.Tenants, mockserver.Tenant{Provider: name, Name: tenant})
		}
		o.Tenants[at].Keys = append(o.Tenants[at].Keys, key)
	}
	return nil
}

// parseKey reads PROVIDER=TENANT:KEY[:SCOPE,…].
func parseKey(text string) (system, tenant string, key mockserver.TenantKey, err error) {
	system, rest, named := strings.Cut(text, "=")
	parts := strings.SplitN(rest, ":", 3)
	if !named || system == "" || len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", "", key, errors.New("want PROVIDER=TENANT:KEY[:SCOPE,…], as in neostore=acme:a-key")
	}
	key.Key = parts[1]
	if len(parts) == 3 {
		key.Scopes = strings.Split(parts[2], ",")
	}
	return system, parts[0], key, nil
}

// print prints the address of each vendor API.
func (s *vendorAPIFlags) print(out terminal.Printer, server *mockserver.Server) {
	for _, name := range slices.Sorted(maps.Keys(dashboard.VendorAPIs())) {
		out.Printf("%-11s%s\n", name, server.VendorAPIURL(name))
	}
}

package mockserver

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"syscall"

	"github.com/hookrig/hookrig/fixtures"
)

// anyPort is the default address: a free port on loopback.
const anyPort = "127.0.0.1:0"

// checkAddresses fills in the default addresses. It refuses an address beyond loopback that no
// token guards.
func (o *Options) checkAddresses() error {
	if o.Capture == "" {
		o.Capture = anyPort
	}
	if o.DashboardAddress == "" {
		o.DashboardAddress = anyPort
	}
	for name, text := range map[string]string{"capture URL": o.CaptureURL, "dashboard URL": o.DashboardURL} {
		if err := checkPublic(name, text); err != nil {
			return err
		}
	}
	for name := range o.Addresses {
		if o.VendorAPIs[name] == nil {
			return fmt.Errorf("address of %q: %w: the server has no vendor API of that name", name, fixtures.ErrUnknownProvider)
		}
	}
	for _, a := range o.listening() {
		loopback, err := isLoopback(a.address)
		if err != nil {
			return fmt.Errorf("%s address %q: %w: want host:port, such as 127.0.0.1:8080", a.what, a.address, err)
		}
		if !loopback && o.Token == "" && !o.Insecure {
			return fmt.Errorf("%s address %q: %w: give a token, allow it with insecure, or listen on 127.0.0.1",
				a.what, a.address, ErrExposed)
		}
	}
	return nil
}

// listening returns every address that the server listens on.
func (o *Options) listening() []struct{ what, address string } {
	addresses := []struct{ what, address string }{{"capture", o.Capture}}
	if o.CaptureTLS != "" {
		addresses = append(addresses, struct{ what, address string }{"TLS capture", o.CaptureTLS})
	}
	if o.Dashboard != nil {
		addresses = append(addresses, struct{ what, address string }{"dashboard", o.DashboardAddress})
	}
	for _, name := range slices.Sorted(maps.Keys(o.Addresses)) {
		addresses = append(addresses, struct{ what, address string }{name, o.Addresses[name]})
	}
	return addresses
}

// exposed reports whether other machines can reach one of the addresses.
func (o *Options) exposed() bool {
	return slices.ContainsFunc(o.listening(), func(a struct{ what, address string }) bool {
		loopback, err := isLoopback(a.address)
		return err != nil || !loopback
	})
}

// isLoopback reports whether only this machine can reach a listening address.
func isLoopback(address string) (bool, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false, err
	}
	return addr.IP.IsLoopback(), nil
}

// listenError says which address could not be opened and what to do.
func listenError(what, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s address %s is in use: stop the other program, or choose another address (port 0 takes a free one): %w",
			what, address, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s address %s is not allowed: use a port above 1023: %w", what, address, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s address %s does not belong to this machine: use 127.0.0.1 or 0.0.0.0: %w", what, address, err)
	default:
		return fmt.Errorf("start the %s at %s: %w", what, address, err)
	}
}

// checkPublic refuses a public URL that is not a plain http or https URL.
func checkPublic(name, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s %q: want the URL that other machines use, such as https://hooks.example.com or http://127.0.0.1:9001/server", name, text)
	}
	return nil
}

package hookrig

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
)

// DashboardURL returns the URL of the dashboard as this machine reaches it: the page, and the HTTP
// API that mockserver.Dial uses.
func (c *Container) DashboardURL(ctx context.Context) (string, error) {
	return c.PortEndpoint(ctx, dashboardPort, "http")
}

// MustDashboardURL is DashboardURL. It panics on an error.
func (c *Container) MustDashboardURL(ctx context.Context) string { return must(c.DashboardURL(ctx)) }

// CaptureURL returns the URL of the capture address as this machine reaches it. A bin is the first
// segment of its path.
func (c *Container) CaptureURL(ctx context.Context) (string, error) {
	return c.PortEndpoint(ctx, capturePort, "http")
}

// MustCaptureURL is CaptureURL. It panics on an error.
func (c *Container) MustCaptureURL(ctx context.Context) string { return must(c.CaptureURL(ctx)) }

// CaptureTLSURL returns the https URL of the capture address as this machine reaches it. It needs
// WithTLSCapture.
func (c *Container) CaptureTLSURL(ctx context.Context) (string, error) {
	if !c.settings.tls {
		return "", errors.New("the capture address has no TLS: add WithTLSCapture() to Run")
	}
	return c.PortEndpoint(ctx, captureTLSPort, "https")
}

// MustCaptureTLSURL is CaptureTLSURL. It panics on an error.
func (c *Container) MustCaptureTLSURL(ctx context.Context) string { return must(c.CaptureTLSURL(ctx)) }

// BinURL returns the URL of a bin as this machine reaches it. The bin is made on first use.
func (c *Container) BinURL(ctx context.Context, bin string) (string, error) {
	capture, err := c.CaptureURL(ctx)
	if err != nil {
		return "", err
	}
	return binURL(capture, bin)
}

// MustBinURL is BinURL. It panics on an error.
func (c *Container) MustBinURL(ctx context.Context, bin string) string {
	return must(c.BinURL(ctx, bin))
}

// InternalBinURL returns the URL of a bin as other containers of the same network reach it: by the
// container's first alias, or by its address in a network without aliases, such as Docker's default
// one.
func (c *Container) InternalBinURL(ctx context.Context, bin string) (string, error) {
	capture, err := c.internalURL(ctx, capturePort)
	if err != nil {
		return "", err
	}
	return binURL(capture, bin)
}

// MustInternalBinURL is InternalBinURL. It panics on an error.
func (c *Container) MustInternalBinURL(ctx context.Context, bin string) string {
	return must(c.InternalBinURL(ctx, bin))
}

// InternalDashboardURL returns the URL of the dashboard as other containers of the same network
// reach it, by the host of InternalBinURL.
func (c *Container) InternalDashboardURL(ctx context.Context) (string, error) {
	return c.internalURL(ctx, dashboardPort)
}

// MustInternalDashboardURL is InternalDashboardURL. It panics on an error.
func (c *Container) MustInternalDashboardURL(ctx context.Context) string {
	return must(c.InternalDashboardURL(ctx))
}

// VendorURL returns the base URL of a provider's own API as this machine reaches it: the root of its
// address with WithAddress, else a path below the dashboard. Below it are the paths of the provider,
// such as /api/{tenant}/webhooks. A call needs a key of WithAPIKey.
func (c *Container) VendorURL(ctx context.Context, provider string) (string, error) {
	port, path := c.vendorAt(provider)
	base, err := c.PortEndpoint(ctx, port, "http")
	if err != nil {
		return "", err
	}
	return base + path, nil
}

// MustVendorURL is VendorURL. It panics on an error.
func (c *Container) MustVendorURL(ctx context.Context, provider string) string {
	return must(c.VendorURL(ctx, provider))
}

// InternalVendorURL returns the base URL of a provider's own API as other containers of the same
// network reach it, by the host of InternalBinURL. A consumer registers its endpoint below it.
func (c *Container) InternalVendorURL(ctx context.Context, provider string) (string, error) {
	port, path := c.vendorAt(provider)
	base, err := c.internalURL(ctx, port)
	if err != nil {
		return "", err
	}
	return base + path, nil
}

// MustInternalVendorURL is InternalVendorURL. It panics on an error.
func (c *Container) MustInternalVendorURL(ctx context.Context, provider string) string {
	return must(c.InternalVendorURL(ctx, provider))
}

// vendorAt returns where a provider's own API is: a port of the image, and a path.
func (c *Container) vendorAt(provider string) (port, path string) {
	if n := slices.Index(c.settings.addresses, provider); n >= 0 {
		return addressPort(n), ""
	}
	return dashboardPort, "/" + url.PathEscape(provider)
}

// HostTargetURL returns the URL of the consumer of WithHostTarget as the container reaches it,
// without a path.
func (c *Container) HostTargetURL() (string, error) {
	if c.settings.hostPort == 0 {
		return "", errors.New("there is no consumer on the host: add WithHostTarget(port) to Run")
	}
	return fmt.Sprintf("http://%s:%d", hostName, c.settings.hostPort), nil
}

// MustHostTargetURL is HostTargetURL. It panics on an error.
func (c *Container) MustHostTargetURL() string { return must(c.HostTargetURL()) }

// internalURL returns the URL of a port of the image as other containers of the same network reach
// it.
func (c *Container) internalURL(ctx context.Context, port string) (string, error) {
	host, err := c.internalHost(ctx)
	if err != nil {
		return "", err
	}
	return "http://" + net.JoinHostPort(host, strings.TrimSuffix(port, "/tcp")), nil
}

// internalHost returns the name or address of the container in its networks: the first alias by
// the name of the network, else the address.
func (c *Container) internalHost(ctx context.Context) (string, error) {
	aliases, err := c.NetworkAliases(ctx)
	if err != nil {
		return "", err
	}
	for _, network := range slices.Sorted(maps.Keys(aliases)) {
		for _, alias := range aliases[network] {
			// Docker adds the short id as an alias.
			if !strings.HasPrefix(c.GetContainerID(), alias) {
				return alias, nil
			}
		}
	}
	ip, err := c.ContainerIP(ctx)
	if err == nil && ip == "" {
		err = errors.New("the container is in no network, or has no address in its network")
	}
	return ip, err
}

func binURL(capture, bin string) (string, error) {
	if bin == "" || strings.Contains(bin, "/") {
		return "", fmt.Errorf("bin %q: want a name without a slash", bin)
	}
	return capture + "/" + url.PathEscape(bin), nil
}

func must(text string, err error) string {
	if err != nil {
		panic(err)
	}
	return text
}

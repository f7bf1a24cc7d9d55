package hookrig

import (
	"context"
	"fmt"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// The ports of the image.
const (
	dashboardPort  = "8080/tcp"
	capturePort    = "8081/tcp"
	captureTLSPort = "8443/tcp"
)

// Container represents the hookrig container type used in the module
type Container struct {
	testcontainers.Container
	settings options
}

// Run creates and starts a hookrig server in a container of the image, and waits until it is
// healthy. On an error the container is not nil if it was created, so that you can still remove it.
func Run(ctx context.Context, img string, opts ...testcontainers.ContainerCustomizer) (*Container, error) {
	var settings options
	moduleOpts, err := settings.gather(opts)
	if err != nil {
		return nil, fmt.Errorf("run hookrig: %w", err)
	}

	ctr, err := testcontainers.Run(ctx, img, moduleOpts...)
	var c *Container
	if ctr != nil {
		c = &Container{Container: ctr, settings: settings}
	}
	if err != nil {
		return c, fmt.Errorf("run hookrig: %w", err)
	}
	return c, nil
}

// gather returns the options of the container in their order: the module's defaults, the caller's,
// and what reads the result.
func (o *options) gather(opts []testcontainers.ContainerCustomizer) ([]testcontainers.ContainerCustomizer, error) {
	for _, opt := range opts {
		if opt, ok := opt.(Option); ok {
			if err := opt(o); err != nil {
				return nil, err
			}
		}
	}
	moduleOpts := []testcontainers.ContainerCustomizer{
		testcontainers.WithExposedPorts(dashboardPort, capturePort),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/healthz").WithPort(dashboardPort).
			WithStartupTimeout(time.Minute).WithPollInterval(20 * time.Millisecond)),
	}
	moduleOpts = append(moduleOpts, o.customizers()...)
	moduleOpts = append(moduleOpts, opts...)
	return append(moduleOpts, o.read()), nil
}

package hookrig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
)

// Where the module puts files in the container.
const (
	scenarioDir = "/scenarios"
	providerDir = "/providers"
	dataDir     = "/data"
)

// hostName is the name of this machine in a container of WithHostTarget.
const hostName = "host.docker.internal"

// options are the settings that the methods of the container need again.
type options struct {
	tls       bool
	hostPort  int      // 0 without WithHostTarget
	scenarios bool     // files were given
	addresses []string // the providers of WithAddress, in the order of their ports
}

// Option is an option of the module that the methods of the container need to know.
type Option func(*options) error

var _ testcontainers.ContainerCustomizer = Option(nil)

// Customize is a no-op: Run applies the option.
func (Option) Customize(*testcontainers.GenericContainerRequest) error { return nil }

// customizers returns what the settings change in the request.
func (o *options) customizers() (list []testcontainers.ContainerCustomizer) {
	if o.tls {
		list = append(list,
			testcontainers.WithExposedPorts(captureTLSPort),
			testcontainers.WithEnv(map[string]string{"HOOKRIG_CAPTURE_TLS": ":8443"}))
	}
	for i, provider := range o.addresses {
		port := addressPort(i)
		list = append(list,
			testcontainers.WithExposedPorts(port),
			addEnv("HOOKRIG_ADDRESS", ",", provider+"=:"+strings.TrimSuffix(port, "/tcp")))
	}
	if o.hostPort != 0 {
		list = append(list, WithAllowTarget(hostName), testcontainers.WithHostConfigModifier(func(c *container.HostConfig) {
			c.ExtraHosts = append(c.ExtraHosts, hostName+":host-gateway")
		}))
	}
	return list
}

// read notes what the request says in the end.
func (o *options) read() testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		o.scenarios = slices.ContainsFunc(req.Files, func(f testcontainers.ContainerFile) bool {
			return strings.HasPrefix(f.ContainerFilePath, scenarioDir+"/")
		})
		return nil
	}
}

// WithTLSCapture adds an https capture address (CaptureTLSURL). Its certificate authority is at
// the path /api/v1/ca.pem of the dashboard.
func WithTLSCapture() Option {
	return func(o *options) error {
		o.tls = true
		return nil
	}
}

// WithHostTarget permits deliveries to a consumer that listens on a port, 1 to 65535, of the
// machine that runs the Docker engine. HostTargetURL is its URL. The consumer must listen on an
// address that containers reach, such as 0.0.0.0: on Linux 127.0.0.1 is not one.
func WithHostTarget(port int) Option {
	return func(o *options) error {
		if port < 1 || port > 65535 {
			return fmt.Errorf("host target: port %d: want 1 to 65535", port)
		}
		o.hostPort = port
		return nil
	}
}

// WithAllowTarget permits deliveries and forwards to hosts and networks, besides the server's own
// bins: "consumer", "10.1.0.0/16". It adds to what is already permitted.
func WithAllowTarget(hosts ...string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		const name = "HOOKRIG_ALLOW_TARGET"
		for _, host := range hosts {
			if host == "" || strings.ContainsAny(host, ", \t\n") {
				return fmt.Errorf("allow target %q: want one host name, address or CIDR", host)
			}
		}
		return addEnv(name, ",", hosts...)(req)
	}
}

// addEnv adds values to a variable that has several.
func addEnv(name, separator string, values ...string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		all := values
		if before := req.Env[name]; before != "" {
			all = append([]string{before}, values...)
		}
		return testcontainers.WithEnv(map[string]string{name: strings.Join(all, separator)})(req)
	}
}

// WithPorts publishes the dashboard and the capture address at fixed ports of this machine, 1 to
// 65535; 0 is a free port. It is for programs whose configuration names a port before the container
// runs. Tests that run at the same time need different ports.
func WithPorts(dashboard, capture int) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		fixed := network.PortMap{}
		for port, number := range map[string]int{dashboardPort: dashboard, capturePort: capture} {
			if number < 0 || number > 65535 {
				return fmt.Errorf("ports: %d: want 1 to 65535, or 0 for a free port", number)
			}
			fixed[network.MustParsePort(port)] = []network.PortBinding{{HostPort: strconv.Itoa(number)}}
		}
		return testcontainers.WithHostConfigModifier(func(c *container.HostConfig) {
			if c.PortBindings == nil {
				c.PortBindings = network.PortMap{}
			}
			maps.Copy(c.PortBindings, fixed)
		})(req)
	}
}

// WithAddress serves the provider's own API also at the root of a separate address, for a client
// that knows only a host name. VendorURL and InternalVendorURL are its URLs.
func WithAddress(provider string) Option {
	return func(o *options) error {
		if provider == "" || strings.ContainsAny(provider, "=, \t\n") {
			return fmt.Errorf("address %q: want the name of one provider, such as neostore", provider)
		}
		if !slices.Contains(o.addresses, provider) {
			o.addresses = append(o.addresses, provider)
		}
		return nil
	}
}

// addressPort is the port of the image for the n-th provider of WithAddress.
func addressPort(n int) string { return fmt.Sprintf("%d/tcp", 8090+n) }

// WithAPIKey makes a tenant, store or project of the provider's own API, with a key that may do
// what the scopes say; without scopes, everything. A second key of the tenant adds to the first.
func WithAPIKey(provider, tenant, key string, scopes ...string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		text := provider + "=" + tenant + ":" + key
		for _, part := range append([]string{provider, tenant, key}, scopes...) {
			if part == "" || strings.ContainsAny(part, ":, \t\n") {
				return fmt.Errorf("API key of %s: %q: want a text without colons, commas and spaces", provider, part)
			}
		}
		if len(scopes) > 0 {
			text += ":" + strings.Join(scopes, ",")
		}
		return addEnv("HOOKRIG_API_KEY", "\n", text)(req)
	}
}

// WithToken sets the token that callers of the dashboard and the API must send.
func WithToken(token string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		if token == "" {
			return errors.New("token: it is empty; leave the option out for a server without a token")
		}
		return testcontainers.WithEnv(map[string]string{"HOOKRIG_TOKEN": token})(req)
	}
}

// WithSeed sets the number that determines every event: of the server, and of RunScenario.
func WithSeed(seed uint64) testcontainers.CustomizeRequestOption {
	return testcontainers.WithEnv(map[string]string{"HOOKRIG_SEED": strconv.FormatUint(seed, 10)})
}

// WithVirtualClock makes retries wait until the API's call clock/advance moves the clock.
func WithVirtualClock() testcontainers.CustomizeRequestOption {
	return testcontainers.WithEnv(map[string]string{"HOOKRIG_CLOCK": "virtual"})
}

// WithData keeps what the server records in a named volume, or in a folder of this machine if the
// text contains a slash. A folder must exist, and the server then runs as its owner.
func WithData(volumeOrDir string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		if err := testcontainers.WithEnv(map[string]string{"HOOKRIG_DATA": dataDir})(req); err != nil {
			return err
		}
		switch {
		case volumeOrDir == "":
			return errors.New("data: want the name of a volume, or a folder")
		case !strings.ContainsAny(volumeOrDir, `/\`):
			return testcontainers.WithMounts(testcontainers.VolumeMount(volumeOrDir, dataDir))(req)
		}
		return bindData(req, volumeOrDir)
	}
}

// WithScenarios copies scenario files, and the files in folders, into the container, for
// RunScenario. A file keeps its name, and a folder the names of what is in it.
func WithScenarios(paths ...string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		for _, name := range paths {
			if err := copyIn(req, name, scenarioDir); err != nil {
				return fmt.Errorf("scenario %s: %w", name, err)
			}
		}
		return nil
	}
}

// WithScenarioReader copies a scenario that a reader yields into the container, as a file with
// this name, for RunScenario.
func WithScenarioReader(r io.Reader, name string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		if ext := path.Ext(name); !fs.ValidPath(name) || ext != ".yaml" && ext != ".yml" {
			return fmt.Errorf("scenario %q: want the name of a file that ends in .yaml", name)
		}
		// It is read here: the request may be made more than once.
		text, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("scenario %q: %w", name, err)
		}
		return addFile(req, testcontainers.ContainerFile{Reader: bytes.NewReader(text), ContainerFilePath: path.Join(scenarioDir, name), FileMode: 0o644})
	}
}

// WithProvider adds a provider: a folder with a provider.yaml.
func WithProvider(dir string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		if _, err := os.Stat(filepath.Join(dir, "provider.yaml")); err != nil {
			return fmt.Errorf("provider %s: %w: want a folder with a provider.yaml", dir, errors.Unwrap(err))
		}
		whole, err := filepath.Abs(dir)
		if err == nil {
			err = copyIn(req, whole, path.Join(providerDir, filepath.Base(whole)))
		}
		if err != nil {
			return fmt.Errorf("provider %s: %w", dir, err)
		}
		return testcontainers.WithEnv(map[string]string{"HOOKRIG_PROVIDER_DIR": providerDir})(req)
	}
}

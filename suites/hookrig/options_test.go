package hookrig

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
)

// apply applies options to a request as Run does.
func apply(t *testing.T, opts ...testcontainers.ContainerCustomizer) (options, *testcontainers.GenericContainerRequest, error) {
	t.Helper()
	var settings options
	req := &testcontainers.GenericContainerRequest{}
	moduleOpts, err := settings.gather(opts)
	for _, opt := range moduleOpts {
		if err != nil {
			break
		}
		err = opt.Customize(req)
	}
	return settings, req, err
}

func TestOptionErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  testcontainers.ContainerCustomizer
		want string
	}{
		{"port 0", WithHostTarget(0), "host target: port 0: want 1 to 65535"},
		{"port too high", WithHostTarget(65536), "host target: port 65536: want 1 to 65535"},
		{"negative port", WithPorts(-1, 0), "ports: -1: want 1 to 65535, or 0 for a free port"},
		{"fixed port too high", WithPorts(0, 65536), "ports: 65536: want 1 to 65535, or 0 for a free port"},
		{"no provider for an address", WithAddress(""), `address "": want the name of one provider, such as neostore`},
		{"a port for an address", WithAddress("neostore=:80"), `address "neostore=:80": want the name of one provider, such as neostore`},
		{"no key", WithAPIKey("neostore", "acme", ""), `API key of neostore: "": want a text without colons, commas and spaces`},
		{"two scopes in one", WithAPIKey("neostore", "acme", "k", "a,b"), `API key of neostore: "a,b": want a text without colons, commas and spaces`},
		{"no host", WithAllowTarget("consumer", ""), `allow target "": want one host name, address or CIDR`},
		{"two hosts in one", WithAllowTarget("a,b"), `allow target "a,b": want one host name, address or CIDR`},
		{"no token", WithToken(""), "token: it is empty; leave the option out for a server without a token"},
		{"no data", WithData(""), "data: want the name of a volume, or a folder"},
		{"no such folder", WithData("./testdata/none"), "data ./testdata/none: no such file or directory: make the folder first"},
		{"data in a file", WithData("./testdata/installed.yaml"), "data ./testdata/installed.yaml: want a folder, not a file"},
		{"no such scenario", WithScenarios("testdata/none.yaml"), "scenario testdata/none.yaml: no such file or directory"},
		{"scenario without a name", WithScenarioReader(strings.NewReader(""), ""), `scenario "": want the name of a file that ends in .yaml`},
		{"scenario outside", WithScenarioReader(strings.NewReader(""), "../a.yaml"), `scenario "../a.yaml": want the name of a file that ends in .yaml`},
		{"scenario of a reader that fails", WithScenarioReader(iotest.ErrReader(errors.New("cut")), "a.yaml"), `scenario "a.yaml": cut`},
		{"no provider", WithProvider("testdata"), "provider testdata: no such file or directory: want a folder with a provider.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := apply(t, c.opt); err == nil || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

func TestTwoFilesForOnePlace(t *testing.T) {
	_, _, err := apply(t, WithScenarios("testdata/installed.yaml"), WithScenarios("./testdata"))
	if want := "scenario ./testdata: there are two files for /scenarios/installed.yaml in the container: rename one"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestAllowedTargetsAddUp(t *testing.T) {
	settings, req, err := apply(t, WithAllowTarget("consumer", "10.1.0.0/16"), WithHostTarget(3000), WithAllowTarget("other"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := req.Env["HOOKRIG_ALLOW_TARGET"], "host.docker.internal,consumer,10.1.0.0/16,other"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var host container.HostConfig
	req.HostConfigModifier(&host)
	if !slices.Equal(host.ExtraHosts, []string{"host.docker.internal:host-gateway"}) {
		t.Errorf("hosts %v", host.ExtraHosts)
	}
	c := Container{settings: settings}
	if got := c.MustHostTargetURL(); got != "http://host.docker.internal:3000" {
		t.Errorf("the consumer is at %s", got)
	}
}

// Addresses and keys add up, and each address has its port.
func TestVendorSettingsAddUp(t *testing.T) {
	_, req, err := apply(t, WithAddress("neostore"), WithAPIKey("neostore", "acme", "a-key", "Webhook.Read", "Pass.Read"), WithAddress("ethpass"),
		WithAddress("neostore"), WithAPIKey("ethpass", "shop", "b-key"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := req.Env["HOOKRIG_ADDRESS"], "neostore=:8090,ethpass=:8091"; got != want {
		t.Errorf("addresses %s, want %s", got, want)
	}
	if got, want := req.Env["HOOKRIG_API_KEY"], "neostore=acme:a-key:Webhook.Read,Pass.Read\nethpass=shop:b-key"; got != want {
		t.Errorf("keys %q, want %q", got, want)
	}
	if want := []string{"8080/tcp", "8081/tcp", "8090/tcp", "8091/tcp"}; !slices.Equal(req.ExposedPorts, want) {
		t.Errorf("ports %v, want %v", req.ExposedPorts, want)
	}
}

func TestFilesKeepTheirNames(t *testing.T) {
	settings, req, err := apply(t, WithScenarios("testdata/installed.yaml"), WithProvider("testdata/acme"))
	if err != nil {
		t.Fatal(err)
	}
	if !settings.scenarios {
		t.Error("the container does not know that it has scenarios")
	}
	var names []string
	for _, f := range req.Files {
		names = append(names, f.ContainerFilePath)
	}
	want := []string{
		"/scenarios/installed.yaml", "/providers/acme/events/paid.json", "/providers/acme/provider.yaml", "/providers/acme/schemas/paid.json",
		"/providers/acme/vectors.yaml",
	}
	if !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
}

// What needs an option says so.
func TestMethodsWithoutTheirOption(t *testing.T) {
	var c Container
	if _, err := c.CaptureTLSURL(t.Context()); err == nil || !strings.Contains(err.Error(), "WithTLSCapture") {
		t.Errorf("%v", err)
	}
	if _, err := c.HostTargetURL(); err == nil || !strings.Contains(err.Error(), "WithHostTarget") {
		t.Errorf("%v", err)
	}
	for _, bin := range []string{"", "a/b"} {
		if _, err := binURL("http://h", bin); err == nil {
			t.Errorf("bin %q is no name", bin)
		}
	}
	if url, err := binURL("http://h", "a b"); err != nil || url != "http://h/a%20b" {
		t.Errorf("%s, %v", url, err)
	}
}

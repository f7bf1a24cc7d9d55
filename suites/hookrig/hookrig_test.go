package hookrig_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"

	"github.com/hookrig/hookrig/suites/hookrig"
)

// run runs a server until the test ends.
func run(t *testing.T, opts ...testcontainers.ContainerCustomizer) *hookrig.Container {
	t.Helper()
	needsDocker(t)
	server, err := hookrig.Run(t.Context(), image, opts...)
	testcontainers.CleanupContainer(t, server)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// captures are captures as the API lists them.
type captures struct {
	Matched []struct {
		Body  []byte
		Event string
	}
}

// emitted is what the API returns for an event.
type emitted struct {
	Items []struct {
		ID    string
		State string
		Event struct{ ID, Name string }
	}
}

func TestBinRecords(t *testing.T) {
	t.Parallel()
	server := run(t)
	ctx := t.Context()
	url, err := server.BinURL(ctx, "inbox")
	if err != nil {
		t.Fatal(err)
	}
	if capture := server.MustCaptureURL(ctx); url != capture+"/inbox" || url != server.MustBinURL(ctx, "inbox") {
		t.Errorf("the bin is at %s, and the capture address %s", url, capture)
	}
	post(t, http.DefaultClient, url+"/orders", "hello")
	var got captures
	call(t, server, "GET", "/bins/inbox/wait?timeout=10s", "", &got)
	if len(got.Matched) != 1 || string(got.Matched[0].Body) != "hello" {
		t.Errorf("captured %+v, want the text that was sent", got)
	}
}

// The options reach the program: what it sends is determined by the seed, its clock waits, it asks
// for its token, and it knows the provider of a folder.
func TestOptionsReachTheServer(t *testing.T) {
	t.Parallel()
	first := run(t, hookrig.WithToken("secret-token"), hookrig.WithSeed(7), hookrig.WithVirtualClock(), hookrig.WithProvider("testdata/acme"))
	second := run(t, hookrig.WithSeed(7))
	third := run(t)
	resp, err := http.Get(first.MustDashboardURL(t.Context()) + "/api/v1/bins")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token: %s, want 401", resp.Status)
	}
	var ids []string
	for _, server := range []*hookrig.Container{first, second, third} {
		token := ""
		if server == first {
			token = "secret-token"
		}
		call(t, server, "POST", "/providers/neostore/endpoints", `{"url": "http://127.0.0.1:8081/inbox", "events": ["Pass:*"]}`, nil, token)
		var made emitted
		call(t, server, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`, &made, token)
		if len(made.Items) != 1 {
			t.Fatalf("emitted %+v, want one delivery", made)
		}
		ids = append(ids, made.Items[0].Event.ID)
	}
	if ids[0] != ids[1] || ids[0] == ids[2] {
		t.Errorf("events %v: want the first two the same, of the same seed, and the third another", ids)
	}
	var clock struct{ Virtual bool }
	call(t, first, "GET", "/clock", "", &clock, "secret-token")
	if !clock.Virtual {
		t.Error("the clock is real, want a virtual one")
	}
	var providers struct{ Items []struct{ Name string } }
	call(t, first, "GET", "/providers", "", &providers, "secret-token")
	if text := mustJSON(t, providers); !strings.Contains(text, `"acme"`) || !strings.Contains(text, `"neostore"`) {
		t.Errorf("providers %s, want acme too", text)
	}
}

func TestCaptureTLS(t *testing.T) {
	t.Parallel()
	server := run(t, hookrig.WithTLSCapture())
	ctx := t.Context()
	resp, err := http.Get(server.MustDashboardURL(ctx) + "/api/v1/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(t, resp)) {
		t.Fatal("ca.pem is no certificate")
	}
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	post(t, secure, server.MustCaptureTLSURL(ctx)+"/inbox", "encrypted")
	var got captures
	call(t, server, "GET", "/bins/inbox/wait?timeout=10s", "", &got)
	if len(got.Matched) != 1 || string(got.Matched[0].Body) != "encrypted" {
		t.Errorf("captured %+v", got)
	}
}

func TestDataIsKept(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	volume, dir := "hookrig-test-"+rand.Text(), t.TempDir()
	for name, data := range map[string]string{"a volume": volume, "a folder": dir} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := range 2 {
				server, err := hookrig.Run(t.Context(), image, hookrig.WithData(data))
				testcontainers.CleanupContainer(t, server, testcontainers.RemoveVolumes(volume))
				if err != nil {
					t.Fatal(err)
				}
				post(t, http.DefaultClient, server.MustBinURL(t.Context(), "inbox"), "kept")
				var list struct{ Items []any }
				call(t, server, "GET", "/bins/inbox/captures", "", &list)
				if len(list.Items) != n+1 {
					t.Errorf("run %d: %d captures, want %d", n, len(list.Items), n+1)
				}
				if err := server.Terminate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) == 0 {
			t.Errorf("nothing is in the folder: %v", err)
		}
	})
}

// Another container posts to a bin: by the alias in a network, and by the address without one.
func TestInternalBinURL(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	nw, err := network.New(t.Context())
	testcontainers.CleanupNetwork(t, nw)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		opts []testcontainers.ContainerCustomizer
		want string
	}{
		{"alias", []testcontainers.ContainerCustomizer{network.WithNetwork([]string{"hooks"}, nw)}, "http://hooks:8081/inbox"},
		{"default network", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var both [2]*hookrig.Container
			for i := range both {
				opts := c.opts
				if i == 1 && c.want != "" {
					opts = []testcontainers.ContainerCustomizer{network.WithNetwork([]string{"sender"}, nw)}
				}
				both[i] = run(t, opts...)
			}
			url, err := both[0].InternalBinURL(t.Context(), "inbox")
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && url != c.want {
				t.Errorf("%s, want %s", url, c.want)
			}
			code, out := command(t, both[1], "send", "neostore", "Pass:Installed", "--to", url, "--secret", "s")
			if code != 0 {
				t.Fatalf("send to %s: exit code %d\n%s", url, code, out)
			}
			var got captures
			call(t, both[0], "GET", "/bins/inbox/wait?timeout=10s", "", &got)
			if len(got.Matched) != 1 || got.Matched[0].Event != "Pass:Installed" {
				t.Errorf("captured %+v", got)
			}
		})
	}
}

// A consumer in another container registers its endpoint with the provider's own API: below the
// dashboard, and at an address of its own. So does one on this machine.
func TestVendorURL(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	nw, err := network.New(t.Context())
	testcontainers.CleanupNetwork(t, nw)
	if err != nil {
		t.Fatal(err)
	}
	consumer := run(t, network.WithNetwork([]string{"consumer"}, nw), hookrig.WithScenarios("testdata/registers.yaml"))
	for _, c := range []struct {
		name string
		opts []testcontainers.ContainerCustomizer
		want string
	}{
		{"below", nil, "http://below:8080/neostore"},
		{"root", []testcontainers.ContainerCustomizer{hookrig.WithAddress("neostore")}, "http://root:8090"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := run(t, append(c.opts, network.WithNetwork([]string{c.name}, nw), hookrig.WithAPIKey("neostore", "acme", "a-key"))...)
			ctx := t.Context()
			if got := server.MustInternalDashboardURL(ctx); got != "http://"+c.name+":8080" {
				t.Errorf("the dashboard is at %s", got)
			}
			url := server.MustInternalVendorURL(ctx, "neostore")
			if url != c.want {
				t.Errorf("the API is at %s, want %s", url, c.want)
			}
			played, err := consumer.RunScenario(ctx, "registers.yaml", "--param", "api="+url, "--allow-target", c.name)
			if err != nil || !played.Passed() {
				t.Errorf("a consumer in the network: %v\n%v", err, played)
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.MustVendorURL(ctx, "neostore")+"/api/acme/webhooks", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-API-KEY", "a-key")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(read(t, resp)); resp.StatusCode != http.StatusOK || !strings.Contains(text, "http://consumer:3000/hooks") {
				t.Errorf("the webhooks, from this machine: %s %s", resp.Status, text)
			}
		})
	}
}

// The two addresses are at the ports that are asked for.
func TestPorts(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	dashboard, capture := freePort(t), freePort(t)
	server := run(t, hookrig.WithPorts(dashboard, capture))
	for want, got := range map[int]string{dashboard: server.MustDashboardURL(t.Context()), capture: server.MustCaptureURL(t.Context())} {
		if !strings.HasSuffix(got, ":"+strconv.Itoa(want)) {
			t.Errorf("%s, want port %d", got, want)
		}
	}
	post(t, http.DefaultClient, server.MustBinURL(t.Context(), "inbox"), "hello")
}

// freePort returns a port of this machine that nothing listens on, below those that the engine and
// the kernel give to others.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + mathrand.IntN(10000)
		if listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no port from 20000 to 29999 is free")
	return 0
}

// What the server prints goes to a test's consumer of logs.
func TestLogConsumer(t *testing.T) {
	t.Parallel()
	lines := make(logLines, 100)
	run(t, testcontainers.WithLogConsumers(lines))
	for {
		select {
		case line := <-lines:
			if strings.HasPrefix(line, "capture ") {
				return
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the server printed no line with its capture address")
		}
	}
}

// logLines receives the lines that a container prints.
type logLines chan string

// Accept drops what does not fit: the engine must not wait.
func (l logLines) Accept(log testcontainers.Log) {
	select {
	case l <- string(log.Content):
	default:
	}
}

// On an error the container is there, to be removed and looked into.
func TestRunReturnsTheContainerOnAnError(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	server, err := hookrig.Run(t.Context(), image, testcontainers.WithEnv(map[string]string{"HOOKRIG_CLOCK": "sundial"}))
	testcontainers.CleanupContainer(t, server)
	if err == nil || !strings.HasPrefix(err.Error(), "run hookrig: ") || server == nil {
		t.Fatalf("container %v, error %v: want both", server, err)
	}
	logs, err := server.Logs(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	if text := readAll(t, logs); !strings.Contains(text, "sundial") {
		t.Errorf("the log says %q", text)
	}
}

// The server runs as a user without rights.
func TestRunsWithoutRoot(t *testing.T) {
	t.Parallel()
	server := run(t)
	inspected, err := server.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if user := inspected.Config.User; user != "65532:65532" {
		t.Errorf("runs as %q", user)
	}
	engine, err := testcontainers.NewDockerClientWithOpts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	top, err := engine.ContainerTop(t.Context(), server.GetContainerID(), client.ContainerTopOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(top.Processes) == 0 || top.Processes[0][0] == "root" {
		t.Errorf("processes %v", top.Processes)
	}
}

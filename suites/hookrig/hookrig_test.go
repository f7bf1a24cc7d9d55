package hookrig_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/testcontainers/testcontainers-go"

	"github.com/hookrig/hookrig/mockserver"
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

// dial returns a client of a server.
func dial(t *testing.T, server *hookrig.Container, token string) *mockserver.Client {
	t.Helper()
	dashboard, err := server.DashboardURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, err := mockserver.Dial(dashboard, token)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestRunRecords(t *testing.T) {
	t.Parallel()
	server := run(t)
	url, err := server.BinURL(t.Context(), "inbox")
	if err != nil {
		t.Fatal(err)
	}
	if capture := server.MustCaptureURL(t.Context()); url != capture+"/inbox" {
		t.Errorf("the bin is at %s, and the capture address %s", url, capture)
	}
	resp, err := http.Post(url+"/orders", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	waited, err := dial(t, server, "").Wait(t.Context(), "inbox", mockserver.Wait{Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(waited.Matched) != 1 || string(waited.Matched[0].Body) != "hello" {
		t.Errorf("captured %v, want the text that was sent", waited.Matched)
	}
}

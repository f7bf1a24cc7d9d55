package servertest

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

func TestDump(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	if got := server.Dump(t.Context()); got != "captures: none\ndeliveries: none\n" {
		t.Errorf("%q", got)
	}
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), inbox.URL()+"?token=hush", "Pass:*"); err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"Pass:Created", "Pass:Installed"} {
		if _, err := neostore.Emit(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := inbox.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := server.Client().WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := server.Dump(t.Context())
	for _, want := range []string{"captures:\n  inbox: ", "POST /inbox", "(neostore signature valid)", "deliveries:\n", "Pass:Created to http", "attempt 1: 200"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Index(got, "Pass:Created to") > strings.Index(got, "Pass:Installed to") || strings.Contains(got, "hush") {
		t.Error(got)
	}
}

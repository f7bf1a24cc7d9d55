package matchers_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
	. "github.com/hookrig/hookrig/suites/matchers"
)

// The line of Go that README shows of this package is compiled here, and holds.
func TestReadmeLine(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	endpoint, err := neostore.Subscribe(t.Context(), inbox.URL(), "Pass:*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := neostore.Emit(t.Context(), "Pass:Created"); err != nil {
		t.Fatal(err)
	}
	secret, Eventually := endpoint.Secrets[0], gomega.NewWithT(t).Eventually
	Eventually(inbox).Should(HaveReceived(BeEvent("neostore", "Pass:Created"), BeSignedBy("neostore", secret)).Times(1))

	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("\\| `suites/matchers` \\| [^`]*`([^`]+)`").FindSubmatch(readme)
	if shown == nil || !strings.Contains(string(source), "\n\t"+string(shown[1])+"\n") {
		t.Errorf("README shows %q, which is not a line of this test", shown)
	}
}

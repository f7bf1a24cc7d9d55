package fault

import (
	"os"
	"strings"
	"testing"
)

// Every fault has a file of its name.
func TestOneFileAFault(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		if _, err := os.Stat(strings.ReplaceAll(k.Name, ":", "_") + ".go"); err != nil {
			t.Error(err)
		}
	}
}

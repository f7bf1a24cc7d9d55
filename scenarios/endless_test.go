//go:build unix

package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// TestFilesThatNeverEnd checks that devices, pipes without a writer and large files are refused.
func TestFilesThatNeverEnd(t *testing.T) {
	t.Parallel()
	builtin := os.DirFS("../fixtures/providers/ethpass")
	for name, put := range map[string]func(path string) error{
		"a pipe":       func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a device":     func(path string) error { return os.Symlink("/dev/zero", path) },
		"a folder":     func(path string) error { return os.Mkdir(path, 0o700) },
		"a large file": func(path string) error { return os.WriteFile(path, make([]byte, 5<<20), 0o600) },
	} {
		for _, file := range []string{"provider.yaml", "vectors.yaml", "events/pass-created.json.tmpl"} {
			dir := filepath.Join(t.TempDir(), "ethpass")
			if err := os.CopyFS(dir, builtin); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(dir, filepath.FromSlash(file))
			if _, err := os.Stat(at); err != nil { // the templates have other names
				entries, err := os.ReadDir(filepath.Dir(at))
				if err != nil || len(entries) == 0 {
					t.Fatal(err)
				}
				at = filepath.Join(filepath.Dir(at), entries[0].Name())
			}
			if err := os.Remove(at); err != nil {
				t.Fatal(err)
			}
			if err := put(at); err != nil {
				t.Fatal(err)
			}
			if problems := Lint(fixtures.Builtin(), dir); len(problems) == 0 {
				t.Errorf("%s in the place of %s is no mistake", name, file)
			}
		}
		scenarios := t.TempDir()
		if err := put(filepath.Join(scenarios, "a.yaml")); err != nil {
			t.Fatal(err)
		}
		if problems := Lint(fixtures.Builtin(), scenarios); len(problems) == 0 {
			t.Errorf("%s in the place of a scenario is no mistake", name)
		}
	}
	if _, err := Load("/dev/zero"); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// downloads are the modules that a test of another module needs if it imports mockserver and
// suites/matchers. Everybody who uses hookrig in a test downloads them, so add one only if it is
// worth that.
var downloads = []string{
	"github.com/andybalholm/brotli", "github.com/brianvoe/gofakeit/v7", "github.com/itchyny/gojq", "github.com/itchyny/timefmt-go", "github.com/klauspost/compress",
	"github.com/onsi/gomega", "github.com/santhosh-tekuri/jsonschema/v6", "github.com/tidwall/gjson", "github.com/tidwall/match", "github.com/tidwall/pretty",
	"github.com/tidwall/sjson", "go.yaml.in/yaml/v4", "golang.org/x/crypto", "golang.org/x/net", "golang.org/x/sys", "golang.org/x/text",
}

// tidied are the modules that go mod tidy downloads in addition: it reads the tests of imported
// packages, ours and those of libraries.
var tidied = []string{
	"github.com/!hdr!histogram/hdrhistogram-go", // scenarios, in an example of matchers
	"github.com/dlclark/regexp2",                // jsonschema
	"github.com/google/go-cmp",
	"github.com/xyproto/randomstring", // brotli
	"go.uber.org/goleak",
	"go.yaml.in/yaml/v3", // gomega
	"pgregory.net/rapid",
}

// A test in another module, of under forty lines, downloads and compiles no database, no Docker
// client and no web framework.
func TestOutsideModule(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a module of its own")
	}
	t.Parallel()
	source, err := os.ReadFile("testdata/outside/installed_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "\n"); n >= 40 {
		t.Errorf("the test has %d lines", n)
	}
	o := newOutside(t, string(source))
	o.run(t, "list", "-deps", "-test", "./...")
	o.run(t, "mod", "download")
	if differs := cmp.Diff(downloads, o.downloaded(t)); differs != "" {
		t.Errorf("the modules that it downloads (- expected, + got):\n%s", differs)
	}
	o.run(t, "test", "./...")
	o.run(t, "mod", "tidy")
	all := slices.Sorted(slices.Values(slices.Concat(downloads, tidied)))
	if differs := cmp.Diff(all, o.downloaded(t)); differs != "" {
		t.Errorf("the modules that go mod tidy downloads (- expected, + got):\n%s", differs)
	}

	// The measure finds a library that belongs to a package that the test then imports.
	web := newOutside(t, "package outside\n\nimport (\n\t_ \"github.com/hookrig/hookrig/mockserver/dashboard\"\n\t_ \"github.com/hookrig/hookrig/mockserver/store/sqlite\"\n)\n")
	web.run(t, "list", "-deps", "-test", "./...")
	for _, heavy := range []string{"github.com/danielgtaylor/huma/v2", "modernc.org/sqlite"} {
		if !slices.Contains(web.downloaded(t), heavy) {
			t.Errorf("a test that needs %s does not download it", heavy)
		}
	}
}

// Package matchers links gomega/types, and nothing else of Gomega or Ginkgo.
func TestMatchersLinkGomegasTypesOnly(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", module+"suites/matchers").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := slices.DeleteFunc(strings.Fields(string(out)), func(p string) bool { return !strings.HasPrefix(p, "github.com/onsi/") })
	if want := []string{"github.com/onsi/gomega/types"}; !slices.Equal(linked, want) {
		t.Errorf("links %v, want %v", linked, want)
	}
}

// outside is a module that uses this one.
type outside struct{ dir, cache string }

// newOutside writes a module with one test file.
func newOutside(t *testing.T, source string) outside {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	o := outside{t.TempDir(), t.TempDir()}
	for name, text := range map[string]string{
		"go.mod":          "module example.com/outside\n\ngo 1.26.0\n\nrequire github.com/hookrig/hookrig v0.0.0\n\nreplace github.com/hookrig/hookrig => " + root + "\n",
		"go.sum":          string(sums),
		"outside_test.go": source,
	} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// run runs a go command in the module. It takes modules from those of this machine first.
func (o outside) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -modcacherw", "GOSUMDB=off", "GOWORK=off")
	if args[0] != "test" { // which then finds its packages compiled
		cmd.Env = append(cmd.Env, "GOMODCACHE="+o.cache, "GOPROXY=file://"+filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")+","+goEnv(t, "GOPROXY"))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// downloaded returns the modules that the commands so far have downloaded, as the cache spells
// them: "!h" for "H".
func (o outside) downloaded(t *testing.T) []string {
	t.Helper()
	var list []string
	below := filepath.Join(o.cache, "cache", "download")
	err := filepath.WalkDir(below, func(path string, _ os.DirEntry, err error) error {
		if name, _, ok := strings.Cut(strings.TrimPrefix(path, below+"/"), "/@v/"); ok && strings.HasSuffix(path, ".zip") {
			list = append(list, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/hookrig/hookrig/"

// The order of the house: a package may import only packages of the ranks below its own.
var ranks = []struct {
	rank     int
	packages []string
}{
	{-2, []string{"internal/clip", "internal/shell", "internal/workflow"}},
	{-1, []string{"internal/terminal", "internal/strictyaml", "internal/redact", "internal/sqlread", "internal/pgtest", "internal/jq", "internal/jsontext", "internal/people", "internal/handlers/hmac", "internal/handlers/secret", "internal/handlers/stamped", "suites/acceptance/consumers"}},
	{0, []string{"internal/expression", "internal/junit", "suites/acceptance/consumers/golang"}},
	{1, []string{"fixtures/signature", "cmd/hookrig/internal/markdown"}},
	{2, []string{"fixtures", "internal/content", "mockserver/internal/wire/http1"}},
	{3, []string{"internal/handlers", "mockserver/internal/wire", "mockserver/internal/broadcast", "mockserver/internal/memory"}},
	{4, []string{"mockserver/internal/journal", "mockserver/internal/analysis/diff", "mockserver/internal/analysis/drift", "mockserver/internal/outbound", "mockserver/internal/fault"}},
	{5, []string{"mockserver/internal/journal/record", "mockserver/internal/journal/textindex", "mockserver/internal/journal/journaltest", "mockserver/internal/export", "mockserver/internal/replay", "mockserver/internal/query", "mockserver/internal/analysis"}},
	{6, []string{"mockserver/store/sqlite", "mockserver/store/postgres", "mockserver/internal/delivery", "mockserver/internal/capture", "mockserver/burst"}},
	{7, []string{"mockserver/burst/burstpage", "mockserver/burst/shard", "mockserver/internal/entities", "mockserver/internal/problem"}},
	{8, []string{"mockserver/internal/vendorapi", "mockserver/internal/webhooksite"}},
	{9, []string{"mockserver/internal/vendorapi/neostore", "mockserver/internal/vendorapi/subscribfy", "mockserver/internal/vendorapi/ethpass"}},
	{10, []string{"mockserver"}},
	{11, []string{"mockserver/dashboard"}},
	{12, []string{"scenarios", "mockserver/internal/servertest", "mockserver/internal/benchmark"}},
	{13, []string{"scenarios/exam"}},
	{14, []string{"scenarios/exam/sender"}},
	{15, []string{"cmd/hookrig"}},
	{16, []string{"suites/matchers", "suites/conformance", "suites/acceptance", "suites/openapi", "suites/vendors"}},
	{17, []string{"suites/examples/go", "suites/examples/go-plain"}},
}

// What other modules can import. Everything else is internal.
var public = []string{
	"cmd/hookrig",
	"fixtures",
	"fixtures/signature",
	"mockserver",
	"mockserver/burst",
	"mockserver/burst/burstpage",
	"mockserver/burst/shard",
	"mockserver/dashboard",
	"mockserver/store/postgres",
	"mockserver/store/sqlite",
	"scenarios",
	"scenarios/exam",
	"scenarios/exam/sender",
	"suites/acceptance",
	"suites/acceptance/consumers",
	"suites/acceptance/consumers/golang",
	"suites/conformance",
	"suites/examples/go",
	"suites/examples/go-plain",
	"suites/matchers",
	"suites/openapi",
	"suites/vendors",
}

func TestPublicPackages(t *testing.T) {
	var found []string
	for pkg := range goList(t, "{{.ImportPath}}") {
		if !strings.Contains("/"+pkg+"/", "/internal/") {
			found = append(found, pkg)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, public) {
		t.Errorf("public packages %v, want %v", found, public)
	}
}

// What only some packages may link, directly or through others.
var reserved = []struct {
	library string
	allowed []string // packages, or folders ending in "/"
}{
	{"modernc.org/sqlite", []string{"mockserver/store/sqlite", "internal/sqlread", "cmd/hookrig"}},
	{"github.com/jackc/pgx", []string{"mockserver/burst/shard", "mockserver/store/postgres", "internal/sqlread", "cmd/hookrig"}},
	{"github.com/riverqueue/river", []string{"mockserver/burst/shard", "cmd/hookrig"}},
	{"github.com/danielgtaylor/huma", []string{"mockserver/dashboard", "cmd/hookrig"}},
	{"github.com/go-jose/go-jose", []string{"mockserver/internal/vendorapi/neostore", "mockserver/dashboard", "cmd/hookrig"}},
	{"github.com/spf13/cobra", []string{"cmd/hookrig"}},
	{"github.com/onsi/gomega", []string{"suites/"}},
	{"github.com/onsi/ginkgo", []string{"suites/acceptance", "suites/conformance"}},
	// suites/hookrig and suites/acceptance/containers, which are modules: a program that imports
	// mockserver keeps its own version of it.
	{"github.com/testcontainers/testcontainers-go", nil},
	{"testing", []string{"mockserver/internal/journal/journaltest", "internal/pgtest", "suites/"}},
}

func TestImportsRunOneWay(t *testing.T) {
	rank := map[string]int{}
	for _, r := range ranks {
		for _, p := range r.packages {
			rank[p] = r.rank
		}
	}
	for pkg, imports := range goList(t, "{{.ImportPath}} {{join .Imports \" \"}}") {
		mine, known := rank[pkg]
		if !known {
			t.Errorf("%s stands in no rank: add it to the order of the house", pkg)
			continue
		}
		for _, imported := range imports {
			name, ours := strings.CutPrefix(imported, module)
			if ours && rank[name] >= mine && name != pkg {
				t.Errorf("%s imports %s, which does not stand below it", pkg, name)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	for pkg, deps := range goList(t, "{{.ImportPath}} {{join .Deps \" \"}}") {
		for _, r := range reserved {
			if slices.ContainsFunc(r.allowed, func(a string) bool {
				return pkg == a || strings.HasSuffix(a, "/") && strings.HasPrefix(pkg, a)
			}) {
				continue
			}
			if slices.ContainsFunc(deps, func(d string) bool { return d == r.library || strings.HasPrefix(d, r.library+"/") }) {
				t.Errorf("%s links %s, which belongs to %s only", pkg, r.library, strings.Join(r.allowed, ", "))
			}
		}
	}
}

// The knowledge is pure: it uses no network, no clock and no goroutine.
func TestKnowledgeIsPure(t *testing.T) {
	for pkg, imports := range goList(t, "{{.ImportPath}} {{join .Imports \" \"}}") {
		if !strings.HasPrefix(pkg, "fixtures") && pkg != "internal/strictyaml" && pkg != "internal/expression" {
			continue
		}
		for _, bad := range []string{"net", "net/http", "os/exec", "database/sql"} {
			if slices.Contains(imports, bad) {
				t.Errorf("%s imports %s", pkg, bad)
			}
		}
	}
}

// The module does not require what its nested modules do, and their go.mod files say the same about
// what they share.
func TestModules(t *testing.T) {
	required := func(dir string) map[string]string {
		cmd := exec.Command("go", "mod", "edit", "-json")
		cmd.Dir = filepath.Join("../..", dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		var mod struct {
			Require []struct{ Path, Version string }
		}
		if err := json.Unmarshal(out, &mod); err != nil {
			t.Fatal(err)
		}
		versions := map[string]string{}
		for _, m := range mod.Require {
			versions[m.Path] = m.Version
		}
		return versions
	}
	whole, module, containers := required("."), required("suites/hookrig"), required("suites/acceptance/containers")
	for path := range whole {
		if strings.HasPrefix(path, "github.com/testcontainers/") || strings.HasPrefix(path, "github.com/moby/") {
			t.Errorf("go.mod requires %s: a program that imports mockserver would get this version of it", path)
		}
	}
	for path := range module {
		if strings.HasPrefix(path, "github.com/hookrig/") {
			t.Errorf("suites/hookrig/go.mod requires %s: go mod tidy of its users would look for that version, which may not exist", path)
		}
		if containers[path] != module[path] {
			t.Errorf("%s is %s in suites/hookrig and %q in suites/acceptance/containers", path, module[path], containers[path])
		}
	}
	if len(module) < 2 || len(whole) < 2 {
		t.Errorf("%d and %d requirements", len(whole), len(module))
	}
}

// goList returns a list of words for each package of the module, by its path below the module.
func goList(t *testing.T, format string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", format, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		packages[strings.TrimPrefix(words[0], module)] = words[1:]
	}
	return packages
}

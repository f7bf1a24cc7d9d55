package main

import (
	"os/exec"
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
	{0, []string{"mockserver/terminal", "fixtures/strictyaml", "fixtures/internal/jsontext", "fixtures/internal/people", "fixtures/handlers/hmac", "fixtures/handlers/secret"}},
	{1, []string{"fixtures/internal/slot", "fixtures/signature", "cmd/hookrig/internal/markdown"}},
	{2, []string{"fixtures", "mockserver/redact"}},
	{3, []string{"fixtures/handlers", "mockserver/wire", "mockserver/content", "mockserver/jq", "mockserver/internal/broadcast"}},
	{4, []string{"mockserver/journal", "mockserver/diff", "mockserver/drift"}},
	{5, []string{"mockserver/journal/sqlite", "mockserver/journal/journaltest", "mockserver/export", "mockserver/replay"}},
	{6, []string{"mockserver/provider", "mockserver/capture", "mockserver/burst"}},
	{7, []string{"mockserver/problem", "mockserver/provider/surface", "mockserver/capture/site"}},
	{8, []string{
		"mockserver/desk",
		"mockserver/provider/neostore", "mockserver/provider/subscribfy", "mockserver/provider/ethpass",
	}},
	{9, []string{"mockserver"}},
	{10, []string{"scenarios"}},
	{11, []string{"cmd/hookrig"}},
	{12, []string{"suites/matchers", "suites/acceptance"}},
}

// What only some packages may link, directly or through others.
var reserved = []struct {
	library string
	allowed []string // packages, or folders ending in "/"
}{
	{"modernc.org/sqlite", []string{"mockserver/journal/sqlite", "cmd/hookrig"}},
	{"github.com/danielgtaylor/huma", []string{"mockserver/desk", "cmd/hookrig"}},
	{"github.com/go-jose/go-jose", []string{"mockserver/provider/neostore", "cmd/hookrig"}},
	{"github.com/spf13/cobra", []string{"cmd/hookrig"}},
	{"github.com/yuin/goldmark", []string{"cmd/hookrig/internal/markdown", "cmd/hookrig"}},
	{"github.com/onsi/gomega", []string{"suites/"}},
	{"github.com/onsi/ginkgo", []string{"suites/acceptance"}},
	{"github.com/testcontainers/testcontainers-go", []string{"suites/acceptance"}},
	{"testing", []string{"mockserver/journal/journaltest", "suites/"}},
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

// The knowledge is pure: no network, no clock of its own, no goroutine. The programs below handlers are text that it shows.
func TestKnowledgeIsPure(t *testing.T) {
	for pkg, imports := range goList(t, "{{.ImportPath}} {{join .Imports \" \"}}") {
		if !strings.HasPrefix(pkg, "fixtures") || strings.HasPrefix(pkg, "fixtures/handlers/") {
			continue
		}
		for _, bad := range []string{"net", "net/http", "os/exec", "database/sql"} {
			if slices.Contains(imports, bad) {
				t.Errorf("%s imports %s", pkg, bad)
			}
		}
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

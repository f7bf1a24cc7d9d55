package delivery_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// row is one line of a table of COVERAGE.md.
type row struct{ id, holds, override, test string }

// The rows of the specification, one by one: which there are, and how many.
var numbered = map[string]struct {
	provider string
	last     int
}{"N": {"neostore", 29}, "S": {"subscribfy", 16}, "E": {"ethpass", 11}}

var (
	rowID     = regexp.MustCompile(`^[NSE]-[0-9]+$`)
	quoted    = regexp.MustCompile("`([^`]+)`")
	knownTest = regexp.MustCompile(`^([a-z/_-]+): (Test\w+)(?:/(.+))?$`)
)

// COVERAGE.md says of every row what holds, how to override it and which test shows it; this test
// keeps that true.
func TestCoverageIsInStep(t *testing.T) {
	t.Parallel()
	rows := coverage(t)
	tests := testsOf(t)
	for prefix, spec := range numbered {
		p, err := fixtures.Builtin().Provider(spec.provider)
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= spec.last; n++ {
			id := prefix + "-" + strconv.Itoa(n)
			if !slices.ContainsFunc(rows, func(r row) bool { return r.id == id }) {
				t.Errorf("row %s is not in COVERAGE.md", id)
			}
			if !slices.ContainsFunc(p.Assumed, func(a fixtures.Assumption) bool { return a.ID == id }) {
				t.Errorf("row %s is not among what %s assumes", id, p.Name)
			}
		}
		for _, o := range p.Options {
			if o.Row == "" {
				continue
			}
			if !slices.ContainsFunc(rows, func(r row) bool { return r.id == o.Row && strings.Contains(r.override, "`"+p.Name+"."+o.Name+"`") }) {
				t.Errorf("COVERAGE.md does not name the option `%s.%s` in row %s", p.Name, o.Name, o.Row)
			}
		}
		for _, r := range rows {
			if !strings.HasPrefix(r.id, prefix+"-") {
				continue
			}
			for _, name := range quoted.FindAllStringSubmatch(r.override, -1) {
				if option, ours := strings.CutPrefix(name[1], p.Name+"."); ours && !slices.ContainsFunc(p.Options, func(o fixtures.Option) bool { return o.Name == option }) {
					t.Errorf("row %s: %s has no option %q", r.id, p.Name, option)
				}
			}
		}
	}
	for i, r := range rows {
		if slices.ContainsFunc(rows[:i], func(other row) bool { return other.id == r.id }) {
			t.Errorf("row %s is there twice", r.id)
		}
		if r.holds == "" || r.override == "" {
			t.Errorf("row %s does not say what holds, or how it is overridden (write — when it is not)", r.id)
		}
		names := quoted.FindAllStringSubmatch(r.test, -1)
		if len(names) == 0 {
			t.Errorf("row %s names no test", r.id)
		}
		for _, name := range names {
			m := knownTest.FindStringSubmatch(name[1])
			if m == nil {
				t.Errorf("row %s: test %q: want `package: TestName` or `package: TestName/row`", r.id, name[1])
				continue
			}
			texts, known := tests[m[1]][m[2]]
			switch {
			case !known:
				t.Errorf("row %s: package %s has no %s", r.id, m[1], m[2])
			case m[3] != "" && !strings.Contains(texts, m[3]):
				t.Errorf("row %s: nothing in %s of %s is called %q", r.id, m[2], m[1], m[3])
			}
		}
	}
}

// coverage reads the rows.
func coverage(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if rowID.MatchString(cells[0]) && len(cells) == 4 {
			rows = append(rows, row{cells[0], cells[1], cells[2], cells[3]})
		} else if rowID.MatchString(cells[0]) {
			t.Errorf("row %s has %d cells, want 4", cells[0], len(cells))
		}
	}
	return rows
}

// testsOf lists the tests of the module, by package and name, each with the text literals in it.
func testsOf(t *testing.T) map[string]map[string]string {
	t.Helper()
	root := "../../.."
	all := map[string]map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		folder = filepath.ToSlash(folder)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			var texts strings.Builder
			ast.Inspect(f, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					texts.WriteString(literal.Value + "\n")
				}
				return true
			})
			if all[folder] == nil {
				all[folder] = map[string]string{}
			}
			all[folder][f.Name.Name] = texts.String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// privateWords are words that only this project used in this sense, each with the word that readers
// know.
var privateWords = map[string]string{
	"desk": "dashboard", "rig": "server", "reply": "response", "replies": "responses", "ledger": "stats", "turns": "sequence",
	"surface": "vendor API", "sieve": "text index", "lives": "count, journeys", "judge": "check", "verdict": "result", "aim": "match",
	"aims": "matches", "terms": "endpoint settings", "shelf": "source", "maker": "builder, factory", "moment": "time", "way": "path, kind",
	"ways": "paths, kinds", "become": "be", "becomes": "is then", "became": "was then", "held": "kept, delayed", "gone": "deleted, missing",
	"drawn": "random, rendered", "careful": "safe", "thin": "small", "news": "updates", "stands": "is", "patient": "context", "shake": "handshake",
	"settles": "waits", "meant": "intended", "spread": "range", "doubt": "inconclusive",
}

// wordsElsewhere are uses of such a word that are somebody else's, or a contract.
var wordsElsewhere = regexp.MustCompile(`410 gone|verdict:[a-z]+|verdict, explanation|\.verdict\b|"verdict"|` + "`verdict`" + `|Verification\.Verdict|signature\.Verdict|\bVerdict\b`)

var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)

// privateIn returns the private words of a text.
func privateIn(text string) (list []string) {
	for _, w := range word.FindAllString(wordsElsewhere.ReplaceAllString(text, ""), -1) {
		if known := privateWords[strings.ToLower(w)]; known != "" {
			list = append(list, w+" (say "+known+")")
		}
	}
	return list
}

// The manual, README and the other documents use the field's own words.
func TestDocumentsUseKnownWords(t *testing.T) {
	root := filepath.Join("..", "..")
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if err == nil && filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 10 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(raw), "\n") {
			for _, w := range privateIn(line) {
				t.Errorf("%s:%d: %s", file, i+1, w)
			}
		}
	}
}

// The help of every command does too.
func TestHelpUsesKnownWords(t *testing.T) {
	seen := 0
	for cmd := range allCommands(newRoot(World{Environ: os.Environ})) {
		seen++
		for line := range strings.Lines(cmd.Long) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > longestLine && !strings.Contains(strings.TrimSpace(line), "  ") {
				t.Errorf("%s: %d columns, want at most %d: %s", cmd.CommandPath(), n, longestLine, line)
			}
		}
		for _, text := range []string{cmd.Short, cmd.Long, cmd.Example, cmd.LocalFlags().FlagUsages()} {
			for _, w := range privateIn(text) {
				t.Errorf("%s: %s in %q", cmd.CommandPath(), w, text)
			}
		}
	}
	if seen < 15 {
		t.Errorf("%d commands", seen)
	}
}

// Exported names, and what documents them, do too.
func TestNamesUseKnownWords(t *testing.T) {
	for pkg := range goPackages(t) {
		for _, d := range pkg.declared {
			for _, w := range words(d.name) {
				if known := privateWords[strings.ToLower(w)]; known != "" && d.name != "Verdict" {
					t.Errorf("%s: %s has the word %s (say %s)", d.at, d.name, w, known)
				}
			}
			if !pkg.public {
				continue
			}
			for _, w := range privateIn(d.doc) {
				t.Errorf("%s: the comment of %s: %s", d.at, d.name, w)
			}
		}
	}
}

// Every exported name of a public package has a comment, and that of a type or function begins with
// its name.
func TestPublicNamesAreDocumented(t *testing.T) {
	for pkg := range goPackages(t) {
		if !pkg.public {
			continue
		}
		for _, d := range pkg.declared {
			switch {
			case d.doc == "":
				t.Errorf("%s: %s has no comment", d.at, d.name)
			case d.top && !strings.HasPrefix(d.doc, d.name+" ") && !strings.HasPrefix(d.doc, d.name+",") && !strings.HasPrefix(d.doc, "Deprecated:"):
				t.Errorf("%s: the comment of %s begins %q, want its name", d.at, d.name, strings.SplitN(d.doc, "\n", 2)[0])
			}
		}
	}
}

// declared is an exported name: of a type, a function, a method, a constant, a variable or a field.
type declared struct {
	name, doc, at string
	top           bool // a type, function or method: its comment begins with its name
}

// goPackage is a package of the module, without its tests.
type goPackage struct {
	public   bool
	declared []declared
}

// goPackages parses the packages of the module.
func goPackages(t *testing.T) iter.Seq[goPackage] {
	t.Helper()
	return func(yield func(goPackage) bool) {
		for path, words := range goList(t, "{{.ImportPath}} {{.Dir}} {{join .GoFiles \" \"}}") {
			if path == "cmd/hookrig" || path == "suites/acceptance" {
				continue // programs
			}
			p := goPackage{public: slices.Contains(public, path)}
			for _, name := range words[1:] {
				files := token.NewFileSet()
				f, err := parser.ParseFile(files, filepath.Join(words[0], name), nil, parser.ParseComments)
				if err != nil {
					t.Fatal(err)
				}
				v := visitor{at: func(n ast.Node) string { return path + "/" + name + ":" + strconv.Itoa(files.Position(n.Pos()).Line) }}
				for _, d := range f.Decls {
					v.decl(d)
				}
				p.declared = append(p.declared, v.found...)
			}
			if !yield(p) {
				return
			}
		}
	}
}

// visitor collects the exported names of a file.
type visitor struct {
	at    func(ast.Node) string
	found []declared
}

func (v *visitor) add(name *ast.Ident, top bool, comments ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	var doc string
	for _, c := range comments {
		if doc == "" {
			doc = strings.TrimSpace(c.Text())
		}
	}
	v.found = append(v.found, declared{name.Name, doc, v.at(name), top})
}

func (v *visitor) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || receiverIsExported(d.Recv) && d.Name.Name != "String" {
			v.add(d.Name, true, d.Doc)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				v.add(s.Name, true, s.Doc, d.Doc)
				if fields, ok := s.Type.(*ast.StructType); ok && s.Name.IsExported() {
					v.members(fields.Fields, s.Doc, d.Doc)
				}
				if methods, ok := s.Type.(*ast.InterfaceType); ok && s.Name.IsExported() {
					v.members(methods.Methods, s.Doc, d.Doc)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					v.add(n, false, s.Doc, s.Comment, d.Doc)
				}
			}
		}
	}
}

// members adds the fields of a struct, or the methods of an interface. One without a comment counts
// as documented where the comment of the type, or of another member, speaks of it.
func (v *visitor) members(list *ast.FieldList, docs ...*ast.CommentGroup) {
	for _, f := range list.List {
		docs = append(docs, f.Doc, f.Comment)
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			own := []*ast.CommentGroup{f.Doc, f.Comment, tagDoc(f)}
			for _, c := range docs {
				if slices.Contains(word.FindAllString(c.Text(), -1), n.Name) {
					own = append(own, c)
				}
			}
			v.add(n, false, own...)
		}
	}
}

// tagDoc is the text of a field's doc tag.
func tagDoc(f *ast.Field) *ast.CommentGroup {
	if f.Tag == nil {
		return nil
	}
	text, _ := strconv.Unquote(f.Tag.Value)
	if doc := reflect.StructTag(text).Get("doc"); doc != "" {
		return &ast.CommentGroup{List: []*ast.Comment{{Text: "// " + doc}}}
	}
	return nil
}

func receiverIsExported(r *ast.FieldList) bool {
	typ := r.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

// words splits an exported name: BinStats is Bin, Stats.
func words(name string) (list []string) {
	begin := 0
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && (i+1 < len(name) && unicode.IsLower(rune(name[i+1])) || unicode.IsLower(rune(name[i-1]))) {
			list, begin = append(list, name[begin:i]), i
		}
	}
	return append(list, name[begin:])
}

// allCommands yields a command and all below it.
func allCommands(cmd *cobra.Command) iter.Seq[*cobra.Command] {
	return func(yield func(*cobra.Command) bool) {
		if !yield(cmd) {
			return
		}
		for _, sub := range cmd.Commands() {
			for c := range allCommands(sub) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// longestLine is the width of comments and of help, in columns; a tab is four.
const longestLine = 100

// Comments are at most 100 columns wide, without code and tables in them.
func TestCommentsFitTheScreen(t *testing.T) {
	seen := 0
	for _, words := range goList(t, "{{.ImportPath}} {{.Dir}} {{join .GoFiles \" \"}} {{join .TestGoFiles \" \"}} {{join .XTestGoFiles \" \"}}") {
		for _, name := range words[1:] {
			path := filepath.Join(words[0], name)
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, source, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(source), "\n")
			for _, group := range f.Comments {
				if strings.HasPrefix(group.Text(), "Output:") {
					continue // of an example: its lines are compared
				}
				for _, c := range group.List {
					line := strings.ReplaceAll(lines[files.Position(c.Pos()).Line-1], "\t", "    ")
					prose, full := strings.CutPrefix(strings.TrimLeft(line, " "), "// ")
					if !full || strings.HasPrefix(prose, " ") || !strings.Contains(prose, " ") {
						continue // beside code, or code and tables, or an address
					}
					seen++
					if n := utf8.RuneCountInString(line); n > longestLine {
						t.Errorf("%s: %d columns, want at most %d", files.Position(c.Pos()), n, longestLine)
					}
				}
			}
		}
	}
	if seen < 1000 {
		t.Errorf("%d lines of comments", seen)
	}
}

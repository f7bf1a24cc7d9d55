package main

import (
	"errors"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/cmd/hookrig/internal/markdown"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver"
)

// Every link to a page leads to it, and to a heading that it has.
func TestManualLinks(t *testing.T) {
	t.Parallel()
	anchors := map[string][]string{}
	for _, page := range topics() {
		for _, h := range page.page.Headings() {
			anchors[page.name] = append(anchors[page.name], h.ID)
		}
	}
	for _, page := range topics() {
		for _, link := range page.page.Links() {
			if strings.Contains(link, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(link, "#")
			name := strings.TrimSuffix(path.Base(file), ".md")
			if file == "" {
				name = page.name
			}
			if anchors[name] == nil || anchor != "" && !slices.Contains(anchors[name], anchor) {
				t.Errorf("%s links to %s", page.name, link)
			}
		}
	}
}

// manualWords are more words that the manual does without, and words that have another
// name now. The letters in brackets keep them out of a search for the old words.
var manualWords = regexp.MustCompile(`(?i)\b(des[k]|ri[g]s?|repl(?:[y]|ies)|ledge[r]|turn[s]|surfac[e]s?|siev[e]|judg[e][ds]?|judgin[g]|verdic[t]s?|` +
	`aims?|shelf|maker|moment|held|drawn|draws?|careful|thin|news|stands?|patient|shake|settle|meant|doubt|told|takes the place)\b`)

// codeText is what stands in code, which has the names of today's keys and flags.
var codeText = regexp.MustCompile("(?s)```.*?```|`[^`]*`|<!--.*?-->")

func TestManualHasNoPrivateWords(t *testing.T) {
	t.Parallel()
	for _, page := range topics() {
		prose := codeText.ReplaceAllString(generatedPart.ReplaceAllString(string(sourceOf(t, page.name)), ""), "")
		for line := range strings.Lines(prose) {
			if found := manualWords.FindString(line); found != "" {
				t.Errorf("%s says %q: %s", page.name, found, strings.TrimSpace(line))
			}
		}
	}
}

// Every flag and every variable that the manual names is one of a command.
func TestManualNamesFlagsThatThereAre(t *testing.T) {
	t.Parallel()
	// of docker, kubectl, curl and a consumer
	flags := map[string]bool{"rm": true, "profile": true, "from-literal": true, "data-urlencode": true, "port": true}
	variables := otherVariables()
	var collect func(cmd *cobra.Command)
	collect = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name], variables = true, append(variables, envName(f.Name)) })
		for _, sub := range cmd.Commands() {
			collect(sub)
		}
	}
	collect(newRoot(World{Environ: os.Environ}))
	flag, variable := regexp.MustCompile(`(?:^|[\s`+"`"+`])--([a-z][a-z-]*)`), regexp.MustCompile(`HOOKRIG_[A-Z_]+[A-Z]`)
	for _, page := range topics() {
		raw := sourceOf(t, page.name)
		for _, m := range flag.FindAllStringSubmatch(string(raw), -1) {
			if !flags[m[1]] {
				t.Errorf("%s names --%s, which no command has", page.name, m[1])
			}
		}
		for _, name := range variable.FindAllString(string(raw), -1) {
			if !slices.Contains(variables, name) {
				t.Errorf("%s names the variable %s, which no flag has", page.name, name)
			}
		}
	}
}

// blocksOf lists the blocks of a page that have a marker.
func blocksOf(t *testing.T, name, marker string) []markdown.Block {
	t.Helper()
	var list []markdown.Block
	for _, page := range topics() {
		for _, b := range page.page.Blocks() {
			if page.name == name && b.Marker == marker {
				list = append(list, b)
			}
		}
	}
	if len(list) == 0 {
		t.Fatalf("the page %s has no %s", name, marker)
	}
	return list
}

// firstCells are the first cells of the table with a marker.
func firstCells(t *testing.T, page, marker string) []string {
	t.Helper()
	var list []string
	for _, row := range blocksOf(t, page, marker)[0].Rows {
		list = append(list, strings.TrimPrefix(row[0], "."))
	}
	return list
}

// The fields of a query, the members of a request and the results of a signature are all listed,
// and no others.
func TestManualListsWhatQueriesKnow(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	err := search(t, server, "nofield:x", "")
	if !errors.Is(err, mockserver.ErrInvalidBin) {
		t.Fatalf("a field that there is not: %v", err)
	}
	_, list, _ := strings.Cut(err.Error(), "The fields are ")
	list, _, _ = strings.Cut(list, ";")
	results := []string{string(signature.Valid), string(signature.Missing), string(signature.Malformed), string(signature.Mismatch), string(signature.Stale)}
	for marker, want := range map[string][]string{"fields": strings.Split(list, ", "), "members": content.Members()} {
		if got := firstCells(t, "queries", marker); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", marker, got, want)
		}
	}
	if got := firstCells(t, "signatures", "results"); !slices.Equal(got, results) {
		t.Errorf("results: %q, want %q", got, results)
	}
	states := []string{string(mockserver.Pending), string(mockserver.Delivered), string(mockserver.Exhausted), string(mockserver.Stopped), string(mockserver.Dropped)}
	if got := firstCells(t, "words", "states"); !slices.Equal(got, states) {
		t.Errorf("states: %q, want %q", got, states)
	}
}

// search asks a bin for what a query and a condition select.
func search(t *testing.T, server *mockserver.Server, q, where string) error {
	t.Helper()
	_, err := server.Client().Captures(t.Context(), mockserver.Query{Q: q, Where: where})
	return err
}

// Every example of a query or a condition can be read.
func TestManualQueriesAreQueries(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	for line := range strings.Lines(blocksOf(t, "queries", "queries")[0].Code) {
		if err := search(t, server, strings.TrimSpace(line), ""); err != nil {
			t.Error(err)
		}
	}
	for _, row := range blocksOf(t, "queries", "fields")[0].Rows {
		for example := range strings.SplitSeq(row[1], ", ") {
			if err := search(t, server, example, ""); err != nil {
				t.Error(err)
			}
		}
	}
	for line := range strings.Lines(blocksOf(t, "queries", "conditions")[0].Code) {
		if err := search(t, server, "", strings.TrimSpace(line)); err != nil {
			t.Error(err)
		}
	}
}

// The tables of flags name flags of the command, with the defaults that it has.
func TestManualFlagTables(t *testing.T) {
	t.Parallel()
	root := newRoot(World{Environ: os.Environ})
	tables := 0
	for _, page := range topics() {
		for _, b := range page.page.Blocks() {
			name, ok := strings.CutPrefix(b.Marker, "flags: ")
			if !ok {
				continue
			}
			tables++
			cmd, _, err := root.Find([]string{name})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range b.Rows {
				f := cmd.Flags().Lookup(strings.TrimPrefix(strings.Fields(row[0])[0], "--"))
				if f == nil {
					t.Errorf("%s: hookrig %s has no %s", page.name, name, row[0])
					continue
				}
				if said := row[1]; said != "" && said != f.DefValue && !strings.Contains(f.Usage, said) {
					t.Errorf("%s: %s is %q by default, not %q: %s", page.name, row[0], f.DefValue, said, f.Usage)
				}
			}
		}
	}
	if tables < 2 {
		t.Errorf("%d tables of flags", tables)
	}
}

// What the page about the image says of it is what Dockerfile says.
func TestManualImage(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`(HOOKRIG_[A-Z_]+)=(\S+)`).FindAllStringSubmatch(string(dockerfile), -1) {
		env[m[1]] = m[2]
	}
	for _, row := range blocksOf(t, "docker", "variables")[0].Rows {
		if row[1] != env[row[0]] {
			t.Errorf("%s is %q in the image, not %q", row[0], env[row[0]], row[1])
		}
		delete(env, row[0])
	}
	for name := range env {
		t.Errorf("the image sets %s, which the page does not list", name)
	}
	compose, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, b := range blocksOf(t, "docker", "docker") {
		for _, c := range commandsOf(b.Code) {
			if !strings.HasPrefix(c.text, "docker ") {
				continue
			}
			commands++
			if !strings.Contains(c.text, "hookrig:dev") || !strings.Contains(string(compose), "image: hookrig:dev") {
				t.Errorf("%s: another image than in compose.yaml", c.text)
			}
			for _, m := range regexp.MustCompile(`-p 127\.0\.0\.1:\d+:(\d+)`).FindAllStringSubmatch(c.text, -1) {
				if !regexp.MustCompile(`EXPOSE .*\b` + m[1] + `\b`).Match(dockerfile) {
					t.Errorf("%s: the image has no port %s", c.text, m[1])
				}
			}
		}
	}
	if commands < 3 {
		t.Errorf("%d commands of docker", commands)
	}
}

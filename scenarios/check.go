package scenarios

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/expression"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
)

// Check returns the mistakes in a scenario that was built in Go. Load checks files like this too.
func (s *Scenario) Check(catalogue *fixtures.Catalogue) error {
	if catalogue == nil {
		catalogue = fixtures.Builtin()
	}
	c := checker{s: s, catalogue: catalogue}
	c.scenario()
	return c.problems.Err()
}

// checker finds mistakes that the decoder cannot find: unknown names, and keys that cannot be
// combined. Values that are references are still zero, so it does not check them. A path such as
// steps[2].deliver.event is the location of a problem.
type checker struct {
	problems  strictyaml.Problems
	s         *Scenario
	catalogue *fixtures.Catalogue
	includes  bool             // the file includes others
	earlier   map[string]*Step // the steps before the current one, by id
}

// add reports a problem at a path, or at the longest part of the path that the file contains.
func (c *checker) add(hint, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if c.s.root == nil {
		c.problems = append(c.problems, strictyaml.Problem{File: cmp.Or(c.s.Name, "scenario"), Message: path + ": " + message, Hint: hint})
		return
	}
	n := strictyaml.Find(c.s.root, path)
	file := c.fileOf(path)
	if n == target(child(c.s.root, "provider")) {
		file = c.s.file // a step inherits it
	}
	c.addAt(file, n, hint, "%s", message)
}

func (c *checker) addAt(file string, n *yaml.Node, hint, format string, args ...any) {
	p := strictyaml.At(n, fmt.Sprintf(format, args...), hint)
	p.File = file
	c.problems = append(c.problems, p)
}

// fileOf returns the file that contains a path: steps can be from included files.
func (c *checker) fileOf(path string) string {
	section, rest, inList := strings.Cut(path, "[")
	list := map[string][]Step{"setup": c.s.Setup, "steps": c.s.Steps, "teardown": c.s.Teardown}[section]
	number, _, _ := strings.Cut(rest, "]")
	if i, err := strconv.Atoi(number); inList && err == nil && i < len(list) && list[i].file != "" {
		return list[i].file
	}
	return c.s.file
}

// isSet reports whether the file contains the key at the end of path, whatever its value.
func (c *checker) isSet(path string) bool {
	if c.s.root == nil {
		return false
	}
	parent, key := "", path
	if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
		parent, key = path[:dot], path[dot+1:]
	}
	// Find returns the nearest node when the path ends early. Following the path key by key tells
	// the two apart.
	n := c.s.root
	for _, step := range strings.FieldsFunc(parent, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		next := strictyaml.Find(n, step)
		if next == target(n) || next == nil {
			return false
		}
		n = next
	}
	return child(n, key) != nil
}

// isLiteral reports whether the value at a path is a scalar with a tag and not a reference. A value
// that was built in Go is always literal.
func (c *checker) isLiteral(path, tag string) bool {
	if c.s.root == nil {
		return true
	}
	n := target(strictyaml.Lookup(c.s.root, path))
	return n != nil && isScalar(n, tag) && !holdsReference(n)
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// nameForm is the form of names, which are used in URLs, file names and commands.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

func (c *checker) name(what, name string, path string) {
	if name != "" && !nameForm.MatchString(name) {
		c.add("", path, "%s %q: want letters, digits, - and _, at most 63", what, name)
	}
}

func (c *checker) scenario() {
	s := c.s
	if s.Version != Version && (s.Version != 0 || c.isLiteral("hookrig", "!!int")) {
		c.add("", "hookrig", "unknown format version %d: want %d", s.Version, Version)
	}
	if s.Name == "" && c.isLiteral("name", "!!str") {
		c.add("", "name", "a scenario needs a name")
	}
	c.name("scenario name", s.Name, "name")
	for i, tag := range s.Tags {
		c.name("tag", tag, index("tags", i))
	}
	for _, name := range keys(s.Params) {
		c.name("parameter", name, "params."+name)
	}
	c.table(s.Rows, "rows")
	if s.Target.URL != "" && s.Target.Bin != "" {
		c.add("name the bin here, and give the URL to the run with --target", "target", "a target is a url or a bin, not both")
	}
	if s.Target.Bin != "" {
		c.bin(s.Target.Bin, "target.bin")
	}
	for _, name := range keys(s.Bins) {
		c.name("bin", name, "bins."+name)
		if b := s.Bins[name]; b.Provider != "" {
			c.provider(b.Provider, "bins."+name+".provider")
		} else if b.Secret != "" && !c.isSet("bins."+name+".provider") {
			c.add("add provider: NAME", "bins."+name+".secret", "a secret without a provider verifies nothing")
		}
		c.handshakes("bins."+name, s.Bins[name].Handshakes)
		c.rules("bins."+name, s.Bins[name].Rules)
	}
	for _, name := range keys(s.Effects) {
		c.effect(name)
	}
	if len(s.Steps) == 0 && (!c.includes || len(c.problems) == 0) && (s.root == nil || child(s.root, "steps") != nil) {
		c.add("a step is - id: NAME and a verb: "+strings.Join(allVerbs, ", "), "steps", "a scenario without steps checks nothing")
	}
	c.earlier = map[string]*Step{}
	for i, list := range [][]Step{s.Setup, s.Steps, s.Teardown} {
		for k := range list {
			c.step(&list[k], index(stepSections[i], k))
		}
	}
	c.conformance()
	c.references()
}

func (c *checker) handshakes(path string, list []Handshake) {
	for i, h := range list {
		at := index(path+".handshakes", i)
		// The decoder has reported an unknown kind, unless it is a reference.
		unknown := c.s.root != nil && !slices.Contains(mockserver.HandshakeKinds(), string(h.Kind))
		if unknown || h.Secret == "" && c.isSet(at+".secret") {
			continue
		}
		if err := h.toServer().Check(); err != nil {
			c.add("", at, "%v", err)
		}
	}
}

// rules checks that each rule has either a response or a sequence of responses.
func (c *checker) rules(path string, list []Rule) {
	for i, r := range list {
		at := index(path+".rules", i)
		one, several := r.Response != nil || c.isSet(at+".response"), len(r.Responses) > 0 || c.isSet(at+".responses")
		if one == several {
			c.add("", at, "a rule wants exactly one of response and responses")
		}
	}
}

// didYouMean returns a hint with the nearest known word or, without one, all known words.
func didYouMean(word string, of []string) string {
	if near := strictyaml.Nearest(word, of); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(of) == 0 || len(of) > 16 {
		return ""
	}
	return "known: " + strings.Join(of, ", ")
}

var allVerbs = []string{"subscribe", "journey", "deliver", "advance", "respond", "replay", "burst", "call", "restart", "expect"}

func (c *checker) effect(name string) {
	e := c.s.Effects[name]
	c.name("effect", name, "effects."+name)
	sources := 0
	for _, ok := range []bool{e.HTTP != nil, e.SQL != nil, e.Sink != nil, len(e.Exec) > 0, e.Func != "" || c.isSet("effects."+name+".func")} {
		if ok {
			sources++
		}
	}
	if sources != 1 {
		c.add("", "effects."+name, "effect %s: want exactly one of http, sql, sink, exec and func", name)
	}
	if e.Sink != nil {
		c.bin(e.Sink.Bin, "effects."+name+".sink.bin")
	}
}

// provider returns a provider. It reports an unknown one and returns nil.
func (c *checker) provider(name string, path string) *fixtures.Provider {
	if name == "" {
		return nil
	}
	p, err := c.catalogue.Provider(name)
	if err != nil {
		c.add(didYouMean(name, c.providers()), path, "unknown provider %q", name)
		return nil
	}
	return p
}

func (c *checker) providers() []string {
	var names []string
	for _, p := range c.catalogue.Providers() {
		names = append(names, p.Name)
	}
	return names
}

func (c *checker) event(p *fixtures.Provider, name string, path string) {
	if p == nil || name == "" {
		return
	}
	if _, err := p.Event(name); err != nil {
		c.add(nearEvent(p, name), path, "provider %s sends no event %q", p.Name, name)
	}
}

func nearEvent(p *fixtures.Provider, name string) string {
	names := eventNames(p)
	if near := strictyaml.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "hookrig events " + p.Name + " lists them"
}

func eventNames(p *fixtures.Provider) []string {
	names := make([]string, len(p.Events))
	for i := range p.Events {
		names[i] = p.Events[i].Name
	}
	return names
}

// patterns checks the event patterns of a subscription. It reports a pattern that selects no event,
// which is probably a spelling mistake.
func (c *checker) patterns(p *fixtures.Provider, patterns []string, path string) {
	if p == nil {
		return
	}
	for i, pattern := range patterns {
		if pattern == "" {
			continue // a reference
		}
		at := index(path, i)
		if err := p.Subscription.CheckPattern(pattern); err != nil {
			c.add("", at, "%v", err)
			continue
		}
		if !selects(p, pattern) {
			c.add(nearEvent(p, pattern), at, "pattern %q selects no event of provider %s", pattern, p.Name)
		}
	}
}

func selects(p *fixtures.Provider, pattern string) bool {
	for i := range p.Events {
		if _, ok := p.Subscription.Match([]string{pattern}, p.Events[i].Name); ok {
			return true
		}
	}
	return false
}

func (c *checker) bin(name string, path string) {
	if _, ok := c.s.Bins[name]; !ok && name != "" {
		c.add(didYouMean(name, keys(c.s.Bins)), path, "unknown bin %q", name)
	}
}

// references checks that every ${…} in the file can be resolved when its step begins.
func (c *checker) references() {
	if c.s.root == nil {
		return
	}
	all := c.s.all()
	for _, section := range []string{"params", "target", "bins", "effects"} {
		if n := child(c.s.root, section); n != nil {
			c.referencesIn(c.s.file, n, section, len(all))
		}
	}
	for i, step := range all {
		c.referencesIn(step.file, step.node, "steps", i)
		c.noReference(step.file, child(step.node, "id"), "id")
	}
	for _, key := range []string{"hookrig", "name", "description", "check", "seed", "clock", "timeout", "tags", "rows"} {
		c.noReference(c.s.file, child(c.s.root, key), key)
	}
	c.noReference(c.s.file, child(child(c.s.root, "target"), "bin"), "target.bin")
}

// noReference reports references in a part that is read before the run begins.
func (c *checker) noReference(file string, n *yaml.Node, path string) {
	n = target(n)
	switch {
	case n == nil:
	case n.Kind != yaml.ScalarNode:
		for i, item := range n.Content {
			if n.Kind != yaml.MappingNode {
				c.noReference(file, item, path)
			} else if i%2 == 1 {
				c.noReference(file, item, path+"."+n.Content[i-1].Value)
			}
		}
	case holdsReference(n):
		c.addAt(file, n, "", "%s cannot be a reference: it is read before the run begins", path)
	}
}

// referencesIn checks the scalars below n. step is the index of their step.
func (c *checker) referencesIn(file string, n *yaml.Node, section string, step int) {
	if n = target(n); n == nil {
		return
	}
	if n.Kind != yaml.ScalarNode {
		for i, child := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				c.referencesIn(file, child, section, step)
			}
		}
		return
	}
	if n.ShortTag() != "!!str" {
		return
	}
	parts, err := expression.Split(n.Value)
	if err != nil {
		c.mistake(file, n, err)
	}
	for i := range parts {
		c.placeholder(file, n, &parts[i], section, step)
	}
}

// placeholder checks a placeholder: that it can be compiled, and that all it refers to exists.
func (c *checker) placeholder(file string, n *yaml.Node, part *expression.Part, section string, step int) {
	if part.Node == nil {
		return
	}
	unset := scope{env: func(string) (string, bool) { return "", false }}
	if _, err := part.Compile(unset.expressions()); err != nil {
		c.mistake(file, n, err)
		return
	}
	part.Node.Walk(func(below *expression.Node) bool {
		path := below.Path()
		if path == nil {
			return true
		}
		if message, hint := c.referenceError(part.Source, path, section, step); message != "" {
			c.addAt(file, n, hint, "%s", message)
		}
		return false
	})
}

func (c *checker) mistake(file string, n *yaml.Node, err error) {
	p := mistake(n, err)
	c.addAt(file, n, p.Hint, "%s", p.Message)
}

// referenceError returns the mistake in one path of the placeholder found, or "".
func (c *checker) referenceError(found string, parts []string, section string, step int) (message, hint string) {
	one := func(parts []string, of ...string) (string, string) {
		if len(parts) == 1 && slices.Contains(of, parts[0]) {
			return "", ""
		}
		return fmt.Sprintf("unknown reference %s", found), didYouMean(strings.Join(parts, "."), of)
	}
	switch parts[0] {
	case "seed":
		if len(parts) == 1 {
			return "", ""
		}
	case "params":
		if section == "params" {
			return fmt.Sprintf("reference %s: parameters cannot refer to parameters", found), ""
		}
		return named(found, parts[1:], "params", keys(c.s.Params))
	case "row":
		if section == "params" {
			return fmt.Sprintf("reference %s: parameters cannot refer to rows", found), ""
		}
		return named(found, parts[1:], "rows", c.s.Rows.columns())
	case "each":
		var columns []string
		if section == "steps" {
			columns = c.s.all()[step].Each.columns()
		}
		return named(found, parts[1:], "each", columns)
	case "target":
		if section == "target" || section == "bins" || section == "params" {
			return fmt.Sprintf("reference %s: the target is not known here yet", found), ""
		}
		return one(parts[1:], "url", "origin", "secret")
	case "bins":
		if section == "bins" || section == "params" {
			return fmt.Sprintf("reference %s: %s cannot refer to bins", found, section), ""
		}
		if len(parts) > 1 && c.s.Bins != nil {
			if _, ok := c.s.Bins[parts[1]]; ok {
				return one(parts[2:], "url", "name")
			}
		}
		return fmt.Sprintf("unknown reference %s", found), didYouMean(strings.Join(parts[1:], "."), keys(c.s.Bins))
	case "steps":
		return c.stepReference(found, parts[1:], section, step)
	}
	return fmt.Sprintf("unknown reference %s", found), errReference.Error()
}

func (c *checker) stepReference(found string, parts []string, section string, step int) (message, hint string) {
	if section == "target" || section == "bins" || section == "params" {
		return fmt.Sprintf("reference %s: no step has run here yet", found), ""
	}
	if len(parts) < 2 {
		return fmt.Sprintf("reference %s ends too early", found), "${steps.ID.NAME}"
	}
	var ids []string
	for i, s := range c.s.all() {
		if i >= step {
			break
		}
		ids = append(ids, s.ID)
		if s.ID != parts[0] {
			continue
		}
		names := append(outputs(s.Verb()), keys(s.Save)...)
		if slices.Contains(names, parts[1]) {
			return "", ""
		}
		if len(names) == 0 {
			return fmt.Sprintf("reference %s: step %s has no values to refer to", found, s.ID), ""
		}
		return fmt.Sprintf("unknown reference %s", found), didYouMean(parts[1], names)
	}
	return fmt.Sprintf("unknown reference %s: no step before this one has the id %q", found, parts[0]), didYouMean(parts[0], ids)
}

// named returns the mistake in a reference to a value of the scenario by name, or "". key is the
// key that defines the values.
func named(found string, parts []string, key string, known []string) (message, hint string) {
	switch {
	case len(known) == 0:
		return fmt.Sprintf("unknown reference %s: there is no %q here", found, key), ""
	case len(parts) == 0:
		return fmt.Sprintf("reference %s ends too early", found), didYouMean("", known)
	case !slices.Contains(known, parts[0]):
		return fmt.Sprintf("unknown reference %s", found), didYouMean(parts[0], known)
	}
	return "", ""
}

// table checks the names of a table's values.
func (c *checker) table(t Table, path string) {
	for _, name := range t.columns() {
		if !nameForm.MatchString(name) {
			c.add("", path, "value %q: want letters, digits, - and _, at most 63", name)
		}
	}
}

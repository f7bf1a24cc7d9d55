package fault

import (
	"regexp"
	"strings"
)

// Forms returns how the fault is written: a form for each word that Args lists, and one that ends
// in a colon where another argument follows.
func (k Kind) Forms() []string {
	optional := strings.HasPrefix(k.Args, "[")
	switch {
	case k.Args == "":
		return []string{k.Name}
	case optional:
		return []string{k.Name, k.Name + ":"}
	case !k.listed():
		return []string{k.Name + ":"}
	}
	var forms []string
	for arg := range strings.SplitSeq(k.Args, "|") {
		forms = append(forms, k.Name+":"+arg)
	}
	return forms
}

// listed reports whether Args lists words, of which one is the argument.
func (k Kind) listed() bool { return strings.Contains(k.Args, "|") }

// Label is the name with its arguments, for people: "duplicate[:N]", "body:huge:SIZE".
func (k Kind) Label() string {
	if optional, ok := strings.CutPrefix(k.Args, "["); ok {
		return k.Name + "[:" + optional
	}
	if k.Args == "" {
		return k.Name
	}
	return k.Name + ":" + k.Args
}

// Pattern is a regular expression for the fault as text, without its attempts.
func (k Kind) Pattern() string {
	name := regexp.QuoteMeta(k.Name)
	switch {
	case k.Args == "":
		return name
	case strings.HasPrefix(k.Args, "["):
		return name + "(:.+)?"
	case k.listed():
		return name + ":(" + k.Args + ")"
	}
	return name + ":.+"
}

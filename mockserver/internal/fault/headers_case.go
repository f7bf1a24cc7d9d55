package fault

import (
	"fmt"
	"strings"
)

// headerCase writes the names of all header lines in another case.
func headerCase() row {
	return row{
		Kind: Kind{
			Name: "headers:case", Text: "write the names of all header lines in lower, UPPER or mIxEd case",
			Changes: "the case of header names", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, looks header lines up by their exact case.",
			Source: "RFC 9110, section 5.1: names are case-insensitive; HTTP/2 proxies send them in lower case",
		},
		arg:    oneOf("lower", "upper", "mixed"),
		groups: []string{"case"},
		alter: func(arg string, r *Request) error {
			change := map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper, "mixed": mixed}[arg]
			changed := false
			for i := range r.Message.Headers {
				line := &r.Message.Headers[i]
				before := line.Name
				line.Name = change(before)
				changed = changed || line.Name != before
			}
			if !changed {
				return fmt.Errorf("a good delivery has all names so")
			}
			return nil
		},
	}
}

// mixed alternates the case: cOnTeNt-tYpE.
func mixed(name string) string {
	b := []byte(strings.ToLower(name))
	for i := 1; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}

package content

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// CheckPaths returns an error for a path of a jq query that begins with a member that a request
// does not have, because it would always be null.
func CheckPaths(q *gojq.Query) error {
	for _, side := range ofRequest(q) {
		if name := side.Term.Index.Name; name != "" && !slices.Contains(Members(), name) {
			return fmt.Errorf("a request has no .%s: want .%s; a member of the body is .body.%s", name, strings.Join(Members(), ", ."), name)
		}
	}
	return nil
}

// ofRequest returns the paths of a query that start at the request, not after a pipe.
func ofRequest(q *gojq.Query) []*gojq.Query {
	switch {
	case q == nil || len(q.FuncDefs) > 0 || len(q.Patterns) > 0:
		return nil
	case q.Op == gojq.OpPipe:
		return ofRequest(q.Left)
	case q.Left != nil || q.Right != nil:
		return append(ofRequest(q.Left), ofRequest(q.Right)...)
	case q.Term == nil:
		return nil
	case q.Term.Type == gojq.TermTypeQuery:
		return ofRequest(q.Term.Query)
	case q.Term.Type == gojq.TermTypeIndex:
		return []*gojq.Query{q}
	}
	return nil
}

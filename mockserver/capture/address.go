package capture

import (
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/mockserver/content"
)

const longestBin = 128

// binOf returns the bin that a request target names, the first segment of its path as it is written, or "". Names that
// begin with a dot are the server's own, and "token" is the name of an API: see Front.
func binOf(target string) string {
	path := pathOf(strings.TrimLeft(target, " "))
	if path == "" {
		return ""
	}
	name := path[1:]
	if end := strings.IndexAny(name, "/?# "); end >= 0 {
		name = name[:end]
	}
	if !isBin(name) || name == apiName {
		return ""
	}
	return name
}

// pathOf returns the path and the query of a target in origin or absolute form, or "".
func pathOf(target string) string { return content.Path(target) }

// isBin says whether name can be a bin's.
func isBin(name string) bool {
	if name == "" || len(name) > longestBin || name[0] == '.' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// checkNewBin refuses a name that no bin can have, and the one that has become an API's: a bin that got it before can be
// read and deleted only.
func checkNewBin(name string) error {
	if name == apiName {
		return fmt.Errorf("%w bin %s: the name belongs to an API that makes bins; take another one", ErrInvalid, quote(name))
	}
	return checkBin(name)
}

// checkBin refuses a name that no bin can have.
func checkBin(name string) error {
	if !isBin(name) {
		return fmt.Errorf("%w bin %s: want 1 to %d letters, digits, \"-\", \"_\" or \".\", not a \".\" first", ErrInvalid, quote(name), longestBin)
	}
	return nil
}

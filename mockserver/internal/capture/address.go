package capture

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/internal/content"
)

const longestBin = 128

// binOf returns the bin that a request target names, the first segment of its path below base, or "". Names that
// begin with a dot are the server's own, and "token" is the name of an API: see Front.
func binOf(target, base string) string {
	name, _ := splitTarget(target, base)
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain // %66oo is foo: RFC 3986 §6.2.2.2
	}
	if !isBin(name) || name == apiName {
		return ""
	}
	return name
}

// splitTarget takes a request target apart: the first segment of its path below base, as it is written, and what follows. Slashes
// before it do not count: they come of a base URL that ends in one. A proxy may have taken base away.
func splitTarget(target, base string) (name, rest string) {
	path := below(pathOf(strings.TrimLeft(target, " ")), base)
	path = strings.TrimLeft(path, "/")
	end := strings.IndexAny(path+"/", "/?# ")
	return path[:end], path[end:]
}

// below is a path without the path that the server stands below, as its public URL says.
func below(path, base string) string {
	rest, ok := strings.CutPrefix(path, base)
	if !ok || base == "" || rest != "" && rest[0] != '/' && rest[0] != '?' {
		return path
	}
	return "/" + strings.TrimPrefix(rest, "/")
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

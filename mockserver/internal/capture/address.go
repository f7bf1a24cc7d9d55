package capture

import (
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// binOf returns the bin that a request target names: the first segment of its path below base. It
// returns "" when the target names none. Names that begin with a dot belong to the server, and
// "token" is the name of an API: see Front.
func binOf(target, base string) string {
	name, _ := splitTarget(target, base)
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain // %66oo is foo: RFC 3986 §6.2.2.2
	}
	if !journal.IsBin(name) || name == journal.ReservedBin {
		return ""
	}
	return name
}

// splitTarget splits a request target into the first segment of its path below base, as written,
// and the rest. It skips slashes before the segment: they come from a base URL that ends in one. A
// proxy may already have removed base.
func splitTarget(target, base string) (name, rest string) {
	path := below(content.Path(strings.TrimLeft(target, " ")), base)
	path = strings.TrimLeft(path, "/")
	end := strings.IndexAny(path+"/", "/?# ")
	return path[:end], path[end:]
}

// below removes base, the path of the server's public URL, from a path.
func below(path, base string) string {
	rest, ok := strings.CutPrefix(path, base)
	if !ok || base == "" || rest != "" && rest[0] != '/' && rest[0] != '?' {
		return path
	}
	return "/" + strings.TrimPrefix(rest, "/")
}

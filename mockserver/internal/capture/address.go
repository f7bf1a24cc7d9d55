package capture

import (
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// binOf returns the bin that a request target names, the first segment of its path below base, or "". Names that
// begin with a dot are the server's own, and "token" is the name of an API: see Front.
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

// splitTarget takes a request target apart: the first segment of its path below base, as it is written, and what follows. Slashes
// before it do not count: they come of a base URL that ends in one. A proxy may have taken base away.
func splitTarget(target, base string) (name, rest string) {
	path := below(content.Path(strings.TrimLeft(target, " ")), base)
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

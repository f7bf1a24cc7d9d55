package replay

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// Target returns the request target for sending a recorded request to the URL to: its path and
// query follow those of to. If the first segment of the recorded path is bin, the name of the bin
// that recorded the request, it is removed; a bin of "" keeps the path. The recorded target is not
// re-encoded, except that spaces and control characters are escaped.
func Target(to *url.URL, bin, recorded string) string {
	rest := strings.TrimLeft(recorded, " ")
	if _, after, absolute := strings.Cut(rest, "://"); absolute && !strings.HasPrefix(rest, "/") {
		rest = after[strings.IndexAny(after+"/", "/?#"):] // without the host
	}
	rest, _, _ = strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	if bin != "" {
		first, after, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if name, err := url.PathUnescape(first); err == nil && name == bin {
			if path = ""; more {
				path = "/" + after
			}
		}
	}
	return Join(to, path, query)
}

// Join appends a path, which is empty or begins with a slash, and a query to those of to.
func Join(to *url.URL, path, query string) string {
	target := cmp.Or(to.EscapedPath(), "/")
	if strings.HasPrefix(path, "/") {
		target = strings.TrimSuffix(target, "/") + path
	}
	switch {
	case to.RawQuery == "":
	case query == "":
		query = to.RawQuery
	default:
		query = to.RawQuery + "&" + query
	}
	if query != "" {
		target += "?" + query
	}
	return escaped(target)
}

// escaped escapes spaces and control characters, which would end a target.
func escaped(target string) string {
	if !strings.ContainsFunc(target, ends) {
		return target
	}
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; ends(rune(c)) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func ends(r rune) bool { return r <= ' ' || r == 0x7f }

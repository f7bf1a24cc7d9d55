package redact

import (
	"net/url"
	"strings"
)

// URL is like the function URL, and records what it redacts: user and password, values of the query
// and fragment, ;name=value in the path, and URLs in these.
func (p *Pass) URL(address string) string {
	if p.depth >= deepest {
		return address
	}
	p.depth++
	defer func() { p.depth-- }()
	address = p.oddUser(address)
	end := strings.IndexAny(address, "?#")
	if end < 0 {
		end = len(address)
	}
	path, rest := address[:end], address[end:]
	path = p.path(p.user(path))
	var b strings.Builder
	b.WriteString(path)
	for rest != "" { // any number of "?…" and "#…"
		end := strings.IndexAny(rest[1:], "?#") + 1
		if end == 0 {
			end = len(rest)
		}
		b.WriteString(rest[:1] + p.query(rest[1:end]))
		rest = rest[end:]
	}
	return b.String()
}

// user redacts the user and password of an authority.
func (p *Pass) user(path string) string {
	begin := 0
	switch at := strings.Index(path, "//"); {
	case at == 0, at > 0 && (path[at-1] == ':' || !strings.HasPrefix(path, "/") && strings.Contains(path[:at], ":")):
		begin = at + 2
	case strings.HasPrefix(path, "/"):
		return path
	}
	end := strings.IndexByte(path[begin:], '/')
	if end < 0 {
		end = len(path)
	} else {
		end += begin
	}
	at := strings.LastIndexByte(path[begin:end], '@')
	if at <= 0 {
		return path
	}
	if begin == 0 && (!strings.Contains(path[:at], ":") || strings.HasPrefix(strings.ToLower(path), "mailto:")) {
		return path // an e-mail address
	}
	who := path[begin : begin+at]
	if _, password, ok := strings.Cut(who, ":"); ok {
		p.note("", password)
	}
	return path[:begin] + p.took("user of a URL", who) + path[begin+at:]
}

// oddUser redacts a password with "/", "?" or "#", which should have been escaped.
func (p *Pass) oddUser(address string) string {
	at := strings.Index(address, "://")
	if at < 0 || strings.ContainsAny(address[:at], "/?#") {
		return address
	}
	begin := at + len("://")
	end := strings.IndexAny(address[begin:], "/?#")
	if end < 0 {
		return address
	}
	host, rest := address[begin:begin+end], address[begin+end:]
	name, port, ok := strings.Cut(host, ":")
	close := strings.IndexByte(rest, '@')
	if !ok || close < 0 || name == "" || host[0] == '[' || strings.Contains(host, "@") || strings.Trim(port, "0123456789") == "" {
		return address
	}
	p.note("", address[begin+len(name)+1:begin+end+close])
	return address[:begin] + p.took("user of a URL", address[begin:begin+end+close]) + rest[close:]
}

// path redacts the parameters of path segments, and URLs in them.
func (p *Pass) path(path string) string {
	if !strings.ContainsAny(path, ";=%") {
		return p.inner(path)
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		parts := strings.Split(segment, ";")
		for k, part := range parts {
			parts[k] = p.pair(part, inURL)
			if parts[k] == part && strings.Contains(part, "%") {
				if plain, err := url.PathUnescape(part); err == nil {
					if changed := p.value(plain); changed != plain {
						parts[k] = url.PathEscape(changed)
					}
				}
			}
		}
		segments[i] = strings.Join(parts, ";")
	}
	return p.inner(strings.Join(segments, "/"))
}

// inner redacts the users of URLs within a path.
func (p *Pass) inner(path string) string {
	const between = "://"
	if !strings.Contains(path, between) || !strings.Contains(path, "@") {
		return path
	}
	var b strings.Builder
	from := 0 // start of the text that is not written yet
	for at := strings.Index(path, between); at >= 0; {
		next := strings.Index(path[at+len(between):], between)
		end := len(path)
		if next >= 0 {
			next += at + len(between)
			for end = next; end > at+len(between) && isSchemeByte(path[end-1]); {
				end--
			}
		}
		begin := at
		for begin > from && isSchemeByte(path[begin-1]) {
			begin--
		}
		b.WriteString(path[from:begin] + p.user(path[begin:end]))
		from, at = end, next
	}
	return b.String() + path[from:]
}

// query redacts a query, or a fragment in the form of one.
func (p *Pass) query(query string) string {
	fields := strings.Split(query, "&")
	for i, field := range fields {
		if changed := p.pair(field, inURL); changed != field {
			fields[i] = changed
			continue
		}
		parts := strings.Split(field, ";")
		for k := 1; k < len(parts); k++ {
			parts[k] = p.pair(parts[k], inURL)
		}
		fields[i] = strings.Join(parts, ";")
	}
	return strings.Join(fields, "&")
}

// pair redacts name=value.
func (p *Pass) pair(pair string, at place) string {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		// The "=" is escaped.
		if plain := unescape(pair); plain != pair && strings.Contains(plain, "=") {
			if changed := p.value(plain); changed != plain {
				return url.QueryEscape(changed)
			}
		}
		return pair
	}
	if value == "" {
		return pair
	}
	plain := unescape(name)
	if at == inURL && p.Query[strings.ToLower(plain)] || p.is(plain, at) && !(at == inURL && p.Proofs[strings.ToLower(plain)]) {
		p.note(plain, unescape(value))
		return name + "=" + p.took(plain, value)
	}
	return name + "=" + p.escaped(value)
}

package main

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/mockserver"
)

// target checks the URL of a consumer in a flag. It returns its host and a guard that permits
// connections to it, because naming a consumer on the command line permits it. The guard still
// refuses link-local and metadata addresses. target adds a missing http:// to *value.
func target(flag string, value *string) (string, *mockserver.Guard, error) {
	text := *value
	if text == "" {
		return "", nil, misusef("%s is missing: want the consumer's URL, as in %s http://127.0.0.1:3000/hooks", flag, flag)
	}
	u, err := url.Parse(withScheme(text))
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", nil, misusef("%s %q: want an absolute URL, as in http://127.0.0.1:3000/hooks", flag, text)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", nil, misusef("%s %q: port %s: want 1 to 65535", flag, text, port)
		}
	}
	host := u.Hostname()
	guard, err := mockserver.NewGuard([]string{host})
	if err != nil {
		return "", nil, misusef("%s %q: %w", flag, text, err)
	}
	if err := guard.CheckLiteral(host); err != nil {
		return "", nil, misusef("%s %q: %w", flag, text, err)
	}
	*value = withScheme(text)
	return host, guard, nil
}

// withScheme adds http:// to HOST:PORT, with or without a path, and http://127.0.0.1: to a bare
// PORT. It returns any other text unchanged: a word alone is more often a mistake than a host.
func withScheme(text string) string {
	if isPort(text) {
		return "http://127.0.0.1:" + text
	}
	if strings.Contains(text, "://") {
		return text
	}
	authority := text
	if end := strings.IndexAny(text, "/?#"); end >= 0 {
		authority = text[:end]
	}
	host, port, err := net.SplitHostPort(authority)
	if err != nil || host == "" || strings.Contains(host, "@") || !isPort(port) {
		return text
	}
	return "http://" + text
}

// isPort reports whether a text has only digits, in or out of the range of ports.
func isPort(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// dialServer connects to the running server at --server.
func dialServer(server, token string, trust mockserver.Trust) (*mockserver.Client, error) {
	client, err := mockserver.Dial(server, token, trust)
	switch {
	case errors.Is(err, mockserver.ErrNoServer):
		return nil, inconclusive(err)
	case err != nil:
		return nil, misusef("--server: %w", err)
	}
	return client, nil
}

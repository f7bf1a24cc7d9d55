package main

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// target checks the absolute http(s) URL of a consumer, given by a flag, and returns its host and a guard that lets
// it be dialled: who names a consumer on the command line means it. Link-local and metadata addresses stay refused.
func target(flag, text string) (string, *wire.Guard, error) {
	if text == "" {
		return "", nil, misusef("%s is missing: give the consumer's address, as in %s http://127.0.0.1:3000/hooks", flag, flag)
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", nil, misusef("%s %q: want an absolute URL, as in http://127.0.0.1:3000/hooks", flag, text)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", nil, misusef("%s %q: port %s: want 1 to 65535", flag, text, port)
		}
	}
	host := u.Hostname()
	guard, err := wire.NewGuard([]string{host})
	if err != nil {
		return "", nil, misusef("%s %q: %w", flag, text, err)
	}
	if err := guard.CheckLiteral(host); err != nil {
		return "", nil, misusef("%s %q: %w", flag, text, err)
	}
	return host, guard, nil
}

// dialRig connects to the running rig at --rig.
func dialRig(rig, token string) (mockserver.Client, error) {
	client, err := mockserver.Dial(rig, token)
	switch {
	case errors.Is(err, mockserver.ErrNoRig):
		return nil, noVerdict(err)
	case err != nil:
		return nil, misusef("--rig: %w", err)
	}
	return client, nil
}

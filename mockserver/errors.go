package mockserver

import "errors"

// Sentinels of this package.
var (
	// ErrExposed: an address beyond loopback was asked for, and nothing guards it.
	ErrExposed = errors.New("reachable from other machines, without a token")
	// ErrNotReceived: what a bin waited for did not come in time.
	ErrNotReceived = errors.New("not received")
	// ErrNoSubscriber: no endpoint selects what was emitted, so nothing was sent.
	ErrNoSubscriber = errors.New("no subscriber")
	// ErrNoRig: what answered at the address given to Dial is not a desk.
	ErrNoRig = errors.New("no rig there")
)

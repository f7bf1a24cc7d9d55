package shard

import (
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Options configure Run.
type Options struct {
	// Shards is how many parts the burst has, at least 1.
	Shards int
	// Join is how long to wait until workers have taken all shards; 0 is DefaultJoin.
	Join time.Duration
	// Waiting, if not nil, is called when the number of shards that are ready changes, until all
	// are.
	Waiting func(ready int)
	// lease is for tests; 0 is Lease.
	lease time.Duration
}

// DefaultJoin is how long Run waits for workers.
const DefaultJoin = 30 * time.Second

// WorkOptions configure Work.
type WorkOptions struct {
	// Workers is how many shards run at a time; 0 is 1.
	Workers int
	// Node is the name in reports; "" is the name of this machine and the number of this process.
	Node string
	// Known are the providers; nil is the built-in ones.
	Known *fixtures.Catalogue
	// Dial opens the connections to the consumer; nil may reach loopback only.
	Dial burst.DialFunc
	// Trust decides which certificates of an https consumer are accepted.
	Trust wire.Trust
	// Log, if not nil, is called with what happens, from several goroutines.
	Log func(text string)
	// Ready, if not nil, is called when the node takes shards.
	Ready func()
	// lease is for tests; 0 is Lease.
	lease time.Duration
}

// Lease is how long a shard, or the command that wants the burst, may be silent before it is dead.
// It is ten beats: a machine that is busy may miss some.
const Lease = 10 * time.Second

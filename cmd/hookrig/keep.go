package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
)

// keepFlags are the flags that limit storage. A value of 0 was not set.
type keepFlags struct {
	captures countFlag
	bytes    sizeFlag
	age      ageFlag
	body     sizeFlag
}

func (k *keepFlags) add(f *pflag.FlagSet) {
	f.Var(&k.captures, "keep-captures", "store the newest `N` captures of each bin (default 1000000 in a folder, 100000 in memory)")
	f.Var(&k.bytes, "keep-bytes", "store records up to this total `SIZE`, as in 32MB or 1GiB; the oldest are evicted (default 32GiB in a folder, 1GiB in memory)")
	f.Var(&k.age, "keep-for", "delete records after a `DURATION`, as in 12h or 14d (default: never)")
	f.Var(keepFlag{k}, "keep", "the same as --keep-for or --keep-bytes: an `AGE|SIZE`, as in 30d or 100GB; repeatable")
	f.Var(&k.body, "max-body", "refuse request bodies larger than this `SIZE`, as in 64KB or 32MB (default 16MiB, at most a quarter of --keep-bytes)")
	for _, name := range []string{"keep-captures", "keep-bytes", "keep-for", "max-body"} {
		f.Lookup(name).DefValue = "" // the texts name the defaults
	}
}

// given reports whether any of the flags is set.
func (k *keepFlags) given() bool { return *k != keepFlags{} }

// limits returns the limits of the store.
func (k *keepFlags) limits() mockserver.Limits {
	return mockserver.Limits{PerBin: int(k.captures), Bytes: int64(k.bytes), For: time.Duration(k.age)}
}

// keepFlag is an age or a size.
type keepFlag struct{ of *keepFlags }

func (k keepFlag) String() string { return "" }
func (k keepFlag) Type() string   { return "age or size" }

func (k keepFlag) Set(text string) error {
	if k.of.age.Set(text) != nil && k.of.bytes.Set(text) != nil {
		return errors.New("want an age from 1s, as in 12h or 30d, or a size, as in 500MB or 100GB")
	}
	return nil
}

// largestBody is the largest value of --max-body. A record contains a body and its framing.
const largestBody = 100 << 20

// check returns an error if a body of the largest size does not fit into a record.
func (k *keepFlags) check() error {
	switch {
	case k.body > largestBody:
		return misusef("--max-body %s: want at most %s", k.body.String(), strictyaml.FormatSize(largestBody))
	case k.bytes > 0 && k.body > k.bytes:
		return misusef("--max-body %s is more than --keep-bytes %s: such a body could not be stored", k.body.String(), k.bytes.String())
	}
	return nil
}

// maxBody returns the largest body of a request, in bytes, for a store with this limit.
func (k *keepFlags) maxBody(limit int64) int {
	if k.body > 0 {
		return int(k.body)
	}
	return int(min(16<<20, max(1, limit/4)))
}

// describeLimits describes the limits of the store.
func describeLimits(l mockserver.Limits, maxBody int) string {
	age := "without a time limit"
	if l.For > 0 {
		age = "for " + ageText(l.For)
	}
	return fmt.Sprintf("%s in total, %d captures per bin, %d deliveries, %s; bodies up to %s",
		strictyaml.FormatSize(l.Bytes), l.PerBin, l.Deliveries, age, strictyaml.FormatSize(int64(maxBody)))
}

// ageText returns a duration in the form of --keep-for.
func ageText(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}

// limitMemory sets the garbage collector's memory limit a little above the size of the stored
// records. GOMEMLIMIT overrides it.
func limitMemory(l mockserver.Limits, inMemory bool) {
	limit := 64<<20 + min(l.Bytes, 1<<30)
	if inMemory {
		limit += l.Bytes
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

// cores is how many threads the program runs Go code on when it starts.
var cores = runtime.GOMAXPROCS(0)

// addThreads lets two more threads run Go code: one that waits for the disk in a system call counts
// as running until the scheduler notices. GOMAXPROCS overrides it.
func addThreads() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(cores + 2)
	}
}

// countFlag is a number of records.
type countFlag int

func (c *countFlag) String() string { return strconv.Itoa(int(*c)) }
func (c *countFlag) Type() string   { return "count" }

func (c *countFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("want a whole number from 1")
	}
	*c = countFlag(n)
	return nil
}

// sizeFlag is a number of bytes.
type sizeFlag int64

func (s *sizeFlag) String() string { return strictyaml.FormatSize(int64(*s)) }
func (s *sizeFlag) Type() string   { return "size" }

func (s *sizeFlag) Set(text string) error {
	n, err := strictyaml.ParseSize(text)
	if err != nil || n < 1 {
		return errors.New("want a size above 0, as in 64KB, 32MB or 1GiB")
	}
	*s = sizeFlag(n)
	return nil
}

// ageFlag is how long records are stored.
type ageFlag time.Duration

func (a *ageFlag) String() string { return ageText(time.Duration(*a)) }
func (a *ageFlag) Type() string   { return "age" }

func (a *ageFlag) Set(text string) error {
	d, err := strictyaml.ParseDuration(text)
	if err != nil || d < time.Second {
		return errors.New("want a duration from 1s, as in 30m, 12h or 14d")
	}
	*a = ageFlag(d)
	return nil
}

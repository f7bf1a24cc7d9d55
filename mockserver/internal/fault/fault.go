package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrInvalid means that a fault does not exist, contradicts another one, or is not possible for a
// message. Errors that wrap it quote the fault and say what was expected.
var ErrInvalid = errors.New("invalid request")

// Fault is one thing done wrong on purpose: data, the same in Go, YAML ("duplicate: 3"), JSON and
// on the command line ("duplicate:3"). Kinds lists all faults.
type Fault struct {
	// Kind is the part before the first colon, Arg what follows it: "body", "reserialize:pretty".
	Kind string `json:"kind"`
	Arg  string `json:"arg,omitempty"`
	// Attempts limits the fault to these attempts, from 1; empty is every attempt. Faults of the
	// emission, such as duplicate and reorder, cannot be limited.
	Attempts []int `json:"attempts,omitempty"`
}

// Parse reads KIND, KIND:ARG or KIND:ARG:ARG, optionally followed by @N or @N,M for some attempts
// only: "drop", "duplicate:3", "signature:missing@1,2". Errors wrap ErrInvalid, list the faults and
// suggest the nearest.
func Parse(text string) (Fault, error) {
	what, attempts, limited := strings.Cut(strings.TrimSpace(text), "@")
	f := Fault{}
	f.Kind, f.Arg, _ = strings.Cut(what, ":")
	if limited {
		for number := range strings.SplitSeq(attempts, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil {
				return Fault{}, fmt.Errorf("%w: fault %q: attempt %q: want a number from 1, as in drop@1,2", ErrInvalid, text, number)
			}
			f.Attempts = append(f.Attempts, n)
		}
	}
	if _, err := f.activate(); err != nil {
		return Fault{}, err
	}
	return f, nil
}

// String writes the fault as Parse reads it.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.name())
	for i, n := range f.Attempts {
		b.WriteByte("@,"[min(i, 1)])
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// name is the fault without its attempts.
func (f Fault) name() string {
	if f.Arg == "" {
		return f.Kind
	}
	return f.Kind + ":" + f.Arg
}

// on says whether the fault is done to the attempt of that number.
func (f Fault) on(attempt int) bool {
	return len(f.Attempts) == 0 || slices.Contains(f.Attempts, attempt)
}

// active is a fault, its row of the table and what follows the row's name.
type active struct {
	Fault
	row *row
	arg string
}

// activate looks the fault up in the table and checks the rest.
func (f Fault) activate() (active, error) {
	fail := func(format string, args ...any) (active, error) {
		return active{}, fmt.Errorf("%w: fault %q: %w", ErrInvalid, f, fmt.Errorf(format, args...))
	}
	r, arg, err := find(f)
	if err != nil {
		return active{}, fmt.Errorf("%w: fault %q: %w", ErrInvalid, f.name(), err)
	}
	if strings.Contains(arg, "@") || arg != strings.TrimSpace(arg) {
		return active{}, fmt.Errorf("%w: fault %q: want no @ after the colon, and no space at the ends", ErrInvalid, f.name())
	}
	if err := r.arg.check(arg); err != nil {
		return active{}, fmt.Errorf("%w: fault %q: %w", ErrInvalid, f.name(), err)
	}
	if len(f.Attempts) > 0 && r.whole {
		return fail("it is done to the whole delivery, so attempts cannot be named")
	}
	for _, n := range f.Attempts {
		if n < 1 {
			return fail("attempt %d: attempts are numbered from 1", n)
		}
	}
	return active{f, r, arg}, nil
}

// find returns the row of a fault, and what follows the row's name.
func find(f Fault) (*row, string, error) {
	var kinds, args []string
	sub, arg, _ := strings.Cut(f.Arg, ":")
	for _, r := range table() {
		kind, name, two := strings.Cut(r.Name, ":")
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		switch {
		case kind != f.Kind:
		case !two:
			return r, f.Arg, nil
		case name == sub:
			return r, arg, nil
		default:
			args = append(args, name)
		}
	}
	if args == nil {
		return nil, "", fmt.Errorf("want one of %s%s", strings.Join(kinds, ", "), didYouMean(f.Kind, kinds))
	}
	return nil, "", fmt.Errorf("want one of %s after the colon%s", strings.Join(args, ", "), didYouMean(sub, args))
}

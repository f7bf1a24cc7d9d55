package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Fault is one thing done wrong on purpose: data, the same in Go, YAML ("duplicate: 3"), JSON and
// on the command line ("duplicate:3"). Faults lists the kinds there are.
type Fault struct {
	Kind string `json:"kind"`
	Arg  string `json:"arg,omitempty"`
	// Attempts limits the fault to these attempts, from 1; empty is every attempt. Faults of the
	// emission, duplicate and reorder, cannot be limited.
	Attempts []int `json:"attempts,omitempty"`
}

// FaultKind describes one kind of fault, for help and documents.
type FaultKind struct {
	Name string `json:"name"`
	// what may follow the colon, in brackets where it may be left out
	Args string `json:"args,omitempty"`
	Text string `json:"text"` // what it does, in a sentence
}

// ParseFault reads KIND or KIND:ARG, optionally followed by @N or @N,M for some attempts only:
// "drop", "duplicate:3", "signature:missing@1,2". Errors wrap ErrInvalid, list the kinds and
// suggest the nearest.
func ParseFault(text string) (Fault, error) {
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

// String writes the fault as ParseFault reads it.
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

// faultsOn names the faults that are done to the attempt of that number.
func faultsOn(faults []activeFault, attempt int) string {
	var names []string
	for _, f := range faults {
		if f.on(attempt) {
			names = append(names, f.name())
		}
	}
	return strings.Join(names, ", ")
}

// activeFault is a fault and its kind.
type activeFault struct {
	Fault
	kind kind
}

// activate looks the fault's kind up and checks the rest.
func (f Fault) activate() (activeFault, error) {
	table := kinds()
	i := slices.IndexFunc(table, func(k kind) bool { return k.Name == f.Kind })
	if i < 0 {
		names := make([]string, len(table))
		for i := range table {
			names[i] = table[i].Name
		}
		return activeFault{}, fmt.Errorf("%w: fault %q: want one of %s%s", ErrInvalid, f.name(), strings.Join(names, ", "), didYouMean(f.Kind, names))
	}
	k := table[i]
	if err := k.check(f.Arg); err != nil {
		return activeFault{}, fmt.Errorf("%w: fault %q: %w", ErrInvalid, f.name(), err)
	}
	if len(f.Attempts) > 0 && k.whole {
		return activeFault{}, fmt.Errorf("%w: fault %q: it is done to the whole delivery, so attempts cannot be named", ErrInvalid, f)
	}
	for _, n := range f.Attempts {
		if n < 1 {
			return activeFault{}, fmt.Errorf("%w: fault %q: attempt %d: attempts are numbered from 1", ErrInvalid, f, n)
		}
	}
	return activeFault{f, k}, nil
}

// activate activates faults and sorts them into the order in which they are done, that of the
// table.
func activate(faults []Fault) ([]activeFault, error) {
	if len(faults) == 0 {
		return nil, nil
	}
	list := make([]activeFault, len(faults))
	for i, f := range faults {
		var err error
		if list[i], err = f.activate(); err != nil {
			return nil, err
		}
	}
	order := map[string]int{}
	for i, k := range kinds() {
		order[k.Name] = i
	}
	slices.SortStableFunc(list, func(a, b activeFault) int { return order[a.Kind] - order[b.Kind] })
	return list, nil
}

// noArg is the check of kinds that take no argument.
func noArg(arg string) error {
	if arg != "" {
		return errors.New("it takes nothing after the colon")
	}
	return nil
}

// oneOf is the check of kinds whose argument is one of a list.
func oneOf(list ...string) func(arg string) error {
	return func(arg string) error {
		if !slices.Contains(list, arg) {
			return fmt.Errorf("want one of %s after the colon%s", strings.Join(list, ", "), didYouMean(arg, list))
		}
		return nil
	}
}

// didYouMean returns a hint at the nearest word.
func didYouMean(word string, of []string) string {
	if nearest := strictyaml.Nearest(word, of); nearest != "" {
		return fmt.Sprintf("; did you mean %q?", nearest)
	}
	return ""
}

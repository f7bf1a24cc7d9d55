package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// argument is what may follow a fault's name and a colon.
type argument struct {
	// form is as Kind.Args.
	form string
	// example is one that is right.
	example string
	// check returns what is wrong.
	check func(arg string) error
}

// none is the argument of faults that take none.
func none() argument {
	return argument{check: func(arg string) error {
		if arg != "" {
			return errors.New("it takes nothing after the colon")
		}
		return nil
	}}
}

// oneOf is an argument that is one of a list.
func oneOf(list ...string) argument {
	return argument{form: strings.Join(list, "|"), example: list[0], check: func(arg string) error {
		if !slices.Contains(list, arg) {
			return fmt.Errorf("want one of %s after the colon%s", strings.Join(list, ", "), didYouMean(arg, list))
		}
		return nil
	}}
}

// number is an argument that is a number within bounds; what says what it counts.
func number(form, example, what string, low, high int) argument {
	optional := strings.HasPrefix(form, "[")
	return argument{form, example, func(arg string) error {
		n, err := strconv.Atoi(arg)
		if (err != nil || n < low || n > high || strconv.Itoa(n) != arg) && !(optional && arg == "") {
			return fmt.Errorf("want %s, from %d to %d", what, low, high)
		}
		return nil
	}}
}

// count returns the number of an argument; standard is that of none.
func count(arg string, standard int) int {
	if n, err := strconv.Atoi(arg); err == nil {
		return n
	}
	return standard
}

// offset is an argument that is an offset in the body.
func offset() argument {
	return number("AT", "40", "after how many bytes of the body", 0, maxSize)
}

// wholeBody is the offset behind the last byte of a body.
const wholeBody = "end"

// offsetOrEnd is an offset in the body, or the word end.
func offsetOrEnd() argument {
	a := offset()
	check := a.check
	a.check = func(arg string) error {
		if arg == wholeBody {
			return nil
		}
		if err := check(arg); err != nil {
			return fmt.Errorf("%w, or %s", err, wholeBody)
		}
		return nil
	}
	return a
}

// within returns the offset of an argument, or an error when the body ends before it.
func within(arg string, r *Request) (int, error) {
	if arg == wholeBody {
		return len(r.Message.Body), nil
	}
	at := count(arg, 0)
	if n := len(r.Message.Body); at > n {
		return 0, fmt.Errorf("the body has %d bytes, so there is no byte %d", n, at)
	}
	return at, nil
}

// maxSize bounds bodies that faults make, in bytes.
const maxSize = 64 << 20

// size is an argument that is a number of bytes.
func size(form, example, what string) argument {
	return argument{form, example, func(arg string) error {
		if n, err := strictyaml.ParseSize(arg); err != nil || n < 1 || n > maxSize {
			return fmt.Errorf("want %s, from 1 to %s, as in %s", what, strictyaml.FormatSize(maxSize), example)
		}
		return nil
	}}
}

// bytesOf returns the number of bytes of a checked argument.
func bytesOf(arg string) int {
	n, _ := strictyaml.ParseSize(arg)
	return int(n)
}

// didYouMean returns a hint at the nearest word.
func didYouMean(word string, of []string) string {
	if nearest := strictyaml.Nearest(word, of); nearest != "" {
		return fmt.Sprintf("; did you mean %q?", nearest)
	}
	return ""
}

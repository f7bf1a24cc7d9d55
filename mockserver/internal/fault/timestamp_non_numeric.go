package fault

import (
	"cmp"
	"errors"
	"slices"
)

// nonNumeric signs with a time that is a word.
func nonNumeric() row {
	words := []string{"now", "NaN", "Infinity"}
	r := timestampRow("timestamp:non_numeric", "sign with a word in the place of the time: now, NaN or Infinity (now)", Invalid,
		"The consumer crashes with a 5xx on a time that is no number, or takes it for 0 or for now: every comparison with NaN is false.",
		"AdCP rejection vectors; Convoy, advanced_t_infinity",
		func(arg string, r *Request) error { return r.stamp(cmp.Or(arg, words[0])) })
	r.arg = argument{"[WORD]", "NaN", func(arg string) error {
		if arg != "" && !slices.Contains(words, arg) {
			return errors.New("want now, NaN or Infinity after the colon")
		}
		return nil
	}}
	return r
}

package main

import "testing"

func TestWrap(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "",
		"one two three four":                "one two\nthree four",
		"one\ntwo three":                    "one two\nthree",
		"one\n\ntwo":                        "one\n\ntwo",
		"- one two three\n  four\n- five":   "- one two\n  three\n  four\n- five",
		"a  column stays as it is":          "a  column stays as it is",
		"one\n  two three\n  four five six": "one\n  two three\n  four five\n  six",
		"averyveryverylongword and another": "averyveryverylongword\nand another",
		"größer größer":                     "größer\ngrößer",
	} {
		if got := wrap(text, 11); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

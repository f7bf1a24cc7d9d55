package query

import "testing"

// A condition that may read the body must be recognised: otherwise it would see an empty one.
func TestBodiless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`.method == "POST"`: true,
		`.headers["x-event"][0] == "a.b" and (.path | test("^/body")) or (.query | length) > 2`: true,
		`.headers["x"] == ["a", "b"]`:        true,
		`.body.n == 1`:                       false,
		`.method == "POST" and .body.n == 1`: false,
		`.`:                                  false,
		`..`:                                 false,
		`.["bo" + "dy"]`:                     false,
		`.[]`:                                false,
		`[.] | length > 0`:                   false,
		`to_entries | length > 0`:            false,
		`any`:                                false,
		`keys == ["body"]`:                   false,
		`.method == "\(.body)"`:              false,
		`.methods`:                           false,
		`{body} == {}`:                       false,
		`. as {body: $x} | $x`:               false,
		`.path as $p | input`:                false,
	} {
		if got := bodiless(text); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

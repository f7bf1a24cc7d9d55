package diff

import (
	"strconv"
	"strings"
)

// sameNumber reports whether two JSON numbers are exactly equal, as 1, 1.0 and 10e-1 are.
func sameNumber(x, y string) bool {
	a, aOK := newDecimal(x)
	b, bOK := newDecimal(y)
	return aOK && bOK && a == b
}

// decimal is 0.DIGITS × 10^exponent, without zeros at either end of the digits.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

// newDecimal parses a JSON number. It returns false when the exponent is too large to compute with.
func newDecimal(text string) (d decimal, ok bool) {
	text, d.negative = strings.CutPrefix(text, "-")
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		exponent, err := strconv.ParseInt(text[at+1:], 10, 48)
		if err != nil {
			return d, false
		}
		d.exponent, text = exponent, text[:at]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	d.exponent += int64(len(whole))
	d.digits = strings.TrimLeft(digits, "0")
	d.exponent -= int64(len(digits) - len(d.digits))
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		return decimal{negative: d.negative}, true // some readers distinguish -0 from 0
	}
	return d, true
}

// Package clip shortens what comes from outside for messages and reports.
//
// Text cuts a text after so many characters, Quote quotes one for an error. A text that was cut
// ends in "…".
package clip

import "strconv"

// Text returns the beginning of a text, at most so many runes of it.
func Text(text string, most int) string {
	if cut := first(text, most); cut < len(text) {
		return text[:cut] + "…"
	}
	return text
}

// Quote quotes input for an error, at most 200 runes of it; the mark of a cut follows the quotes.
func Quote(text string) string {
	const most = 200
	if cut := first(text, most); cut < len(text) {
		return strconv.Quote(text[:cut]) + "…"
	}
	return strconv.Quote(text)
}

// first is the length of the first runes of a text, so many of them.
func first(text string, most int) int {
	if len(text) <= most {
		return len(text)
	}
	n := 0
	for at := range text {
		if n == most {
			return at
		}
		n++
	}
	return len(text)
}

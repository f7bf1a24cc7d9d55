package scenarios

import "unicode"

// pageDifference is a Difference whose texts are split into what is equal and what differs.
type pageDifference struct {
	What      string
	Want, Got []markedPart
}

// markedPart is a part of a text that is equal to a part of the other text, or differs.
type markedPart struct {
	Text    string
	Differs bool
}

// mostCompared is the largest number of pairs of words that are compared. Longer texts differ in
// one part.
const mostCompared = 1 << 18

func newPageDifference(d Difference) pageDifference {
	want, got := words(d.Want), words(d.Got)
	start, end := 0, 0
	for start < len(want) && start < len(got) && want[start] == got[start] {
		start++
	}
	for end < len(want)-start && end < len(got)-start && want[len(want)-1-end] == got[len(got)-1-end] {
		end++
	}
	before, after := want[:start], want[len(want)-end:]
	want, got = want[start:len(want)-end], got[start:len(got)-end]
	inWant, inGot := make([]bool, len(want)), make([]bool, len(got)) // equal words
	if len(want)*len(got) <= mostCompared {
		pair(want, got, inWant, inGot)
	}
	return pageDifference{What: d.What, Want: marked(before, want, inWant, after), Got: marked(before, got, inGot, after)}
}

// words splits a text into words of letters and digits, and the characters between them.
func words(text string) []string {
	var list []string
	begun := false // the last item is a word
	for _, r := range text {
		inWord := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-'
		if begun && inWord {
			list[len(list)-1] += string(r)
		} else {
			list = append(list, string(r))
		}
		begun = inWord
	}
	return list
}

// pair marks the words of a longest common subsequence.
func pair(want, got []string, inWant, inGot []bool) {
	wide := len(got) + 1
	longest := make([]int32, (len(want)+1)*wide) // of the rests of both lists
	for i := len(want) - 1; i >= 0; i-- {
		for k := len(got) - 1; k >= 0; k-- {
			if want[i] == got[k] {
				longest[i*wide+k] = longest[(i+1)*wide+k+1] + 1
			} else {
				longest[i*wide+k] = max(longest[(i+1)*wide+k], longest[i*wide+k+1])
			}
		}
	}
	for i, k := 0, 0; i < len(want) && k < len(got); {
		switch {
		case want[i] == got[k]:
			inWant[i], inGot[k] = true, true
			i, k = i+1, k+1
		case longest[(i+1)*wide+k] >= longest[i*wide+k+1]:
			i++
		default:
			k++
		}
	}
}

// marked joins words to parts.
func marked(before, middle []string, equal []bool, after []string) []markedPart {
	var parts []markedPart
	add := func(word string, differs bool) {
		if n := len(parts); n > 0 && parts[n-1].Differs == differs {
			parts[n-1].Text += word
			return
		}
		parts = append(parts, markedPart{word, differs})
	}
	for _, word := range before {
		add(word, false)
	}
	for i, word := range middle {
		add(word, !equal[i])
	}
	for _, word := range after {
		add(word, false)
	}
	return parts
}

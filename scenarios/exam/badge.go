package exam

import (
	"fmt"
	"io"
	"strings"
)

// WriteBadge writes the score of the checks of level must as a badge (SVG), for a README.
func WriteBadge(w io.Writer, r Report) error {
	must := r.Score.Must
	text, colour := fmt.Sprintf("%d of %d", must.Passed, must.Graded()), "#0a6538"
	switch {
	case must.Graded() == 0:
		text, colour = "not graded", "#57616c"
	case must.Failed > 0:
		colour = "#ad211b"
	case must.Warned+must.Inconclusive > 0:
		colour = "#7a4d00"
	}
	label := "webhook " + r.role()
	left, right := width(label), width(text)
	all := left + right
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s: %[3]s">
<title>%[2]s: %[3]s checks passed</title>
<clipPath id="r"><rect width="%[1]d" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="%[4]d" height="20" fill="#3b424a"/><rect x="%[4]d" width="%[5]d" height="20" fill="%[6]s"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="%[7]d" y="14">%[2]s</text><text x="%[8]d" y="14">%[3]s</text></g>
</svg>
`, all, label, text, left, right, colour, left/2, left+right/2)
	return err
}

// width returns about how many pixels a text of the badge needs, with its margins.
func width(text string) int { return 7*len([]rune(text)) - strings.Count(text, " ")*2 + 12 }

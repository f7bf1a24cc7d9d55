package scenarios

import "strings"

// Passed reports whether every check of the run was made and passed.
func (r Report) Passed() bool { return r.Status == Passed }

// GomegaString returns the report as WriteText writes it, for Gomega's failure messages.
func (r Report) GomegaString() string {
	var b strings.Builder
	if err := WriteText(&b, []Report{r}, TextOptions{}); err != nil {
		return err.Error()
	}
	return strings.TrimRight(b.String(), "\n")
}

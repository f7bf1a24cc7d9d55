package webhooksite

import (
	"encoding/csv"
	"strings"
	"testing"
)

// A spreadsheet that opens the table runs nothing.
func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1",
		"": "", "a=1": "a=1", "'=1": "'=1", "2-1": "2-1", `{"a":"=1"}`: `{"a":"=1"}`,
	} {
		table, err := toCSV([]map[string]string{{"content": cell, "headers.x": cell}})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(table))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		last := len(rows[1]) - 1
		if got := rows[1][last]; got != strings.ReplaceAll(want, "\r\n", "\n") {
			t.Errorf("%q is written as %q, want %q", cell, got, want)
		}
		if rows[1][last-1] != rows[1][last] {
			t.Errorf("%q: the content is %q", cell, rows[1][last-1])
		}
	}
}

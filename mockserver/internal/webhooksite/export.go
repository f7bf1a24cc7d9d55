package webhooksite

import (
	"bytes"
	"encoding/csv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Bounds of a table.
const (
	maxExport = 10_000    // rows
	maxCells  = 5_000_000 // rows times columns
)

// exportRequests answers requests as a table: some columns for all, and one for each header, query
// string and form field of any of them. per_page is how many, by default 10 000.
func (s *API) exportRequests(w http.ResponseWriter, r *http.Request, t *token) error {
	values, err := queryOf(r)
	if err != nil {
		return err
	}
	chosen, err := s.selectionOf(values)
	if err != nil {
		return err
	}
	if values.Get("per_page") == "" {
		values.Set("per_page", strconv.Itoa(maxExport))
	}
	p, err := pageOf(values, maxExport)
	if err != nil {
		return err
	}
	var rows []map[string]string
	size, n := 0, 0
	if err := s.each(r.Context(), t, chosen, func(c *journal.Capture, note string) error {
		if n++; n < p.from() {
			return nil
		}
		if len(rows) == p.size {
			return errEnough
		}
		if size += c.Size(); size > maxResponse {
			return tooLarge(len(rows))
		}
		rows = append(rows, newRequest(c, note).row())
		return nil
	}); err != nil {
		return err
	}
	table, err := toCSV(rows)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+t.UUID+`.csv"`)
	_, err = w.Write(table)
	return err
}

// firstColumns returns those of every table.
func firstColumns() []string {
	return []string{
		"uuid", "type", "token_id", "created_at", "method", "url", "hostname", "ip", "user_agent", "size", "time", "note", "content",
	}
}

// row returns a request as a row of the table, by column.
func (r *request) row() map[string]string {
	row := map[string]string{
		"uuid": r.UUID, "type": r.Type, "token_id": r.TokenID, "created_at": r.CreatedAt.UTC().Format(stampLayout), "method": r.Method,
		"url": r.URL, "hostname": r.Hostname, "ip": r.IP, "user_agent": strings.Join(pointed(r.UserAgent), ""),
		"size": strconv.Itoa(r.Size), "time": strconv.FormatFloat(r.Time, 'f', -1, 64), "note": strings.Join(pointed(r.Note), ""),
		"content": r.Content,
	}
	for name, values := range r.Headers {
		row["headers."+name] = strings.Join(values, ", ")
	}
	for group, members := range map[string]map[string]any{"query.": r.Query, "request.": r.form, "files.": r.Files} {
		for name, value := range members {
			row[group+name] = asText(value)
		}
	}
	return row
}

// escapeFormula returns a cell that no spreadsheet takes for a formula, with a ' before it where it
// is needed, as https://owasp.org/www-community/attacks/CSV_Injection advises.
func escapeFormula(cell string) string {
	for _, begin := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"} {
		if strings.HasPrefix(cell, begin) {
			return "'" + cell
		}
	}
	return cell
}

// toCSV writes rows as CSV; see escapeFormula.
func toCSV(rows []map[string]string) ([]byte, error) {
	columns := firstColumns()
	others := map[string]bool{}
	for _, row := range rows {
		for name := range row {
			others[name] = true
		}
	}
	for _, name := range columns {
		delete(others, name)
	}
	columns = append(columns, slices.Sorted(maps.Keys(others))...)
	if len(columns)*len(rows) > maxCells {
		return nil, fail(http.StatusRequestEntityTooLarge, "the table would have %d rows and %d columns: ask for a smaller per_page", len(rows), len(columns))
	}
	var table bytes.Buffer
	out := csv.NewWriter(&table)
	if err := out.Write(columns); err != nil {
		return nil, err
	}
	cells := make([]string, len(columns))
	for _, row := range rows {
		for i, name := range columns {
			cells[i] = escapeFormula(row[name])
		}
		if err := out.Write(cells); err != nil {
			return nil, err
		}
	}
	out.Flush()
	return table.Bytes(), out.Error()
}

package burst

import (
	"encoding/csv"
	"io"
	"strconv"
)

// WriteCSV writes the series, one line for each point, below a line of names.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{
		"seconds", "intended_per_second", "sent", "acknowledged", "failed", "dropped", "response_p50_ms", "response_p99_ms", "response_max_ms", "lag_p99_ms",
	}); err != nil {
		return err
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	count := func(n uint64) string { return strconv.FormatUint(n, 10) }
	for _, p := range r.Series {
		if err := out.Write([]string{
			number(p.Seconds), number(p.Intended), count(p.Sent), count(p.Acknowledged), count(p.Failed), count(p.Dropped),
			number(p.ResponseP50), number(p.ResponseP99), number(p.ResponseMax), number(p.LagP99),
		}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

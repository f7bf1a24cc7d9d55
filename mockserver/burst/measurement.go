package burst

// Measurement is one figure of a report, for a library that records benchmarks. With Gomega's
// gmeasure:
//
//	for _, m := range report.Measurements() {
//		experiment.RecordValue(m.Name, m.Value, gmeasure.Units(m.Units))
//	}
type Measurement struct {
	Name  string
	Value float64
	Units string // "events/s", "ms", "events", or "" for a ratio
}

// Measurements returns the figures that one compares between bursts: rates, percentiles, and counts
// of what went wrong. The names are those of conditions in thresholds. A report without an
// Accounting has no counts of lost and duplicated events.
func (r *Report) Measurements() []Measurement {
	list := []Measurement{{"rate", r.Rate, "events/s"}, {"rate share", r.RateShare, ""}}
	for _, l := range []struct {
		name string
		Latency
	}{{"lag", r.Lag}, {"service", r.Service}, {"response", r.Response}} {
		list = append(list,
			Measurement{l.name + ".p50", l.P50, "ms"}, Measurement{l.name + ".p99", l.P99, "ms"},
			Measurement{l.name + ".p99.9", l.P999, "ms"}, Measurement{l.name + ".max", l.Max, "ms"})
	}
	failed := uint64(0)
	for outcome, n := range r.Outcomes {
		if outcome != success.String() {
			failed += n
		}
	}
	list = append(list, Measurement{"failed", float64(failed), "events"})
	if a := r.Accounting; a != nil {
		list = append(list, Measurement{"lost", float64(a.Lost), "events"}, Measurement{"duplicated", float64(a.Duplicated), "events"})
	}
	return list
}

package main

import "slices"

// Sample is a figure over the rounds.
type Sample struct {
	Median, Min, Max float64
	// Rounds is the number of values; 0 says that there is none.
	Rounds int
}

func sample(values []float64) Sample {
	n := len(values)
	if n == 0 {
		return Sample{}
	}
	sorted := slices.Sorted(slices.Values(values))
	median := sorted[n/2]
	if n%2 == 0 {
		median = (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return Sample{Median: median, Min: sorted[0], Max: sorted[n-1], Rounds: n}
}

// of is a figure of the runs that count.
func of(runs []Run, figure func(Run) float64) Sample {
	var values []float64
	for _, r := range runs {
		if r.Error == "" {
			values = append(values, figure(r))
		}
	}
	return sample(values)
}

// ratio divides the figures of two rows within each round: what slows the machine for a while slows
// both.
func ratio(runs, over []Run, figure func(Run) float64) Sample {
	divisors := map[int]float64{}
	for _, r := range over {
		if r.Error == "" {
			divisors[r.Round] = figure(r)
		}
	}
	var values []float64
	for _, r := range runs {
		if divisor := divisors[r.Round]; r.Error == "" && divisor > 0 {
			values = append(values, figure(r)/divisor)
		}
	}
	return sample(values)
}

func rateOf(r Run) float64 { return r.Rate }

// cpuOf is the sender's CPU time of a request, in microseconds.
func cpuOf(r Run) float64 { return 1e6 * r.CPU / r.accepted() }

func serverCPUOf(r Run) float64 { return 1e6 * r.ServerCPU / r.accepted() }

func wholeCPUOf(r Run) float64 { return cpuOf(r) + serverCPUOf(r) }

// of returns the runs of a row.
func (r Results) of(comparison, row string) (runs []Run) {
	for _, run := range r.Runs {
		if run.Comparison == comparison && run.Row == row {
			runs = append(runs, run)
		}
	}
	return runs
}

// measured is a budget's figure over the rounds. The row that it is divided by is the fastest of
// those that ran.
func (b Budget) measured(results Results, comparison string) Sample {
	runs := results.of(comparison, b.Row)
	switch b.Figure {
	case "lost":
		return of(runs, func(r Run) float64 {
			if !r.Reconciled {
				return float64(r.Requests)
			}
			return float64(r.Lost + r.Duplicated)
		})
	case "lag_p99":
		return of(runs, func(r Run) float64 {
			if r.Lag == nil {
				return 0
			}
			return r.Lag.P99
		})
	case "rate_error":
		return of(runs, func(r Run) float64 { return 100 * abs(r.Rate/pacedRate-1) })
	}
	if b.Over == nil {
		return of(runs, rateOf)
	}
	return ratio(runs, results.of(comparison, b.fastest(results, comparison)), rateOf)
}

// fastest is the row that is divided by.
func (b Budget) fastest(results Results, comparison string) (key string) {
	best := 0.0
	for _, row := range b.Over {
		if rate := of(results.of(comparison, row), rateOf).Median; rate > best {
			key, best = row, rate
		}
	}
	return key
}

// byCPU is the ratio that two rates have when the processors are the limit: that of the CPU times
// of a request, of sender and server together. Another program that runs changes it less than it
// changes rates.
func (b Budget) byCPU(results Results, comparison string) Sample {
	if b.Over == nil {
		return Sample{}
	}
	return ratio(results.of(comparison, b.fastest(results, comparison)), results.of(comparison, b.Row), wholeCPUOf)
}

// met holds the median against the bound; for what may never happen, the worst round.
func (b Budget) met(s Sample) bool {
	switch {
	case b.Upper && b.Bound == 0:
		return s.Max == 0
	case b.Upper:
		return s.Median <= b.Bound
	}
	return s.Median >= b.Bound
}

func abs(x float64) float64 { return max(x, -x) }

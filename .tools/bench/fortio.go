package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

func fortio() Generator {
	return Generator{
		Tool: "fortio",
		Command: func(l Load) []string {
			args := []string{
				"load", "-quiet", "-qps", strconv.Itoa(l.Rate), "-c", strconv.Itoa(l.Connections), "-t", l.Length.String(),
				"-payload-file", bodyFile, "-p", "50,99", "-json", "-",
			}
			return append(append(args, l.Request.headerFlags("-H")...), l.URL)
		},
		Parse: parseFortio,
	}
}

// parseFortio reads the JSON, which a line of text may follow.
func parseFortio(out []byte) (Measured, error) {
	var r struct {
		ActualDuration    int64             // nanoseconds
		RetCodes          map[string]uint64 // by status, or -1
		DurationHistogram struct {
			Count       uint64
			Percentiles []struct{ Percentile, Value float64 } // seconds
		}
	}
	start := bytes.IndexByte(out, '{')
	if start < 0 {
		return Measured{}, fmt.Errorf("fortio printed no JSON: %q", lastLine(string(out)))
	}
	if err := json.NewDecoder(bytes.NewReader(out[start:])).Decode(&r); err != nil {
		return Measured{}, fmt.Errorf("fortio: %w", err)
	}
	m := Measured{
		Requests: r.DurationHistogram.Count, Failed: r.DurationHistogram.Count - r.RetCodes["200"],
		Seconds: float64(r.ActualDuration) / 1e9, Response: &Quantiles{},
	}
	for _, p := range r.DurationHistogram.Percentiles {
		switch p.Percentile {
		case 50:
			m.Response.P50 = 1000 * p.Value
		case 99:
			m.Response.P99 = 1000 * p.Value
		}
	}
	return m, nil
}

package main

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// vegetaLibrary is vegeta as a library (signed/main.go): the fastest that it can be used.
func vegetaLibrary() Generator {
	return Generator{
		Tool: "signed",
		Command: func(l Load) []string {
			return []string{
				"-url", l.URL, "-request", requestFile, "-rate", strconv.Itoa(l.Rate), "-duration", l.Length.String(),
				"-connections", strconv.Itoa(l.Connections),
			}
		},
		Parse: parseSigned,
	}
}

func parseSigned(out []byte) (Measured, error) {
	var r struct {
		Requests uint64
		Failed   uint64
		Seconds  float64
		P50, P99 float64
		LagP50   float64 `json:"lag_p50"`
		LagP99   float64 `json:"lag_p99"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return Measured{}, fmt.Errorf("signed: %w", err)
	}
	m := Measured{Requests: r.Requests, Failed: r.Failed, Seconds: r.Seconds, Response: &Quantiles{r.P50, r.P99}}
	if r.LagP99 > 0 {
		m.Lag = &Quantiles{r.LagP50, r.LagP99}
	}
	return m, nil
}

// vegetaLazy is the command line, which reads its targets from a pipe.
func vegetaLazy() Generator {
	return Generator{
		Tool: "vegeta", Shell: true,
		Command: func(l Load) []string {
			n := strconv.Itoa(l.Connections)
			return []string{"sh", "-c", "${signed} -print -url " + l.URL + " -request " + requestFile + " | ${vegeta} attack -format=json -lazy -rate 0 " +
				"-workers " + n + " -max-workers " + n + " -connections " + n + " -max-body 0 -duration " + l.Length.String() + " -output vegeta.bin"}
		},
		Report: []string{"report", "-type=json", "vegeta.bin"},
		Parse:  parseVegeta,
	}
}

func parseVegeta(out []byte) (Measured, error) {
	var r struct {
		Requests    uint64            `json:"requests"`
		StatusCodes map[string]uint64 `json:"status_codes"`
		Duration    int64             `json:"duration"` // nanoseconds until the last request was sent
		Wait        int64             `json:"wait"`     // and until its response
		Latencies   struct {
			P50 int64 `json:"50th"`
			P99 int64 `json:"99th"`
		} `json:"latencies"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return Measured{}, fmt.Errorf("vegeta report: %w", err)
	}
	return Measured{
		Requests: r.Requests, Failed: r.Requests - r.StatusCodes["200"], Seconds: float64(r.Duration+r.Wait) / 1e9,
		Response: &Quantiles{float64(r.Latencies.P50) / 1e6, float64(r.Latencies.P99) / 1e6},
	}, nil
}

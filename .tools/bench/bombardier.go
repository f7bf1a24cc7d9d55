package main

import (
	"encoding/json"
	"fmt"
	"strconv"
)

func bombardier() Generator {
	return Generator{
		Tool: "bombardier",
		Command: func(l Load) []string {
			args := []string{"-c", strconv.Itoa(l.Connections), "-d", l.Length.String(), "-m", "POST", "-f", bodyFile, "-l", "-p", "r", "-o", "json"}
			return append(append(args, l.Request.headerFlags("-H")...), l.URL)
		},
		Parse: parseBombardier,
	}
}

func parseBombardier(out []byte) (Measured, error) {
	var r struct {
		Result struct {
			Seconds float64 `json:"timeTakenSeconds"`
			Req1xx  uint64  `json:"req1xx"`
			Req2xx  uint64  `json:"req2xx"`
			Req3xx  uint64  `json:"req3xx"`
			Req4xx  uint64  `json:"req4xx"`
			Req5xx  uint64  `json:"req5xx"`
			Others  uint64  `json:"others"`
			Latency struct {
				Percentiles map[string]float64 `json:"percentiles"` // microseconds
			} `json:"latency"`
		} `json:"result"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return Measured{}, fmt.Errorf("bombardier: %w", err)
	}
	failed := r.Result.Req1xx + r.Result.Req3xx + r.Result.Req4xx + r.Result.Req5xx + r.Result.Others
	quantiles := r.Result.Latency.Percentiles
	return Measured{
		Requests: r.Result.Req2xx + failed, Failed: failed, Seconds: r.Result.Seconds,
		Response: &Quantiles{quantiles["50"] / 1000, quantiles["99"] / 1000},
	}, nil
}

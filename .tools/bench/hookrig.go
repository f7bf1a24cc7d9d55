package main

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// burst is hookrig's load engine. The arguments choose the events.
func burst(args ...string) Generator {
	return Generator{
		Tool: "hookrig",
		Command: func(l Load) []string {
			command := append([]string{"burst"}, args...)
			command = append(command, "--to", l.URL, "--connections", strconv.Itoa(l.Connections), "--duration", l.Length.String(), "--json", "-")
			if l.Rate > 0 {
				command = append(command, "--rate", strconv.Itoa(l.Rate))
			}
			return command
		},
		Parse: parseBurst,
	}
}

func parseBurst(out []byte) (Measured, error) {
	var r struct {
		Sent         uint64    `json:"sent"`
		Acknowledged uint64    `json:"acknowledged"`
		Seconds      float64   `json:"seconds"`
		Shape        string    `json:"shape"`
		Lag          Quantiles `json:"lag_ms"`
		Response     Quantiles `json:"response_ms"`
		Accounting   *struct {
			Lost       uint64 `json:"lost"`
			Duplicated uint64 `json:"duplicated"`
		} `json:"accounting"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return Measured{}, fmt.Errorf("hookrig burst --json: %w", err)
	}
	m := Measured{Requests: r.Sent, Failed: r.Sent - r.Acknowledged, Seconds: r.Seconds, Response: &r.Response}
	if r.Shape != "max" {
		m.Lag = &r.Lag
	}
	if r.Accounting != nil {
		m.Reconciled, m.Lost, m.Duplicated = true, r.Accounting.Lost, r.Accounting.Duplicated
	}
	return m, nil
}

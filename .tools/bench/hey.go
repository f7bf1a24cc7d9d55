package main

import (
	"fmt"
	"regexp"
	"strconv"
)

func hey() Generator {
	return Generator{
		Tool: "hey",
		Command: func(l Load) []string {
			args := append([]string{"-z", l.Length.String(), "-c", strconv.Itoa(l.Connections), "-m", "POST", "-D", bodyFile}, l.Request.headerFlags("-H")...)
			return append(args, l.URL)
		},
		Parse: parseHey,
	}
}

var (
	heyTotal    = regexp.MustCompile(`Total:\s+([0-9.]+) secs`)
	heyStatus   = regexp.MustCompile(`\[(\d+)\]\s+(\d+) responses`)
	heyQuantile = regexp.MustCompile(`(50|99)%+ in ([0-9.]+) secs`)
	heyFailure  = regexp.MustCompile(`(?m)^\s+\[(\d+)\]\s+\w+ "`)
)

// parseHey adds up the responses, since hey prints no number of requests.
func parseHey(out []byte) (Measured, error) {
	total := heyTotal.FindSubmatch(out)
	if total == nil {
		return Measured{}, fmt.Errorf("hey printed no total: %q", lastLine(string(out)))
	}
	var m Measured
	m.Seconds, _ = strconv.ParseFloat(string(total[1]), 64)
	for _, status := range heyStatus.FindAllSubmatch(out, -1) {
		n, _ := strconv.ParseUint(string(status[2]), 10, 64)
		m.Requests += n
		if status[1][0] != '2' {
			m.Failed += n
		}
	}
	for _, failure := range heyFailure.FindAllSubmatch(out, -1) {
		n, _ := strconv.ParseUint(string(failure[1]), 10, 64)
		m.Requests += n
		m.Failed += n
	}
	for _, q := range heyQuantile.FindAllSubmatch(out, -1) {
		seconds, _ := strconv.ParseFloat(string(q[2]), 64)
		if m.Response == nil {
			m.Response = &Quantiles{}
		}
		if string(q[1]) == "50" {
			m.Response.P50 = 1000 * seconds
		} else {
			m.Response.P99 = 1000 * seconds
		}
	}
	return m, nil
}

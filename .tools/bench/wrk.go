package main

import (
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// wrk and wrk2 share their flags and their output; wrk2 wants a rate.
func wrk(tool string) Generator {
	return Generator{
		Tool: tool,
		Command: func(l Load) []string {
			args := []string{
				"-t" + strconv.Itoa(runtime.NumCPU()), "-c" + strconv.Itoa(l.Connections), fmt.Sprintf("-d%ds", int(l.Length.Seconds())),
				"--latency", "-s", luaFile,
			}
			if l.Rate > 0 {
				args = append(args, "-R"+strconv.Itoa(l.Rate))
			}
			return append(args, l.URL)
		},
		Parse: parseWrk,
	}
}

// luaScript sets the request once: wrk copies it, and runs no Lua while it sends.
func luaScript(r Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "wrk.method = \"POST\"\nwrk.body = %s\n", luaText(r.Body))
	for _, h := range r.Headers {
		fmt.Fprintf(&b, "wrk.headers[%s] = %s\n", luaText(h[0]), luaText(h[1]))
	}
	return b.String()
}

// luaText is a string of Lua: every byte that is not plain is written as a number.
func luaText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "\\%03d", c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

var (
	wrkTotal    = regexp.MustCompile(`(\d+) requests in ([0-9.]+[a-z]+),`)
	wrkQuantile = regexp.MustCompile(`(?m)^\s+(50|99)(?:\.000)?%\s+([0-9.]+[a-z]+)$`)
	wrkStatus   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	wrkSocket   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
)

func parseWrk(out []byte) (Measured, error) {
	total := wrkTotal.FindSubmatch(out)
	if total == nil {
		return Measured{}, fmt.Errorf("wrk printed no total: %q", lastLine(string(out)))
	}
	var m Measured
	m.Requests, _ = strconv.ParseUint(string(total[1]), 10, 64)
	length, err := time.ParseDuration(string(total[2]))
	if err != nil {
		return Measured{}, fmt.Errorf("wrk: %w", err)
	}
	m.Seconds = length.Seconds()
	if found := wrkStatus.FindSubmatch(out); found != nil {
		m.Failed, _ = strconv.ParseUint(string(found[1]), 10, 64)
	}
	if found := wrkSocket.FindSubmatch(out); found != nil {
		for _, n := range found[1:] {
			errors, _ := strconv.ParseUint(string(n), 10, 64)
			m.Failed += errors
		}
	}
	for _, found := range wrkQuantile.FindAllSubmatch(out, -1) {
		d, err := time.ParseDuration(string(found[2]))
		if err != nil {
			return Measured{}, fmt.Errorf("wrk: %w", err)
		}
		if m.Response == nil {
			m.Response = &Quantiles{}
		}
		if string(found[1]) == "50" {
			m.Response.P50 = milliseconds(d)
		} else {
			m.Response.P99 = milliseconds(d)
		}
	}
	return m, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

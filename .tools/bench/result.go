package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"time"
)

// Results are everything that the report is made from.
type Results struct {
	Date     time.Time       `json:"date"`
	Machine  Machine         `json:"machine"`
	Settings Settings        `json:"settings"`
	Tools    map[string]Tool `json:"tools"`
	// RequestBytes and BodyBytes are the size of the static request.
	RequestBytes int   `json:"request_bytes"`
	BodyBytes    int   `json:"body_bytes"`
	Runs         []Run `json:"runs"`
}

// Run is one run of one row.
type Run struct {
	Comparison string `json:"comparison"`
	Row        string `json:"row"`
	Round      int    `json:"round"`
	Command    string `json:"command"`
	Measured
	// Rate is that of requests with a 2xx, per second.
	Rate float64 `json:"rate"`
	// CPU is the sender's user and system time in seconds, Memory its largest resident set in bytes.
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"`

	ServerCommand string  `json:"server_command"`
	ServerCPU     float64 `json:"server_cpu"`
	ServerMemory  int64   `json:"server_memory"`
	// Error says why the run does not count.
	Error string `json:"error,omitempty"`
}

// line is the run on the terminal.
func (r Run) line() string {
	if r.Error != "" {
		return "does not count: " + r.Error
	}
	return fmt.Sprintf("%7.0f/s  %5.1f µs CPU a request", r.Rate, cpuOf(r))
}

func readResults(name string) (Results, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return Results{}, err
	}
	var r Results
	if err := json.Unmarshal(raw, &r); err != nil {
		return Results{}, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

func (r Results) write(name string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(raw, '\n'), 0o644)
}

// What of a command differs between runs.
var (
	addressOf = regexp.MustCompile(`(127\.0\.0\.1:|--port |-p )\d+`)
	folderOf  = regexp.MustCompile(`data-\d+`)
)

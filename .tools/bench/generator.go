package main

import "time"

// Load is what a generator is told to do.
type Load struct {
	URL         string
	Connections int
	// Rate is in events per second; 0 is as fast as the server responds.
	Rate    int
	Length  time.Duration
	Request Request
}

// Measured is what a tool says about its run.
type Measured struct {
	Requests uint64 `json:"requests"`
	// Failed are requests without a 2xx.
	Failed  uint64  `json:"failed,omitempty"`
	Seconds float64 `json:"seconds"`
	// Lag is how late requests started, at a fixed rate. Nil when the tool does not tell.
	Lag *Quantiles `json:"lag_ms,omitempty"`
	// Response is the time of a response, by the tool's own definition.
	Response *Quantiles `json:"response_ms,omitempty"`
	// Lost and Duplicated compare a burst with its bin.
	Reconciled bool   `json:"reconciled,omitempty"`
	Lost       uint64 `json:"lost,omitempty"`
	Duplicated uint64 `json:"duplicated,omitempty"`
}

// accepted is the number of requests that got a 2xx: what a rate counts.
func (m Measured) accepted() float64 { return float64(m.Requests - m.Failed) }

// Quantiles are in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// Generator sends load with one tool.
type Generator struct {
	Tool string
	// Command has the arguments after the tool's path.
	Command func(Load) []string
	// Parse reads what was printed on standard output.
	Parse func(out []byte) (Measured, error)
	// Shell says that Command begins with a program of its own, and names tools as ${NAME}.
	Shell bool
	// Report is a second command, whose output is parsed instead; it is not measured.
	Report []string
}

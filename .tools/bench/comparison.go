package main

import "fmt"

// Comparison is a table of the report: senders that do the same work, or servers that get the same.
type Comparison struct {
	Key, Title string
	// Text says what is measured and how.
	Text string
	// Paced comparisons have a rate, and runs of Settings.PacedSeconds.
	Paced bool
	Rows  []Row
	// Reference is what the table calls the rows that others are divided by (Row.Over); "" for none.
	Reference string
	// SubjectIsServer has the table name the server's CPU time and memory, not the sender's.
	SubjectIsServer bool
	Budgets         []Budget
}

// Row is one sender and one server.
type Row struct {
	Key string
	// Does says in the table what the row does.
	Does        string
	Generator   Generator
	Server      ServerKind
	Connections int
	Rate        int
	// Over is the key of the row that this one is divided by.
	Over string
}

// Budget is a ratio of two rows, or the value of one, with a bound.
type Budget struct {
	Text string
	// Row is what is measured; Over are the rows that it is divided by: the fastest that ran.
	Row  string
	Over []string
	// Figure of the row: rate, lag_p99 in milliseconds, rate_error in percent, or lost.
	Figure string
	// Bound is the least value that meets the budget, or the largest if Upper.
	Bound float64
	Upper bool
}

const (
	usualConnections = 64
	manyConnections  = 256
	pacedRate        = 10_000
)

// comparisons are all that there are, in the order of the report.
func comparisons() []Comparison {
	return []Comparison{signedEvents(), durableCapture(), reconciledEvents(), pacing()}
}

func signedEvents() Comparison {
	row := func(key, does string, g Generator) Row {
		return Row{Key: key, Does: does, Generator: g, Server: bareFasthttp, Connections: usualConnections, Over: "wrk"}
	}
	return Comparison{
		Key: "A", Title: "Unique signed events to a bare server",
		Text: "64 connections, each sending its next request after the response to the one before, to a bare fasthttp handler " +
			"that answers 200. Sender and server share the machine's cores, so a sender that takes less CPU time gets more " +
			"responses. A static body is one event of hookrig, of median length, with its headers.",
		Reference: "wrk",
		Rows: []Row{
			row("wrk", "one static body", wrk("wrk")),
			row("hookrig neostore", "journeys of entities, each event rendered and signed", burst("neostore")),
			row("hookrig neostore, one kind", "Pass:Created only, each event rendered and signed", burst("neostore", "--events", "Pass:Created")),
			row("hookrig subscribfy", "journeys of entities, each event rendered and signed", burst("subscribfy")),
			row("hookrig ethpass", "journeys of entities, each event rendered and signed", burst("ethpass")),
			row("vegeta as a library", "a unique id in a fixed body, each signed", vegetaLibrary()),
			row("vegeta attack -lazy", "the same, made by another process and read as JSON", vegetaLazy()),
			row("k6", "a unique id in a fixed body, each signed by k6/crypto", k6()),
			row("bombardier", "one static body", bombardier()),
			row("fortio", "one static body", fortio()),
			row("hey", "one static body", hey()),
		},
		Budgets: []Budget{
			{Text: "hookrig neostore ÷ wrk with a static body", Row: "hookrig neostore", Over: []string{"wrk"}, Figure: "rate", Bound: 0.85},
			{
				Text: "hookrig neostore ÷ vegeta, the faster of two, both signing", Row: "hookrig neostore",
				Over: []string{"vegeta as a library", "vegeta attack -lazy"}, Figure: "rate", Bound: 4,
			},
			{Text: "hookrig neostore ÷ k6, both signing", Row: "hookrig neostore", Over: []string{"k6"}, Figure: "rate", Bound: 7},
		},
	}
}

func durableCapture() Comparison {
	row := func(key string, server ServerKind, connections int) Row {
		over := fmt.Sprintf("bare fasthttp, %d", connections)
		return Row{Key: key, Generator: wrk("wrk"), Server: server, Connections: connections, Over: over}
	}
	return Comparison{
		Key: "B", Title: "Capture on disk",
		Text: "wrk sends one static body over 64 or 256 connections. hookrig has each capture on disk (fsync) before it " +
			"responds; request-baskets commits each to its file; webhook-tester writes a file for each without fsync. " +
			"The two bare handlers store nothing. A rate is that of requests with a 2xx.",
		Reference: "bare fasthttp", SubjectIsServer: true,
		Rows: []Row{
			row("bare fasthttp, 64", bareFasthttp, usualConnections),
			row("bare net/http, 64", bareNetHTTP, usualConnections),
			row("hookrig, 64", durableBin, usualConnections),
			row("webhook-tester, 64", webhookTester, usualConnections),
			row("request-baskets, 64", requestBaskets, usualConnections),
			row("bare fasthttp, 256", bareFasthttp, manyConnections),
			row("bare net/http, 256", bareNetHTTP, manyConnections),
			row("hookrig, 256", durableBin, manyConnections),
		},
		Budgets: []Budget{
			{Text: "hookrig ÷ bare fasthttp handler, 64 connections", Row: "hookrig, 64", Over: []string{"bare fasthttp, 64"}, Figure: "rate", Bound: 0.45},
			{Text: "hookrig ÷ bare fasthttp handler, 256 connections", Row: "hookrig, 256", Over: []string{"bare fasthttp, 256"}, Figure: "rate", Bound: 0.45},
			{Text: "hookrig ÷ bare net/http handler, 64 connections", Row: "hookrig, 64", Over: []string{"bare net/http, 64"}, Figure: "rate", Bound: 0.45},
			{Text: "hookrig ÷ bare net/http handler, 256 connections", Row: "hookrig, 256", Over: []string{"bare net/http, 256"}, Figure: "rate", Bound: 0.45},
			{Text: "hookrig ÷ webhook-tester on disk", Row: "hookrig, 64", Over: []string{"webhook-tester, 64"}, Figure: "rate", Bound: 25},
		},
	}
}

func reconciledEvents() Comparison {
	return Comparison{
		Key: "C", Title: "Provider to bin, reconciled",
		Text: "hookrig burst sends unique signed events as fast as a bin of hookrig serve --data responds, then compares " +
			"every event with the captures. The rate is that of sending; the comparison comes after it, and its CPU time counts as the sender's.",
		Rows: []Row{{
			Key: "hookrig neostore", Does: "to a bin on disk", Generator: burst("neostore"), Server: durableBin, Connections: usualConnections,
		}},
		Budgets: []Budget{
			{Text: "events/s to a bin on disk", Row: "hookrig neostore", Figure: "rate", Bound: 30_000},
			{Text: "events lost or duplicated, in all rounds", Row: "hookrig neostore", Figure: "lost", Upper: true},
		},
	}
}

func pacing() Comparison {
	row := func(key, does string, g Generator, server ServerKind) Row {
		return Row{Key: key, Does: does, Generator: g, Server: server, Connections: usualConnections, Rate: pacedRate}
	}
	return Comparison{
		Key: "D", Title: "A fixed rate of 10 000 a second",
		Text: "64 connections. Lag is how late a request started, where the tool tells (vegeta: from the times in its " +
			"results). Response times are the tool's own: hookrig and wrk2 count from when a request was due, the others from " +
			"when it was sent.",
		Paced: true,
		Rows: []Row{
			row("hookrig, bare server", "unique signed events", burst("neostore"), bareFasthttp),
			row("hookrig, bin on disk", "unique signed events, reconciled", burst("neostore"), durableBin),
			row("vegeta as a library", "unique signed events", vegetaLibrary(), bareFasthttp),
			row("fortio", "one static body", fortio(), bareFasthttp),
			row("wrk2", "one static body", wrk("wrk2"), bareFasthttp),
		},
		Budgets: []Budget{
			{Text: "rate: difference from 10 000/s, bare server, %", Row: "hookrig, bare server", Figure: "rate_error", Bound: 0.1, Upper: true},
			{Text: "rate: difference from 10 000/s, bin on disk, %", Row: "hookrig, bin on disk", Figure: "rate_error", Bound: 0.1, Upper: true},
			{Text: "lag p99, bare server, ms", Row: "hookrig, bare server", Figure: "lag_p99", Bound: 2, Upper: true},
			{Text: "lag p99, bin on disk, ms", Row: "hookrig, bin on disk", Figure: "lag_p99", Bound: 2, Upper: true},
			{Text: "events lost or duplicated, in all rounds", Row: "hookrig, bin on disk", Figure: "lost", Upper: true},
		},
	}
}

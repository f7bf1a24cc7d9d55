// Command signed has vegeta send unique signed events: as a library, with a Targeter that writes
// each body and signs it, or with -print as a feeder of `vegeta attack -format=json -lazy`.
//
// A body is one event of neostore whose id changes: fewer bytes are made than hookrig makes, so
// that vegeta is not measured by work that it was not asked for.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// file is the request to vary, as the comparison captured it from hookrig.
type file struct {
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
}

// report is what is printed at the end.
type report struct {
	Requests uint64  `json:"requests"`
	Failed   uint64  `json:"failed"`
	Seconds  float64 `json:"seconds"`
	// Milliseconds.
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
	LagP50 float64 `json:"lag_p50"`
	LagP99 float64 `json:"lag_p99"`
}

const (
	idMember  = `"__id":"`
	signature = "x-neostore-signature"
	secret    = "EqKOfmcfvzOS2W8lhkbVPYWk1IUEunAxJuxIXL7E"
)

func main() {
	url := flag.String("url", "", "`URL` to send to")
	name := flag.String("request", "", "`FILE` of the request to vary")
	rate := flag.Int("rate", 0, "events per second; 0 sends as fast as the server responds")
	length := flag.Duration("duration", time.Second, "how long to send")
	connections := flag.Int("connections", 64, "workers and connections")
	feed := flag.Bool("print", false, "print JSON targets without end, for vegeta attack -lazy")
	flag.Parse()

	raw, err := os.ReadFile(*name)
	if err != nil {
		fail(err)
	}
	var request file
	if err := json.Unmarshal(raw, &request); err != nil {
		fail(err)
	}
	e, err := newEvents(*url, request)
	if err != nil {
		fail(err)
	}
	if *feed {
		e.print()
		return
	}
	_ = json.NewEncoder(os.Stdout).Encode(e.attack(*rate, *connections, *length))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "signed:", err)
	os.Exit(1)
}

// events makes unique signed events.
type events struct {
	url           string
	before, after string // the body around its id
	idBytes       int
	header        http.Header
	number        atomic.Uint64
	states        sync.Pool // of hash.Hash: a keyed state is made once a worker
}

func newEvents(url string, request file) (*events, error) {
	before, rest, found := strings.Cut(request.Body, idMember)
	id, after, ended := strings.Cut(rest, `"`)
	if !found || !ended {
		return nil, fmt.Errorf("the body has no member %s", idMember)
	}
	e := &events{url: url, before: before + idMember, after: `"` + after, idBytes: len(id), header: http.Header{}}
	for _, h := range request.Headers {
		if h[0] != signature {
			e.header[h[0]] = []string{h[1]}
		}
	}
	e.states.New = func() any { return hmac.New(sha256.New, []byte(secret)) }
	return e, nil
}

// next returns the body and the signature of the next event.
func (e *events) next() (body []byte, signed string) {
	body = make([]byte, 0, len(e.before)+e.idBytes+len(e.after))
	body = append(body, e.before...)
	body = fmt.Appendf(body, "%0*x", e.idBytes, e.number.Add(1))
	body = append(body, e.after...)
	state := e.states.Get().(hash.Hash)
	state.Reset()
	state.Write(body)
	var sum [sha256.Size]byte
	signed = hex.EncodeToString(state.Sum(sum[:0]))
	e.states.Put(state)
	return body, signed
}

// target is a vegeta.Targeter.
func (e *events) target(t *vegeta.Target) error {
	body, signed := e.next()
	header := make(http.Header, len(e.header))
	for name, values := range e.header {
		header[name] = values
	}
	header[signature] = []string{signed}
	*t = vegeta.Target{Method: http.MethodPost, URL: e.url, Body: body, Header: header}
	return nil
}

func (e *events) attack(rate, connections int, length time.Duration) report {
	attacker := vegeta.NewAttacker(vegeta.Workers(uint64(connections)), vegeta.MaxWorkers(uint64(connections)),
		vegeta.Connections(connections), vegeta.MaxBody(0))
	var pace vegeta.Pacer = vegeta.Rate{Freq: rate, Per: time.Second}
	var metrics vegeta.Metrics
	var lags []time.Duration
	start := time.Now()
	for result := range attacker.Attack(e.target, pace, length, "signed") {
		metrics.Add(result)
		if rate > 0 {
			due := start.Add(time.Duration(result.Seq) * time.Second / time.Duration(rate))
			lags = append(lags, max(0, result.Timestamp.Sub(due)))
		}
	}
	metrics.Close()
	slices.Sort(lags)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	r := report{
		Requests: metrics.Requests, Failed: metrics.Requests - uint64(metrics.StatusCodes["200"]),
		Seconds: (metrics.Duration + metrics.Wait).Seconds(), P50: ms(metrics.Latencies.P50), P99: ms(metrics.Latencies.P99),
	}
	if n := len(lags); n > 0 {
		r.LagP50, r.LagP99 = ms(lags[n/2]), ms(lags[n*99/100])
	}
	return r
}

// print feeds `vegeta attack -format=json -lazy` until that closes the pipe.
func (e *events) print() {
	header, err := json.Marshal(e.header)
	if err != nil {
		fail(err)
	}
	before := strings.TrimSuffix(string(header), "}")
	w := bufio.NewWriterSize(os.Stdout, 1<<16)
	for {
		body, signed := e.next()
		_, err := fmt.Fprintf(w, `{"method":"POST","url":%q,"body":"%s","header":%s,%q:[%q]}}`+"\n",
			e.url, base64.StdEncoding.EncodeToString(body), before, signature, signed)
		if err != nil {
			return
		}
	}
}

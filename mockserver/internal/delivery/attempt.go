package delivery

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// keptResponse bounds how much of a response's body the journal keeps, in bytes.
const keptResponse = 64 << 10

// attempt makes one attempt of a delivery and says what came of it. The stamp on the request is the wall clock's,
// whatever the schedule's clock says: a consumer compares it with its own.
func (d *Dispatcher) attempt(j *job, t *endpointConfig) journal.Attempt {
	now := time.Now()
	a := journal.Attempt{N: j.attempts + 1, Due: j.due, At: now, Outcome: wire.NotSent}
	a.Fault = faultsOn(j.faults, a.N)
	if dropped(j.faults, a.N) {
		a.Error = "dropped by a fault"
		return a
	}
	if !t.reaches(j.url) {
		a.Error = fmt.Sprintf("%s delivers to https only: %.200s is never called; give the endpoint an https URL", t.provider.Title, j.url)
		return a
	}
	if j.triggered.IsZero() {
		j.triggered = now
	}
	r, err := t.newRequest(j.url, &j.event, j.faults, a.N, j.triggered, now, func() *rand.Rand { return generator(d.seed, "fault", j.seq) })
	if err != nil {
		a.Error = err.Error()
		return a
	}
	ctx, cancel := context.WithTimeout(j.target.ctx, t.timeout)
	defer cancel()
	result := d.wire.Send(ctx, j.url, r.message)
	a.Sent = r.message
	a.Outcome, a.Status = result.Outcome, result.Status
	a.TookMS = math.Round(float64(result.Took)/float64(time.Microsecond)) / 1000
	if result.Err != nil {
		a.Error = wire.Reason(result.Err)
	}
	if result.Response.Status != 0 {
		response := result.Response
		if len(response.Body) > keptResponse {
			response.Body, response.Truncated = response.Body[:keptResponse], true
		}
		a.Response = &response
	}
	return a
}

// reaches says whether the provider may send to a URL.
func (t *endpointConfig) reaches(url string) bool {
	const https = "https:"
	return !t.provider.Delivery.HTTPSOnly || len(url) > len(https) && strings.EqualFold(url[:len(https)], https)
}

// faultsOn names the faults that are done to the attempt of that number.
func faultsOn(faults []armed, attempt int) string {
	if len(faults) == 0 {
		return ""
	}
	var names []string
	for _, f := range faults {
		if f.on(attempt) {
			names = append(names, f.name())
		}
	}
	return strings.Join(names, ", ")
}

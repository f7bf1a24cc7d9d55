package scenarios

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// pageDelivery is a delivery with its timeline.
type pageDelivery struct {
	*DeliveryReport
	First    time.Time // when the first attempt was due
	Span     string    // from the first attempt to the last
	Scale    string    // of the timeline: "to scale" or "logarithmic"
	Dots     []pageDot
	Attempts []pageAttempt
}

// pageAttempt is one attempt. At is the time since the first attempt, Wait since the one before.
type pageAttempt struct {
	*AttemptReport
	At, Wait, Took string
	Class, Result  string
	Exchange       *pageExchange // nil when it is not listed
}

// pageDot is an attempt on the timeline, or the next attempt, which is still to come. X is in
// percent of the width. A label is "" when there is no room for it.
type pageDot struct {
	X            string
	Class        string
	Result, Time string
	Minor        bool // the time is left out on a narrow screen
	Last         bool // the time ends at the edge
}

// exchangeKey is an attempt of a delivery.
type exchangeKey struct {
	delivery string
	attempt  int
}

// rowBytes is about how many bytes of a page one attempt takes without its exchange.
const rowBytes = 600

// newPageDelivery takes the exchanges that it shows out of exchanges.
func newPageDelivery(d *DeliveryReport, exchanges map[exchangeKey]*Exchange, left *int) pageDelivery {
	shown := pageDelivery{DeliveryReport: d}
	first := exchanges[exchangeKey{d.ID, 1}]
	for i := range d.Attempts {
		a := &d.Attempts[i]
		*left -= rowBytes
		one := pageAttempt{AttemptReport: a, Took: span(a.TookMS), Class: a.class(), Result: a.result()}
		one.At = Duration(a.Due.Sub(d.Attempts[0].Due)).String()
		if i > 0 {
			one.Wait = Duration(a.Due.Sub(d.Attempts[i-1].Due)).String()
		}
		key := exchangeKey{d.ID, a.N}
		if e := exchanges[key]; e != nil && *left > 0 {
			exchange := newPageExchange(e, left)
			if first != nil && e != first {
				exchange.Changes, exchange.Note = changes(first, e)
				*left -= longestValue * len(exchange.Changes)
			}
			one.Exchange = &exchange
			delete(exchanges, key)
		}
		shown.Attempts = append(shown.Attempts, one)
	}
	if len(d.Attempts) > 0 {
		shown.First = d.Attempts[0].Due
		shown.Span = Duration(d.Attempts[len(d.Attempts)-1].Due.Sub(shown.First)).String()
		shown.timeline()
	}
	return shown
}

// class returns how the page marks an attempt: accepted, refused, or without a response.
func (a *AttemptReport) class() string {
	switch {
	case a.Outcome != mockserver.GotStatus:
		return "none"
	case a.Status/100 == 2:
		return "accepted"
	}
	return "refused"
}

// result returns the status of the response with its name, or the outcome.
func (a *AttemptReport) result() string {
	if a.Outcome != mockserver.GotStatus {
		return string(a.Outcome)
	}
	if name := http.StatusText(a.Status); name != "" {
		return strconv.Itoa(a.Status) + " " + name
	}
	return strconv.Itoa(a.Status)
}

// timeline places the attempts. Waits of very different lengths are drawn on a logarithmic scale.
func (d *pageDelivery) timeline() {
	var offsets []time.Duration
	for i := range d.Attempts {
		offsets = append(offsets, d.Attempts[i].Due.Sub(d.First))
	}
	if !d.Next.IsZero() {
		offsets = append(offsets, d.Next.Sub(d.First))
	}
	places, logarithmic := scaled(offsets)
	d.Scale = "to scale"
	if logarithmic {
		d.Scale = "on a logarithmic scale"
	}
	result, label := math.Inf(-1), math.Inf(-1) // where the last label is
	for i, place := range places {
		x := 4 + 90*place
		dot := pageDot{X: fmt.Sprintf("%.2f%%", x), Class: "next"}
		word := "next"
		if i < len(d.Attempts) {
			dot.Class, word = d.Attempts[i].Class, d.Attempts[i].Result
			if d.Attempts[i].Status > 0 {
				word = strconv.Itoa(d.Attempts[i].Status)
			}
		}
		rest := 4 + 90*places[len(places)-1] - x // the last one always has its labels
		if x-result >= labelWidth/2 && (rest >= labelWidth/2 || i == len(places)-1) {
			dot.Result, result = word, x
		}
		if x-label >= labelWidth && (rest >= labelWidth || i == len(places)-1) {
			dot.Time, label = Duration(offsets[i]).String(), x
		}
		dot.Last = i > 0 && i == len(places)-1 && place > 0
		d.Dots = append(d.Dots, dot)
	}
	minor := false
	for i := len(d.Dots) - 1; i >= 0; i-- {
		if d.Dots[i].Time != "" {
			d.Dots[i].Minor, minor = minor, !minor
		}
	}
}

// labelWidth is the room for a time below the timeline, in percent of its width.
const labelWidth = 11

// scaled returns the places of offsets between 0 and 1. The scale is logarithmic if the shortest
// wait would be too small to see.
func scaled(offsets []time.Duration) (places []float64, logarithmic bool) {
	var last, shortest time.Duration
	for i, offset := range offsets {
		last = max(last, offset)
		if i > 0 {
			if wait := offset - offsets[i-1]; wait > 0 && (shortest == 0 || wait < shortest) {
				shortest = wait
			}
		}
	}
	const smallest = 50 // parts of the whole
	logarithmic = shortest > 0 && last/shortest > smallest
	places = make([]float64, len(offsets))
	for i, offset := range offsets {
		switch {
		case last <= 0 || offset <= 0:
		case logarithmic:
			places[i] = math.Log1p(float64(offset)/float64(shortest)) / math.Log1p(float64(last)/float64(shortest))
		default:
			places[i] = float64(offset) / float64(last)
		}
	}
	return places, logarithmic
}

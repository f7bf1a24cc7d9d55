package scenarios

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// varying says which parts of a provider's requests depend on the time of the attempt or, for a
// bin, on its URL, which differs from run to run.
type varying struct {
	headers map[string]bool // by lower-case name
	body    bool
}

// varyingOf returns what varies in the requests of a delivery. Two requests that carry its event at
// different times show it.
func (j *journal) varyingOf(d *mockserver.Delivery) varying {
	key := d.Endpoint + " " + d.Event.Name
	if v, ok := j.varying[key]; ok {
		return v
	}
	other := d.URL
	if slices.ContainsFunc(keys(j.run.bins), func(label string) bool { return leadsTo(d.URL, j.run.bins[label].url) }) {
		other += "/other"
	}
	var v varying
	one, ok := j.variant(d, d.URL, d.Event.At)
	if two, also := j.variant(d, other, d.Event.At.Add(100*time.Hour+61*time.Second+time.Millisecond)); ok && also {
		v = compareVariants(one, two)
	}
	j.varying[key] = v
	return v
}

// varyingIn returns what varies in the requests that a bin gets: what varies in those of the run's
// deliveries to it.
func (j *journal) varyingIn(b *bin) varying {
	v := varying{headers: map[string]bool{}}
	for key, other := range j.varying {
		id, _, _ := strings.Cut(key, " ")
		if e := j.run.endpoints[id]; e == nil || !leadsTo(e.URL, b.url) {
			continue
		}
		for name := range other.headers {
			v.headers[name] = true
		}
		v.body = v.body || other.body
	}
	return v
}

// variant builds and signs the request that carries the delivery's event to a URL at a time.
func (j *journal) variant(d *mockserver.Delivery, url string, at time.Time) (m signature.Message, ok bool) {
	e := j.run.endpoints[d.Endpoint]
	p, err := j.run.catalogue.Provider(d.Provider)
	if err != nil || e == nil {
		return m, false
	}
	if m, err = p.Message(url, d.Event, at); err != nil {
		return m, false
	}
	if len(e.Secrets) == 0 {
		return m, true
	}
	err = p.Signing.Sign(&m, signature.Context{
		ID: d.Event.ID, URL: url, RegisteredURL: url, SubscriptionID: e.ID, Time: at, EventTime: d.Event.At,
	}, e.Secrets...)
	return m, err == nil
}

func compareVariants(one, two signature.Message) varying {
	v := varying{headers: map[string]bool{}, body: !bytes.Equal(one.Body, two.Body)}
	for _, h := range one.Headers {
		if !slices.Equal(one.Headers.Values(h.Name), two.Headers.Values(h.Name)) {
			v.headers[strings.ToLower(h.Name)] = true
		}
	}
	return v
}

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

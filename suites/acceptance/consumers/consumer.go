package consumers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options configure a Consumer.
type Options struct {
	// Provider is one of Providers.
	Provider string
	// Secrets are the valid secrets, the newest first. There is at least one, and none is empty:
	// anybody could sign with an empty secret.
	Secrets []string
	// Mistake is the name of one of Mistakes; "" is none, a right consumer.
	Mistake string
	// Delay is how long the work for one event takes where a mistake works slowly; 0 is one second,
	// and 40 seconds for the mistake slow.
	Delay time.Duration
	// Limit is how long a sender may take for a body; 0 is ten seconds. A sender that stops in the
	// middle does not keep its connection for longer.
	Limit time.Duration
}

// Consumer receives the webhooks of one provider: an http.Handler. It keeps its records in memory,
// where a real consumer has a database.
type Consumer struct {
	provider provider
	secrets  []string
	delay    time.Duration
	limit    time.Duration
	records  records
	do       steps
	listen   func(net.Listener) net.Listener // nil, but for a mistake
}

// steps are what a consumer does with a request, in this order. The methods of Consumer are the
// right ones, and a mistake replaces one of them. A status other than 0 ends the request.
type steps struct {
	admit  func(r *http.Request) (status int)
	read   func(w http.ResponseWriter, r *http.Request) (body []byte, status int)
	verify func(r *http.Request, body []byte) bool
	parse  func(r *http.Request, body []byte) (Event, error)
	record func(r *http.Request, e Event) (status int)
	answer func(w http.ResponseWriter, r *http.Request, status int)
}

// New returns a consumer. The error names an unknown provider or mistake, or a missing secret.
func New(o Options) (*Consumer, error) {
	p, known := providers[o.Provider]
	if !known {
		return nil, unknownProvider(o.Provider)
	}
	if len(o.Secrets) == 0 || slices.Contains(o.Secrets, "") {
		return nil, errors.New("a secret is missing or empty: anybody could sign with an empty secret")
	}
	c := &Consumer{provider: p, secrets: o.Secrets, delay: o.Delay, limit: cmp.Or(o.Limit, 10*time.Second)}
	c.do = steps{c.admit, c.read, c.verify, c.parse, c.record, c.answer}
	if o.Mistake == "" {
		return c, nil
	}
	m, err := findMistake(o.Mistake)
	if err != nil {
		return nil, err
	}
	if !m.For(o.Provider) {
		return nil, fmt.Errorf("mistake %s is not possible with %s: it needs one of %s", m.Name, o.Provider, strings.Join(m.Providers, ", "))
	}
	if c.delay == 0 {
		c.delay = m.delay()
	}
	m.make(c)
	return c, nil
}

// ServeHTTP does not use http.ServeMux, which redirects paths such as //hooks: senders do not
// follow redirects.
func (c *Consumer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entity, ofState := strings.CutPrefix(r.URL.Path, "/states/")
	switch {
	case r.URL.Path == "/hooks", r.URL.Path == "/hooks/":
		c.do.answer(w, r, c.receive(w, r))
	case r.URL.Path == "/effects":
		ids := c.records.effects()
		writeJSON(w, map[string]any{"count": len(ids), "ids": ids})
	case ofState:
		writeJSON(w, map[string]any{"state": c.records.state(entity)})
	case r.URL.Path == "/healthz":
		writeJSON(w, map[string]any{"status": "ok"})
	default:
		http.NotFound(w, r)
	}
}

// receive handles one webhook and returns the status of the response.
func (c *Consumer) receive(w http.ResponseWriter, r *http.Request) int {
	if status := c.do.admit(r); status != 0 {
		return status
	}
	body, status := c.do.read(w, r)
	if status != 0 {
		return status
	}
	if !c.do.verify(r, body) {
		return http.StatusUnauthorized
	}
	event, err := c.do.parse(r, body)
	if err != nil {
		return http.StatusBadRequest // the sender is the provider, but it will never send another body
	}
	if status := c.do.record(r, event); status != 0 {
		return status
	}
	return http.StatusNoContent
}

// admit refuses what is no webhook before anything is read. The media type is not compared: the
// signature says who sends, and providers change details of the type.
func (c *Consumer) admit(r *http.Request) int {
	switch {
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed
	case r.Header.Get("Content-Encoding") != "": // no provider of the table compresses
		return http.StatusUnsupportedMediaType
	case r.ContentLength > c.provider.maxBody:
		return http.StatusRequestEntityTooLarge
	}
	return 0
}

// read reads the raw body: these bytes are signed. A body may come in chunks, without a length.
func (c *Consumer) read(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	// An error means that there is no connection, as in a test: then nothing can stall.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(c.limit))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, c.provider.maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil: // half a body, or one that is too slow
		return nil, http.StatusBadRequest
	}
	return body, 0
}

// verify reports whether the request is from the provider. A repeated signature header is refused:
// programs in front of this one may read another of its lines.
func (c *Consumer) verify(r *http.Request, body []byte) bool {
	lines := r.Header.Values(c.provider.signature)
	return len(lines) == 1 && c.provider.verify(lines[0], c.verification(body))
}

func (c *Consumer) verification(body []byte) verification {
	return verification{body, c.secrets, time.Now(), equal}
}

// parse reads the event. It looks at what it needs only, so unknown members do not matter.
func (c *Consumer) parse(r *http.Request, body []byte) (Event, error) {
	return c.provider.parse(r.Header, body)
}

// record makes the effect of an event, once. Unknown events are acknowledged and ignored: providers
// add events, and send again what is not acknowledged.
func (c *Consumer) record(_ *http.Request, e Event) int {
	if e.Known {
		c.records.add(e)
	}
	return 0
}

// answer says no more than the status: an error that shows the expected signature, a secret or the
// body would help a forger.
func (c *Consumer) answer(w http.ResponseWriter, _ *http.Request, status int) {
	switch status {
	case http.StatusNoContent:
		w.WriteHeader(status)
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // an error means that the client is not there any more
}

// records are the effects of the events and the states of the entities. The mutex is what a
// transaction and a unique key are in a database: all of an event is recorded, or nothing of it.
type records struct {
	mu     sync.Mutex
	seen   map[string]bool
	ids    []string
	states map[string]Event
}

// add makes the effect of an event and reports whether it is the first with its id.
func (r *records) add(e Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[e.ID] {
		return false
	}
	r.mark(e)
	r.apply(e)
	if current, exists := r.states[e.Entity]; !exists || e.newer(current) {
		r.set(e)
	}
	return true
}

// mark remembers the event's id. The mutex is locked.
func (r *records) mark(e Event) {
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[e.ID] = true
}

// apply makes the effect. The mutex is locked.
func (r *records) apply(e Event) { r.ids = append(r.ids, e.ID) }

// set makes e the newest event of its entity. The mutex is locked.
func (r *records) set(e Event) {
	if r.states == nil {
		r.states = map[string]Event{}
	}
	r.states[e.Entity] = e
}

// effects returns the ids of the events that had an effect, in order.
func (r *records) effects() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.ids...)
}

// state returns the name of the newest event of an entity, or nil. An id is enough to name the
// entity if no other entity has it.
func (r *records) state(entity string) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []string
	for name, e := range r.states {
		if strings.HasSuffix("/"+name, "/"+entity) {
			found = append(found, e.Name)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

package exam

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

const (
	testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldSecret  = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" // valid too
)

// program is a consumer of any provider. Without a mistake it is a correct one.
type program struct {
	provider  *fixtures.Provider
	catalogue *fixtures.Catalogue
	mistake   string
	url       string
	late      time.Duration // acts that long after the response
	sink      string        // URL that gets a request for each event acted on; "" is none
	end       chan struct{} // closed at the end of the test

	mu      sync.Mutex
	seen    map[string]bool     // ids of events
	refused bool                // it has refused a request
	count   int                 // events acted on
	states  map[string][]string // names of the events of an entity
	log     bytes.Buffer        // the bodies of all requests
}

// testCatalogue has the built-in providers, and those of testdata, with other signatures.
func testCatalogue(t *testing.T) *fixtures.Catalogue {
	t.Helper()
	more, err := fixtures.Load(os.DirFS("testdata/providers"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := fixtures.Builtin().Join(more)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// startProgram starts a consumer that makes one mistake.
func startProgram(t *testing.T, provider, mistake string) *program {
	t.Helper()
	p, err := testCatalogue(t).Provider(provider)
	if err != nil {
		t.Fatal(err)
	}
	c := &program{provider: p, catalogue: testCatalogue(t), mistake: mistake, seen: map[string]bool{}, states: map[string][]string{}}
	server := httptest.NewServer(c)
	c.end = make(chan struct{})
	t.Cleanup(func() { close(c.end); server.Close() })
	c.url = server.URL
	return c
}

// consumer returns what the exam needs to know of the program.
func (c *program) consumer() Consumer {
	effect, err := ParseEffect("http " + c.url + "/count .body.count")
	if err != nil {
		panic(err)
	}
	state, err := ParseEffect("http " + c.url + "/entities/${entity} .body.state")
	if err != nil {
		panic(err)
	}
	restart := func(context.Context) error { return nil } // it forgets nothing
	return Consumer{Restart: restart, URL: c.url + "/hooks", Provider: c.provider.Name, Secret: testSecret, OldSecret: oldSecret, Catalogue: c.catalogue, Seed: 7, Timeout: 20 * time.Second, Effect: effect, State: state}
}

func (c *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // before the lock, so that nobody waits for a slow sender
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	switch key, entity := strings.CutPrefix(r.URL.EscapedPath(), "/entities/"); {
	case r.URL.Path == "/count":
		fmt.Fprintf(w, `{"count": %d}`, c.count)
		return
	case entity:
		key, _ = url.PathUnescape(key)
		_ = json.NewEncoder(w).Encode(map[string]any{"state": c.state(key)})
		return
	case r.URL.Path != "/hooks":
		http.NotFound(w, r)
		return
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	status := c.take(r)
	if status == silent {
		c.mu.Unlock()
		<-c.end
		c.mu.Lock()
		return
	}
	w.WriteHeader(status)
}

// state returns the state of an entity: which events happened. With a mistake it is the last one.
func (c *program) state(key string) any {
	names, ok := c.states[key]
	if !ok {
		return nil
	}
	if c.mistake == "last event wins" {
		return names[len(names)-1]
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}

// silent is a status that take returns for no response.
const silent = -1

// take handles an event and returns the status of the response.
func (c *program) take(r *http.Request) int {
	m := signature.Message{Method: r.Method, Target: r.URL.RequestURI(), Version: "HTTP/1.1"}
	for name, values := range r.Header {
		for _, v := range values {
			m.Headers.Add(name, v)
		}
	}
	var err error
	if m.Body, err = io.ReadAll(r.Body); err != nil {
		return http.StatusBadRequest
	}
	if len(m.Body) > 4<<20 && c.provider.Name != "github" { // GitHub sends up to 25 MB
		return http.StatusRequestEntityTooLarge
	}
	switch c.mistake {
	case "refuses everything":
		return http.StatusUnauthorized
	case "fails":
		return http.StatusInternalServerError
	case "verifies a rewritten body":
		m.Body = rewritten(m.Body)
	}
	verdict := c.provider.Signing.Verify(m, signature.Context{Time: time.Now(), URL: c.url + "/hooks"}, testSecret, oldSecret).Verdict
	status := http.StatusOK
	switch {
	case verdict == signature.Valid, c.mistake == "accepts everything":
	case c.mistake == "acts before it refuses":
		status = http.StatusUnauthorized
	case c.mistake == "fails at forgeries":
		return http.StatusInternalServerError
	case c.mistake == "hides from forgeries":
		return http.StatusNotFound
	case c.mistake == "limits forgeries":
		return http.StatusTooManyRequests
	case c.mistake == "is silent about forgeries":
		return silent
	case c.mistake == "hangs up on forgeries":
		panic(http.ErrAbortHandler)
	default:
		c.refused = true
		return http.StatusUnauthorized
	}
	if !json.Valid(m.Body) && c.mistake != "accepts everything" {
		return http.StatusBadRequest
	}
	c.log.Write(m.Body)
	event, known := c.provider.Recognise(m)
	if c.mistake == "takes checkouts only" && !strings.HasPrefix(event.Name, "checkout.") {
		return http.StatusUnprocessableEntity
	}
	if !known {
		if c.mistake == "refuses unknown events" {
			return http.StatusUnprocessableEntity
		}
		return http.StatusAccepted
	}
	id := c.provider.EventID(&m)
	if id == "" {
		id = string(m.Body)
	}
	if c.seen[id] && c.mistake != "acts twice" && c.mistake != "accepts everything" {
		if c.mistake == "refuses duplicates" {
			return http.StatusConflict
		}
		return http.StatusOK
	}
	if c.seen[id] = true; c.refused && c.mistake == "is idle after a forgery" {
		return http.StatusOK
	}
	if c.late > 0 {
		time.AfterFunc(c.late, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.count++
		})
		return status
	}
	c.count++
	if c.sink != "" {
		if response, err := http.Post(c.sink, "text/plain", strings.NewReader(id)); err == nil {
			response.Body.Close()
		}
	}
	if _, key, ok := strings.Cut(c.provider.EntityOf(&event), "/"); ok {
		c.states[key] = append(c.states[key], event.Name)
	}
	return status
}

// rewritten writes a body without the spaces between its parts.
func rewritten(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return body
	}
	return b.Bytes()
}

// byID returns the results of a report.
func byID(r Report) map[string]Result {
	all := map[string]Result{}
	for _, c := range r.Checks {
		all[c.ID] = c
	}
	return all
}

// counted returns the checks with a result.
func counted(r Report, v Verdict) []string {
	var ids []string
	for _, c := range r.Checks {
		if c.Result == v {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

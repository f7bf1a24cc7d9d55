package exam

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// handler answers a request to a program. It makes a mistake, or leaves the request to the program.
type handler func(c *program, w http.ResponseWriter, r *http.Request)

// reading returns a handler that has the whole body.
func reading(h func(c *program, w http.ResponseWriter, r *http.Request, body []byte)) handler {
	return func(c *program, w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h(c, w, r, body)
	}
}

// startBehind starts a correct program behind a handler.
func startBehind(t *testing.T, provider string, h handler) *program {
	t.Helper()
	c := startProgram(t, provider, "")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hooks" && r.URL.Path != "/hooks/" {
			c.ServeHTTP(w, r)
			return
		}
		h(c, w, r)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// one makes one check of a program.
func one(t *testing.T, c *program, id string, change func(*Consumer)) (Result, Report) {
	t.Helper()
	consumer := c.consumer()
	consumer.Only, consumer.Settle, consumer.Within, consumer.Seed = []string{id}, 5*time.Millisecond, 500*time.Millisecond, 0
	if change != nil {
		change(&consumer)
	}
	report, err := Run(t.Context(), nil, consumer)
	if err != nil {
		t.Fatal(err)
	}
	return byID(report)[id], report
}

// TestWrongRecovery checks further mistakes, each in one check. Without the mistake, the consumer
// passes it.
func TestWrongRecovery(t *testing.T) {
	for _, c := range []struct {
		name, provider, check string
		right, wrong          handler
		change                func(c *program, consumer *Consumer, wrong bool)
	}{
		{"loses its effects at a restart", "github", "recovery-restart", reading((*program).pass), reading((*program).pass), func(c *program, consumer *Consumer, wrong bool) {
			consumer.Restart = func(context.Context) error {
				c.mu.Lock()
				defer c.mu.Unlock()
				if wrong {
					c.count--
				}
				return nil
			}
		}},
		{"forgets the challenge", "challenge", "handshake-answered", reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			if gjson.GetBytes(body, "type").String() == "endpoint.verified" {
				_, _ = w.Write([]byte(gjson.GetBytes(body, "challenge").String()))
				return
			}
			c.pass(w, r, body)
		}), reading((*program).pass), nil},
		{"checks the last item", "batch", "signature-batch-item", reading((*program).pass), reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			last, err := sjson.DeleteBytes(body, "items.0")
			if err != nil {
				panic(err)
			}
			c.pass(w, r, last)
		}), nil},
		{"is too slow for the provider now and then", "challenge", "load-answer-in-time", reading((*program).pass), func() handler {
			var requests atomic.Int64
			return reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
				if requests.Add(1) == 8 { // one of the eight of the check
					<-r.Context().Done() // after the 2 s of the provider
				}
				c.pass(w, r, body)
			})
		}(), nil},
		{"answers 503 in a burst", "github", "load-burst", reading((*program).pass), func() handler {
			var requests atomic.Int64
			return func(c *program, w http.ResponseWriter, r *http.Request) {
				if n := requests.Add(1); n > 50 && n < 60 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				c.leaveTo(w, r)
			}
		}(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, wrong := range []bool{false, true} {
				h, want := c.right, Pass
				if wrong {
					h, want = c.wrong, Fail
				}
				program := startBehind(t, c.provider, h)
				result, report := one(t, program, c.check, func(consumer *Consumer) {
					if c.change != nil {
						c.change(program, consumer, wrong)
					}
				})
				if result.Result != want {
					t.Errorf("wrong %v: %s is %s\n%s", wrong, c.check, result.Result, text(t, report))
				}
			}
		})
	}
}

// pass leaves a request to the program.
func (c *program) pass(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.ServeHTTP(w, r)
}

// leaveTo leaves a request, whose body was not read, to the program.
func (c *program) leaveTo(w http.ResponseWriter, r *http.Request) { c.ServeHTTP(w, r) }

// TestRefusesAfterTheStart checks that a consumer which refuses everything passes nothing, even
// when it accepted the first good deliveries.
func TestRefusesAfterTheStart(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	c := startBehind(t, "neostore", func(c *program, w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 2 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		c.leaveTo(w, r)
	})
	report, err := Run(t.Context(), nil, c.consumer())
	if err != nil {
		t.Fatal(err)
	}
	if passed := counted(report, Pass); len(passed) > 0 || len(counted(report, Fail)) == 0 {
		t.Errorf("passed: %v\n%s", passed, text(t, report))
	}
}

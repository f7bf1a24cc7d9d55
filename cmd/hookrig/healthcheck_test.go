package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// healthOf returns a check of a server that a function plays, without a network, so that a test
// can run in a bubble with a clock.
func healthOf(serve func(w http.ResponseWriter)) *health {
	return &health{url: "http://h/healthz", client: &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
		w := httptest.NewRecorder()
		serve(w)
		if w.Code == 0 || w.Header().Get("Refused") != "" {
			return nil, errors.New("connection refused")
		}
		return w.Result(), nil
	})}}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// A check of a server that has just started ends soon; later ones take --every.
func TestHealthcheckEvery(t *testing.T) {
	for _, c := range []struct {
		name   string
		uptime string
		every  time.Duration
		takes  time.Duration
		asks   int32
	}{
		{"without --every", "3600000", 0, 0, 1},
		{"just started", "120", 5 * time.Second, 0, 1},
		{"up for four seconds", "4000", 5 * time.Second, 1500 * time.Millisecond, 2},
		{"up for an hour", "3600000", 5 * time.Second, 5 * time.Second, 2},
		{"an older server", "", 5 * time.Second, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				h := healthOf(func(w http.ResponseWriter) {
					asked.Add(1)
					if c.uptime != "" {
						w.Header().Set("Hookrig-Uptime", c.uptime)
					}
				})
				began := time.Now()
				if err := h.check(t.Context(), c.every); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != c.takes || asked.Load() != c.asks {
					t.Errorf("took %s and asked %d times, want %s and %d", took, asked.Load(), c.takes, c.asks)
				}
			})
		})
	}
}

// With --every, a server that does not answer yet is asked again; one that never does is
// unhealthy; one that fails during the wait is too.
func TestHealthcheckOfAServerThatFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration
		serve func(n int32, w http.ResponseWriter)
		want  string
		takes time.Duration
	}{
		{"it starts late", 5 * time.Second, func(n int32, w http.ResponseWriter) {
			if n < 50 {
				w.Header().Set("Refused", "1")
			}
			w.Header().Set("Hookrig-Uptime", "2")
		}, "", 49 * 20 * time.Millisecond},
		{"it never answers", 5 * time.Second, func(_ int32, w http.ResponseWriter) { w.Header().Set("Refused", "1") }, "connection refused", 5 * time.Second},
		{"asked once", 0, func(_ int32, w http.ResponseWriter) { w.Header().Set("Refused", "1") }, "connection refused", 0},
		{"it fails meanwhile", 5 * time.Second, func(n int32, w http.ResponseWriter) {
			w.Header().Set("Hookrig-Uptime", "60000")
			if n > 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, "answered 503", 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				h := healthOf(func(w http.ResponseWriter) { c.serve(asked.Add(1), w) })
				began := time.Now()
				err := h.check(t.Context(), c.every)
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if took := time.Since(began); took != c.takes {
					t.Errorf("took %s, want %s", took, c.takes)
				}
			})
		})
	}
}

func TestHealthcheckIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h := healthOf(func(w http.ResponseWriter) { w.Header().Set("Hookrig-Uptime", "60000") })
		var exit *exitError
		if err := h.check(ctx, time.Minute); !errors.As(err, &exit) || exit.code != exitInconclusive {
			t.Errorf("%v, want inconclusive", err)
		}
	})
}

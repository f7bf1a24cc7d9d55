package exam

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/scenarios"
)

// altered starts a correct consumer before which a handler answers some requests: those for which
// it returns true.
func altered(t *testing.T, provider string, answers func(c *program, w http.ResponseWriter, r *http.Request) bool) (*program, Consumer) {
	t.Helper()
	c := startProgram(t, provider, "")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hooks" || !answers(c, w, r) {
			c.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	consumer := c.consumer()
	consumer.URL, c.url = server.URL+"/hooks", server.URL
	return c, consumer
}

// TestSecondDeliveryRefused checks that a consumer which refuses a delivery while the exam measures
// what one of them changes is asked again, and that nothing is compared when it refuses them all.
func TestSecondDeliveryRefused(t *testing.T) {
	t.Parallel()
	for refused, want := range map[int64]Verdict{1: Pass, 2: Pass, mostSeconds: Inconclusive} {
		var posts atomic.Int64
		_, consumer := altered(t, "stripe", func(_ *program, w http.ResponseWriter, _ *http.Request) bool {
			n := posts.Add(1)
			if n < 2 || n > 1+refused {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		})
		consumer.Only = []string{"body-json-styles", "signature-wrong-secret", "duplicate-sequential"}
		report, err := Run(t.Context(), nil, consumer)
		if err != nil || len(counted(report, want)) != 3 || (want == Pass) != (report.EffectProblem == "") {
			t.Errorf("%d refused: want %s: %v\n%s", refused, want, err, text(t, report))
		}
	}
}

// TestUnmeasuredEffect checks that no effect is compared with one that was not measured.
func TestUnmeasuredEffect(t *testing.T) {
	t.Parallel()
	effect := 0
	g := &grading{Exam: &Exam{meter: *metered(t, &effect, 0)}, check: &Check{}, verdict: Pass}
	if err := g.compareEffect(t.Context(), 0, &scenarios.Report{}); err != nil || g.verdict != Inconclusive {
		t.Errorf("%v, %s: %s", err, g.verdict, g.why)
	}
}

// TestSilentAboutTimes checks that no response to a wrong time is as inconclusive as none to a
// wrong signature.
func TestSilentAboutTimes(t *testing.T) {
	t.Parallel()
	_, consumer := altered(t, "stripe", func(_ *program, _ http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("Stripe-Signature"), "NaN") {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees that the sender has gone
		<-r.Context().Done()
		return true
	})
	consumer.Only, consumer.Timeout = []string{"time-not-a-number"}, 200*time.Millisecond
	report, err := Run(t.Context(), nil, consumer)
	if r := report.Checks[0]; err != nil || r.Result != Inconclusive || !strings.Contains(r.Why, "nothing follows from this") {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestUnknownMethods checks that a server may answer 501 to methods that it does not have.
func TestUnknownMethods(t *testing.T) {
	t.Parallel()
	_, consumer := altered(t, "neostore", func(_ *program, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusNotImplemented)
		}
		return r.Method != http.MethodPost
	})
	consumer.Only = []string{"method"}
	report, err := Run(t.Context(), nil, consumer)
	if err != nil || len(counted(report, Pass)) != 2 {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestEffectsBehindRightAnswers checks that a consumer whose answers are right fails when it does
// not do what they say.
func TestEffectsBehindRightAnswers(t *testing.T) {
	t.Parallel()
	has := func(r *http.Request, body []byte, what func(gjson.Result) bool) bool {
		return r.Method == http.MethodPost && len(body) > 0 && what(gjson.ParseBytes(body))
	}
	acts := func(c *program) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.count++
	}
	forged := func(c *program, r *http.Request, body []byte) bool {
		m := signature.Message{Method: r.Method, Target: r.URL.RequestURI(), Version: "HTTP/1.1", Body: body}
		for name, values := range r.Header {
			m.Headers.Add(name, values[0])
		}
		return c.provider.Signing.Verify(m, signature.Context{Time: time.Now()}, testSecret, oldSecret).Verdict != signature.Valid
	}
	for _, one := range []struct {
		name, provider, fails string
		status                int // 0 leaves the request to a right consumer
		wrong                 func(c *program, r *http.Request, body []byte) bool
	}{
		{"drops new values", "stripe", "schema-new-value", http.StatusOK, func(_ *program, r *http.Request, body []byte) bool {
			return has(r, body, func(b gjson.Result) bool {
				tax := b.Get("data.object.tax_exempt")
				return tax.Exists() && !slices.Contains([]string{"none", "exempt", "reverse"}, tax.String())
			})
		}},
		{"drops nulls", "github", "schema-null-member", http.StatusOK, func(_ *program, r *http.Request, body []byte) bool {
			return has(r, body, func(b gjson.Result) bool {
				return b.Get("repository.owner").Exists() && b.Get("repository.owner.avatar_url").Type == gjson.Null
			})
		}},
		{"acts on reused signatures", "neostore", "signature-reused", 0, func(c *program, r *http.Request, body []byte) bool {
			if has(r, body, gjson.Result.IsObject) && forged(c, r, body) {
				acts(c)
			}
			return false
		}},
		{"acts on forged pings", "github", "handshake-forged", 0, func(c *program, r *http.Request, body []byte) bool {
			if r.Header.Get("X-GitHub-Event") == "ping" && forged(c, r, body) {
				acts(c)
			}
			return false
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			_, consumer := altered(t, one.provider, func(c *program, w http.ResponseWriter, r *http.Request) bool {
				body, err := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if err != nil || !one.wrong(c, r, body) {
					return false
				}
				w.WriteHeader(one.status)
				return true
			})
			consumer.Only, consumer.Settle = []string{one.fails}, 5*time.Millisecond
			report, err := Run(t.Context(), nil, consumer)
			if r := report.Checks[0]; err != nil || r.Result != Fail || !strings.Contains(r.Why, "effect") {
				t.Errorf("%v\n%s", err, text(t, report))
			}
			_, consumer = altered(t, one.provider, func(*program, http.ResponseWriter, *http.Request) bool { return false })
			consumer.Only, consumer.Settle = []string{one.fails}, 5*time.Millisecond
			if report, err = Run(t.Context(), nil, consumer); err != nil || report.Checks[0].Result != Pass {
				t.Errorf("a right one: %v\n%s", err, text(t, report))
			}
		})
	}
}

// TestOtherEventsAreNotCompared checks that effects of events of another type are not compared with
// those of good deliveries.
func TestOtherEventsAreNotCompared(t *testing.T) {
	g := &grading{Exam: &Exam{event: "a"}, check: &Check{Conformance: scenarios.Conformance{Effect: scenarios.EachEffect}}}
	for event, want := range map[string]bool{"a": true, "b": false} {
		report := &scenarios.Report{Steps: []scenarios.StepReport{{Verb: "deliver", Deliveries: []scenarios.DeliveryReport{{Event: event}}}}}
		if g.comparable(report) != want {
			t.Errorf("%s: want %t", event, want)
		}
	}
}

// TestForgeriesProveNothing checks that a consumer which takes another secret proves nothing by
// taking what a verifying consumer must take, and that one which acts on no forgery does.
func TestForgeriesProveNothing(t *testing.T) {
	t.Parallel()
	for mistake, want := range map[string]Verdict{"": Pass, "accepts everything": Inconclusive} {
		for _, effect := range []bool{true, false} {
			consumer := startProgram(t, "stripe", mistake).consumer()
			consumer.Only = []string{"body-json-styles", "time-skew", "rotation-both-secrets", "transport-header-case", "signature-before-parsing"}
			if !effect {
				consumer.Effect = nil
				consumer.Only = append(consumer.Only, "body-20kb", "schema-unknown-member", "recovery-outage")
			}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil || len(counted(report, want)) != len(consumer.Only) {
				t.Errorf("%q, effect %t: want %s: %v\n%s", mistake, effect, want, err, text(t, report))
			}
		}
	}
}

// TestUnsignedProvesEnough checks that the events of a provider without signatures are graded
// although nothing can be forged.
func TestUnsignedProvesEnough(t *testing.T) {
	t.Parallel()
	consumer := startProgram(t, "subscribfy-hub", "").consumer()
	consumer.Effect, consumer.Only = nil, []string{"body-20kb", "transport-chunked", "schema-unknown-member"}
	report, err := Run(t.Context(), nil, consumer)
	if err != nil || len(counted(report, Pass)) != 3 {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestNotSent checks that a check whose request could not be sent is made a second time.
func TestNotSent(t *testing.T) {
	t.Parallel()
	for absences, want := range map[int]Verdict{1: Pass, 2: Inconclusive} {
		program := startProgram(t, "stripe", "")
		listens := func(address string) *httptest.Server {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewUnstartedServer(program)
			server.Listener.Close()
			server.Listener = listener
			server.Start()
			return server
		}
		server := listens("127.0.0.1:0")
		address := server.Listener.Addr().String()
		consumer := program.consumer()
		consumer.URL, consumer.Effect, consumer.Only = server.URL+"/hooks", nil, []string{"body-20kb"}
		absent := 0
		consumer.Steps = func(p scenarios.Progress) {
			switch {
			case p.Step != "large":
			case p.Done == nil && absent < absences:
				absent++
				server.Close()
			case p.Done != nil && absent > 0:
				server.Close()
				server = listens(address)
			}
		}
		report, err := Run(t.Context(), nil, consumer)
		server.Close()
		if err != nil || absent != absences || report.Checks[0].Result != want {
			t.Errorf("%d absences: %v, after %d, %+v, want %s", absences, err, absent, report.Checks, want)
		}
	}
}

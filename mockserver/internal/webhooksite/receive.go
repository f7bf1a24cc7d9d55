package webhooksite

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// receive returns how a request to a token's bin is received; nil for another bin. A capture is
// stored before any wait.
func (s *API) receive(bin string, m *wire.Message) *capture.Reception {
	t := s.tokens.find(bin)
	switch {
	case t == nil:
		return nil
	case t.expired(s.o.Now()):
		return &capture.Reception{Response: journal.Response{
			Status: http.StatusGone, Headers: map[string]string{"Content-Type": "application/json"},
			Body: string(newErrorBody("token " + t.UUID + " has expired; POST /token makes another one")),
		}}
	}
	answer := t.answer(m)
	reception := &capture.Reception{Bin: t.UUID, Response: answer}
	arrived := func() {}
	if t.Listen > 0 {
		arrived = s.waiters.arrive(t.UUID)
		reception.Done = arrived
	}
	reception.Stored = func(ctx context.Context, c *journal.Capture) (journal.Response, signature.Headers) {
		s.limit(ctx, t)
		given := answer
		if c.Response != nil {
			given = *c.Response // the bin's settings may have one
		}
		var lines signature.Headers
		if t.Listen > 0 && !given.Hang && !given.Reset {
			if r, ok := s.waiters.wait(ctx, t.UUID, c.Seq, time.Duration(t.Listen)*time.Second, arrived); ok {
				given, lines = s.respond(c, r, given)
			}
		}
		lines.Add("X-Request-Id", requestID(c.Seq))
		lines.Add("X-Token-Id", t.UUID)
		return given, lines
	}
	return reception
}

// answer returns the token's response to a request.
func (t *token) answer(m *wire.Message) journal.Response {
	r := journal.Response{
		Status: t.DefaultStatus, Headers: map[string]string{"Content-Type": t.DefaultContentType}, Body: t.DefaultContent,
		Delay: journal.Duration(time.Duration(t.Timeout) * time.Second),
	}
	if t.DefaultContentType == "" {
		delete(r.Headers, "Content-Type")
	}
	if status := statusIn(m.Target); status != 0 {
		r.Status = status
	}
	if t.CORS {
		addCORS(r.Headers)
	}
	return r
}

// addCORS allows pages of every origin to send and to read the response.
func addCORS(headers map[string]string) {
	headers["Access-Control-Allow-Origin"] = "*"
	headers["Access-Control-Allow-Methods"] = "*"
	headers["Access-Control-Allow-Headers"] = "*"
	headers["Access-Control-Expose-Headers"] = "*"
}

// statusIn returns the status that a path of the exact form /{bin}/{status} asks for, from 200, or
// 0. Neither /{bin}/orders/404 nor /{bin}/2024 is one.
func statusIn(target string) int {
	if !strings.HasPrefix(target, "/") {
		_, rest, _ := strings.Cut(target, "://")
		target = rest[min(len(rest), strings.IndexByte(rest+"/", '/')):]
	}
	path, _, _ := strings.Cut(target, "?")
	segments := strings.Split(path, "/")
	if len(segments) != 3 || len(segments[2]) != 3 {
		return 0
	}
	status := 0
	for i := range 3 {
		c := segments[2][i]
		if c < '0' || c > '9' {
			return 0
		}
		status = 10*status + int(c-'0')
	}
	if status < 200 || status > 599 {
		return 0
	}
	return status
}

// limit deletes what the token's bin has beyond its limit.
func (s *API) limit(ctx context.Context, t *token) {
	if t.RequestLimit == nil {
		return
	}
	// Nothing may be left beyond the limit when the server closes.
	if _, err := s.o.Store.TrimBin(context.WithoutCancel(ctx), t.UUID, *t.RequestLimit); err != nil {
		s.o.Log.Error("site: a token's requests were not limited", "token", t.UUID, "error", err)
	}
}

// respond makes somebody's response the one that is recorded and sent. Repeated header lines are
// also sent one by one; the record has their values in one.
func (s *API) respond(c *journal.Capture, r response, was journal.Response) (journal.Response, signature.Headers) {
	recorded := journal.Response{Status: r.status, Headers: map[string]string{}, Body: string(r.content), Delay: was.Delay}
	sent := recorded
	sent.Headers = map[string]string{}
	for name, value := range was.Headers {
		if strings.HasPrefix(name, "Access-Control-") {
			recorded.Headers[name], sent.Headers[name] = value, value
		}
	}
	var lines signature.Headers
	for name, values := range r.headers {
		recorded.Headers[name] = strings.Join(values, ", ")
		delete(sent.Headers, name)
		for _, value := range values {
			if len(values) == 1 {
				sent.Headers[name] = value
			} else {
				lines.Add(name, value)
			}
		}
	}
	err := s.o.Store.SetResponse(context.Background(), c.ID, recorded)
	if err != nil && !errors.Is(err, journal.ErrNotFound) { // the bin may have deleted it
		s.o.Log.Error("site: an answer was not stored", "capture", c.ID, "error", err)
	}
	return sent, lines
}

package exam

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"
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

// leave has the program itself answer.
func (c *program) leave(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.ServeHTTP(w, r)
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

// refusingBody returns a handler that answers with a status when a condition is true for the body.
func refusingBody(status int, when func(body gjson.Result) bool) handler {
	return answering(status, func(_ *http.Request, body []byte) bool { return when(gjson.ParseBytes(body)) })
}

// answering returns a handler that answers with a status when a condition is true for the request.
func answering(status int, when func(r *http.Request, body []byte) bool) handler {
	return reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
		if when(r, body) {
			w.WriteHeader(status)
			return
		}
		c.leave(w, r, body)
	})
}

// replacing returns a handler that answers with another status than the program.
func replacing(right, wrong int) handler {
	return reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
		answer := httptest.NewRecorder()
		c.leave(answer, r, body)
		if answer.Code == right {
			answer.Code = wrong
		}
		w.WriteHeader(answer.Code)
	})
}

// answersOnce answers one request of a connection, and closes it then. It says so in the response,
// unless there is another request already.
func answersOnce(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
	answer := httptest.NewRecorder()
	c.leave(answer, r, body)
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	line := "Connection: close\r\n"
	if buffered.Reader.Buffered() > 0 {
		line = ""
	}
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\n%sContent-Length: 0\r\n\r\n", answer.Code, http.StatusText(answer.Code), line)
}

// effectChecks are the checks that the tests of this file make.
func effectChecks() []string {
	return []string{
		"body-1mb", "body-20kb", "body-github-25mb", "body-too-large", "load-slow-sender", "load-stalled-sender", "method-harmless", "method-other",
		"schema-missing-member", "schema-nested-member", "schema-new-value", "schema-new-value-later", "schema-null-member", "schema-unknown-member",
		"signature-status", "transport-expect-continue", "transport-half-body", "transport-half-close", "transport-http10", "transport-no-redirect",
		"transport-pipelined",
	}
}

// examine makes checks and returns the report.
func examine(t *testing.T, c *program, only []string) Report {
	t.Helper()
	consumer := c.consumer()
	consumer.Only, consumer.Settle, consumer.Seed = only, 5*time.Millisecond, 0
	report, err := Run(t.Context(), nil, consumer)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// alike returns the checks of this file that have the themes of some of them.
func alike(t *testing.T, ids []string) []string {
	t.Helper()
	all, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	own, err := Select(all, effectChecks()...)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := range own {
		if slices.ContainsFunc(own, func(c Check) bool { return c.Theme == own[i].Theme && slices.Contains(ids, c.ID) }) {
			list = append(list, own[i].ID)
		}
	}
	return list
}

// mistakenHandler is a consumer that makes one mistake, and the checks that it fails.
type mistakenHandler struct {
	provider, mistake string
	handler           handler
	fails             []string // sorted
}

// mistakenHandlers are consumers that each make one mistake.
func mistakenHandlers() []mistakenHandler {
	return []mistakenHandler{
		{"neostore", "refuses unknown members", refusingBody(400, func(body gjson.Result) bool {
			return body.Get("hookrig_unknown").Exists()
		}), []string{"schema-unknown-member"}},
		{"subscribfy", "takes all members for plain values", refusingBody(500, func(body gjson.Result) bool {
			return body.Get("data.hookrig_nested").Exists()
		}), []string{"schema-nested-member"}},
		{"stripe", "knows all values", refusingBody(400, func(body gjson.Result) bool {
			tax := body.Get("data.object.tax_exempt")
			return tax.Exists() && !slices.Contains([]string{"none", "exempt", "reverse"}, tax.String())
		}), []string{"schema-new-value", "schema-new-value-later"}},
		{"github", "reads what may be null", refusingBody(500, func(body gjson.Result) bool {
			avatar := body.Get("repository.owner.avatar_url")
			return avatar.Exists() && avatar.Type == gjson.Null
		}), []string{"schema-null-member"}},
		{"github", "reads what may be absent", refusingBody(500, func(body gjson.Result) bool {
			return body.Get("repository.owner").Exists() && !body.Get("repository.owner.avatar_url").Exists()
		}), []string{"schema-null-member"}},
		{"ethpass", "needs every member", refusingBody(500, func(body gjson.Result) bool {
			return !body.Get("event").Exists() || !body.Get("result").Exists()
		}), []string{"schema-missing-member"}},
		{"neostore", "takes every method", reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			if r.Method != http.MethodHead && r.Method != http.MethodOptions {
				r.Method = http.MethodPost
			}
			c.leave(w, r, body)
		}), []string{"method-other"}},
		{"github", "fails at a method", reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			if r.Method == http.MethodHead || r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			c.leave(w, r, body)
		}), []string{"method-harmless"}},
		{"subscribfy", "redirects", reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			if r.URL.Path == "/hooks/" {
				http.Redirect(w, r, "/hooks", http.StatusPermanentRedirect)
				return
			}
			c.leave(w, r, body)
		}), []string{"transport-no-redirect"}},
		{"stripe", "hides behind 404", replacing(http.StatusUnauthorized, http.StatusNotFound), []string{"signature-status"}},
		{"ethpass", "fails at a signature", replacing(http.StatusUnauthorized, http.StatusInternalServerError), []string{"signature-status"}},
		{"neostore", "needs HTTP/1.1", answering(http.StatusHTTPVersionNotSupported, func(r *http.Request, _ []byte) bool {
			return !r.ProtoAtLeast(1, 1)
		}), []string{"transport-http10"}},
		{"stripe", "expects nothing", answering(http.StatusExpectationFailed, func(r *http.Request, _ []byte) bool {
			return r.Header.Get("Expect") != ""
		}), []string{"transport-expect-continue"}},
		{"github", "gives up when the client's side closes", reading(func(c *program, w http.ResponseWriter, r *http.Request, body []byte) {
			select {
			case <-r.Context().Done():
				w.WriteHeader(http.StatusServiceUnavailable)
			case <-time.After(100 * time.Millisecond):
				c.leave(w, r, body)
			}
		}), []string{"transport-half-close"}},
		{"neostore", "reads one body at a time", func() handler {
			one := make(chan struct{}, 1)
			return func(c *program, w http.ResponseWriter, r *http.Request) {
				one <- struct{}{}
				body, err := io.ReadAll(r.Body)
				<-one
				if err == nil {
					c.leave(w, r, body)
				}
			}
		}(), []string{"load-slow-sender", "load-stalled-sender"}},
		{"stripe", "acts on half a body", func(c *program, w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				c.mu.Lock()
				c.count++
				c.mu.Unlock()
			}
			c.leave(w, r, body)
		}, []string{"transport-half-body"}},
		{"subscribfy", "answers once", reading(answersOnce), []string{"transport-pipelined"}},
		{"github", "limits bodies to 100 KB", answering(http.StatusRequestEntityTooLarge, func(_ *http.Request, body []byte) bool {
			return len(body) > 100_000
		}), []string{"body-1mb", "body-github-25mb"}},
		{"subscribfy", "limits bodies to 10 KB", answering(http.StatusRequestEntityTooLarge, func(_ *http.Request, body []byte) bool {
			return len(body) > 10_000
		}), []string{"body-1mb", "body-20kb"}},
		{"neostore", "fails at a large body", answering(http.StatusInternalServerError, func(_ *http.Request, body []byte) bool {
			return len(body) > 4<<20
		}), []string{"body-too-large"}},
	}
}

// TestMistakenHandlers checks that a mistake fails the checks that are about it, and no others of
// the same themes.
func TestMistakenHandlers(t *testing.T) {
	for _, c := range mistakenHandlers() {
		t.Run(c.mistake, func(t *testing.T) {
			t.Parallel()
			report := examine(t, startBehind(t, c.provider, c.handler), alike(t, c.fails))
			failed := counted(report, Fail)
			slices.Sort(failed)
			if !slices.Equal(failed, c.fails) {
				t.Errorf("want %v failed, got %v\n%s", c.fails, failed, text(t, report))
			}
		})
	}
}

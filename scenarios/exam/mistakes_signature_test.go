package exam

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/scenarios"
)

// aboutBytes are the checks of the bytes of a request: its signature, its body, its time and its
// framing.
func aboutBytes(t *testing.T) []Check {
	t.Helper()
	all, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(c Check) bool {
		return !slices.Contains([]scenarios.Theme{"signature", "body", "time", "transport", "rotation"}, c.Theme) && c.ID != "duplicate-replayed"
	})
}

// mistaken is a program that makes a mistake before or after it does what a correct one does.
type mistaken struct {
	*program
	// before may change the request, or answer it with a status.
	before func(c *mistaken, r *http.Request, m *signature.Message) (status int)
	// after may change the response.
	after func(c *mistaken, m *signature.Message, w *httptest.ResponseRecorder)
	known map[string]bool
}

func (c *mistaken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/hooks" {
		c.program.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m := signature.Message{Method: r.Method, Target: r.URL.RequestURI(), Body: body}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			m.Headers.Add(name, value)
		}
	}
	if c.before != nil {
		if status := c.before(c, r, &m); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	inner := httptest.NewRequest(m.Method, m.Target, bytes.NewReader(m.Body))
	for _, h := range m.Headers {
		inner.Header.Add(h.Name, h.Value)
	}
	answer := httptest.NewRecorder()
	c.program.ServeHTTP(answer, inner)
	if c.after != nil {
		c.after(c, &m, answer)
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// verdict is that of a correct check of the signature.
func (c *mistaken) verdict(m *signature.Message) signature.Verdict {
	return c.provider.Signing.Verify(*m, signature.Context{Time: time.Now()}, testSecret, oldSecret).Verdict
}

// accept signs a message, so that the correct program behind the mistake accepts it.
func (c *mistaken) accept(m *signature.Message) int {
	for _, s := range c.provider.Signing.Signatures {
		for _, e := range s.Emit {
			m.Headers.Del(e.Header)
		}
	}
	if err := c.provider.Signing.Sign(m, signature.Context{Time: time.Now()}, testSecret); err != nil {
		panic(err)
	}
	return 0
}

// line returns the value of the last signature's header line.
func (c *mistaken) line(m *signature.Message) (string, bool) {
	return m.Headers.Lookup(c.lineName())
}

// lineName is the name of that line.
func (c *mistaken) lineName() string {
	all := c.provider.Signing.Signatures
	return all[len(all)-1].Emit[0].Header
}

// accepting is a mistake that takes a message although its signature is not right.
func accepting(takes func(c *mistaken, m *signature.Message) bool) *mistaken {
	return &mistaken{before: func(c *mistaken, _ *http.Request, m *signature.Message) int {
		if c.verdict(m) != signature.Valid && takes(c, m) {
			return c.accept(m)
		}
		return 0
	}}
}

// refusing is a mistake that answers some messages with a status.
func refusing(status int, which func(c *mistaken, r *http.Request, m *signature.Message) bool) *mistaken {
	return &mistaken{before: func(c *mistaken, r *http.Request, m *signature.Message) int {
		if which(c, r, m) {
			return status
		}
		return 0
	}}
}

// start starts a consumer with a mistake, and returns what the exam needs to know of it.
func (c *mistaken) start(t *testing.T, provider string) Consumer {
	t.Helper()
	c.program, c.known = startProgram(t, provider, ""), map[string]bool{}
	server := httptest.NewUnstartedServer(c)
	server.Listener = &keeper{server.Listener}
	server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, keptKey{}, conn)
	}
	server.Start()
	t.Cleanup(server.Close)
	c.url = server.URL
	return c.consumer()
}

// keeper keeps what arrives last on each connection, as net/http changes the case of header names.
type keeper struct{ net.Listener }

func (k *keeper) Accept() (net.Conn, error) {
	conn, err := k.Listener.Accept()
	return &kept{Conn: conn}, err
}

type kept struct {
	net.Conn
	mu   sync.Mutex
	last []byte
}

func (k *kept) Read(b []byte) (int, error) {
	n, err := k.Conn.Read(b)
	k.mu.Lock()
	defer k.mu.Unlock()
	if n > 1 { // net/http reads one byte in advance
		k.last = bytes.Clone(b[:n])
	} else {
		k.last = append(k.last, b[:n]...)
	}
	return n, err
}

type keptKey struct{}

// rawHead returns the beginning of a request as it arrived.
func rawHead(r *http.Request) []byte {
	k, _ := r.Context().Value(keptKey{}).(*kept)
	k.mu.Lock()
	defer k.mu.Unlock()
	return bytes.Clone(k.last)
}

// genuine returns the signature that a good delivery with the message's body has now.
func (c *mistaken) genuine(m *signature.Message) string {
	good := m.Clone()
	c.accept(&good)
	line, _ := c.line(&good)
	return line
}

// wrongBytes are consumers with one mistake about the bytes of requests, and the checks that fail.
func wrongBytes() []struct {
	name, provider string
	consumer       *mistaken
	fails          string
} {
	type row = struct {
		name, provider string
		consumer       *mistaken
		fails          string
	}
	seconds := func(m *signature.Message) string {
		_, rest, _ := strings.Cut(m.Headers.Get("Stripe-Signature"), "t=")
		at, _, _ := strings.Cut(rest, ",")
		return at
	}
	numeric := func(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
	return []row{
		{"takes unsigned requests", "neostore", accepting(func(c *mistaken, m *signature.Message) bool {
			_, signed := c.line(m)
			return !signed
		}), "signature-missing"},
		{"takes requests without the secret", "ethpass", accepting(func(c *mistaken, m *signature.Message) bool {
			_, signed := c.line(m)
			return !signed
		}), "signature-missing"},
		{"takes empty signatures", "github", accepting(func(c *mistaken, m *signature.Message) bool {
			line, signed := c.line(m)
			return signed && line == ""
		}), "signature-empty"},
		{"fails at an empty signature", "subscribfy", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			line, signed := c.line(m)
			return signed && line == ""
		}), "signature-empty"},
		{"compares the beginning", "neostore", accepting(func(c *mistaken, m *signature.Message) bool {
			line, _ := c.line(m)
			return len(line) >= 8 && strings.HasPrefix(c.genuine(m), line[:8])
		}), "signature-tampered signature-truncated"},
		{"compares as much as it gets", "subscribfy", accepting(func(c *mistaken, m *signature.Message) bool {
			line, _ := c.line(m)
			return line != "" && strings.HasPrefix(c.genuine(m), line)
		}), "signature-truncated"},
		{"compares as much of the secret as it gets", "ethpass", accepting(func(c *mistaken, m *signature.Message) bool {
			line, _ := c.line(m)
			return line != "" && strings.HasPrefix(testSecret, line)
		}), "signature-truncated"},
		{"fails at another length", "github", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			line, _ := c.line(m)
			return line != "" && len(line) < 71
		}), "signature-truncated"},
		{"takes every label", "github", accepting(func(c *mistaken, m *signature.Message) bool {
			line, _ := c.line(m)
			_, text, labelled := strings.Cut(line, "=")
			return labelled && "sha256="+text == c.genuine(m)
		}), "signature-unknown-label"},
		{"takes every version", "stripe", accepting(func(c *mistaken, m *signature.Message) bool {
			m.Headers.Set("Stripe-Signature", strings.ReplaceAll(m.Headers.Get("Stripe-Signature"), ",v2=", ",v1="))
			return c.verdict(m) == signature.Valid
		}), "signature-unknown-label"},
		{"removes labels", "github", accepting(func(c *mistaken, m *signature.Message) bool {
			line, _ := c.line(m)
			return strings.Contains(line, "sha256=") && strings.ReplaceAll(line, "sha256=", "") == strings.TrimPrefix(c.genuine(m), "sha256=")
		}), "signature-repeated-label"},
		{"checks the form of the signature", "neostore", accepting(func(c *mistaken, m *signature.Message) bool {
			line, _ := c.line(m)
			return len(line) == 64
		}), "signature-body-tampered signature-other-event signature-tampered signature-wrong-secret"},

		{"takes old requests", "stripe", accepting(func(c *mistaken, m *signature.Message) bool {
			return c.verdict(m) == signature.Stale && seconds(m) < strconv.FormatInt(time.Now().Unix(), 10)
		}), "time-stale"},
		{"takes requests of the future", "stripe", accepting(func(c *mistaken, m *signature.Message) bool {
			return c.verdict(m) == signature.Stale && len(seconds(m)) == 10 && seconds(m) > strconv.FormatInt(time.Now().Unix(), 10)
		}), "time-future"},
		{"guesses the unit", "stripe", accepting(func(_ *mistaken, m *signature.Message) bool { return len(seconds(m)) == 13 }), "time-milliseconds"},
		{"fails at a time that is none", "stripe", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return m.Headers.Get("Stripe-Signature") != "" && !numeric(seconds(m))
		}), "time-missing"},
		{"looks at the first signature", "stripe", &mistaken{before: func(_ *mistaken, _ *http.Request, m *signature.Message) int {
			parts := strings.Split(m.Headers.Get("Stripe-Signature"), ",")
			m.Headers.Set("Stripe-Signature", strings.Join(parts[:min(2, len(parts))], ","))
			return 0
		}}, "rotation-both-secrets"},
		{"knows one secret", "neostore", refusing(401, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return c.provider.Signing.Verify(*m, signature.Context{Time: time.Now()}, testSecret).Verdict != signature.Valid
		}), "rotation-old-secret"},

		{"trims the body", "subscribfy", &mistaken{before: func(_ *mistaken, _ *http.Request, m *signature.Message) int {
			m.Body = bytes.TrimSpace(m.Body)
			return 0
		}}, "body-trailing-newline"},
		{"fails at malformed JSON", "github", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return len(m.Body) > 0 && !json.Valid(m.Body) && c.verdict(m) == signature.Valid
		}), "body-malformed-json"},
		{"acknowledges malformed JSON", "ethpass", refusing(200, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return len(m.Body) > 0 && !json.Valid(m.Body) && c.verdict(m) == signature.Valid
		}), "body-malformed-json"},
		{"fails at an empty body", "stripe", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return len(m.Body) == 0
		}), "body-empty"},
		{"fails at a key that comes twice", "neostore", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return repeatsKey(m.Body)
		}), "body-duplicate-keys"},
		{"fails at JSON that is no object", "stripe", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return json.Valid(m.Body) && !gjson.ParseBytes(m.Body).IsObject()
		}), "body-not-an-object"},

		{"reads no chunks", "neostore", &mistaken{before: func(_ *mistaken, r *http.Request, m *signature.Message) int {
			if r.ContentLength < 0 {
				m.Body = nil
			}
			return 0
		}}, "transport-chunked"},
		{"wants a length", "ethpass", refusing(411, func(_ *mistaken, r *http.Request, _ *signature.Message) bool { return r.ContentLength < 0 }), "transport-chunked"},
		{"fails at a compressed body", "github", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return m.Headers.Get("Content-Encoding") != ""
		}), "transport-gzip"},
		{"compares the whole media type", "stripe", refusing(415, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return m.Headers.Get("Content-Type") != "application/json; charset=utf-8"
		}), "transport-content-type"},
		{"looks header lines up by their case", "neostore", refusing(401, func(_ *mistaken, r *http.Request, _ *signature.Message) bool {
			return !bytes.Contains(rawHead(r), []byte("\r\nx-neostore-signature: "))
		}), "transport-header-case"},
		{"fails at another media type", "subscribfy", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return !strings.HasPrefix(strings.ToLower(m.Headers.Get("Content-Type")), "application/json")
		}), "transport-content-type-other"},
	}
}

// TestWrongBytes checks that every mistake about the bytes of a request fails the checks that are
// about it, and no others.
func TestWrongBytes(t *testing.T) {
	checks := aboutBytes(t)
	found := map[string]bool{}
	for _, c := range wrongBytes() {
		for id := range strings.FieldsSeq(c.fails) {
			found[id] = true
		}
		t.Run(c.provider+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			consumer := c.consumer.start(t, c.provider)
			consumer.Settle = time.Millisecond
			for i := range checks {
				consumer.Only = append(consumer.Only, checks[i].ID)
			}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil {
				t.Fatal(err)
			}
			failed := counted(report, Fail)
			slices.Sort(failed)
			if got := strings.Join(failed, " "); got != c.fails {
				t.Errorf("want %s failed, got %s\n%s", c.fails, got, text(t, report))
			}
		})
	}
	for i := range checks {
		if checks[i].ID == "duplicate-replayed" || checks[i].ID == "body-json-styles" { // TestMistakes
			continue
		}
		if !found[checks[i].ID] {
			t.Errorf("no mistake fails %s", checks[i].ID)
		}
	}
}

// repeatsKey reports whether the first key of an object comes again.
func repeatsKey(body []byte) bool {
	seen, again := map[string]bool{}, false
	gjson.ParseBytes(body).ForEach(func(key, _ gjson.Result) bool {
		again = again || seen[key.Str]
		seen[key.Str] = true
		return true
	})
	return again
}

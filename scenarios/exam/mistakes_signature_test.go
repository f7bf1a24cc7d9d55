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
	checks, err := Select(all, strings.Fields(`
		body-duplicate-keys body-empty body-json-styles body-malformed-json body-not-an-object body-split-letter body-trailing-newline body-unicode
		handshake-forged privacy-personal-data privacy-secret rotation-both-secrets rotation-old-secret rotation-other-scheme
		schema-empty-element signature-before-parsing signature-body-tampered signature-constant-time signature-empty signature-garbage
		signature-header-repeated signature-id-tampered signature-missing signature-other-event signature-other-form signature-registered-url
		signature-repeated-label signature-reused signature-tampered signature-truncated signature-two-headers signature-unknown-label
		signature-wrong-secret time transport-chunked transport-content-type transport-content-type-other transport-gzip transport-header-case`)...)
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

// mistaken is a program that makes a mistake before or after it does what a correct one does.
type mistaken struct {
	*program
	// before may change the request, or answer it with a status.
	before func(c *mistaken, r *http.Request, m *signature.Message) (status int)
	// after may change the response.
	after func(c *mistaken, m *signature.Message, w *httptest.ResponseRecorder)
	// decodes each part of the body by itself
	decodes bool
	mu      sync.Mutex
	known   map[string]bool // signatures that were right
}

func (c *mistaken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/hooks" {
		c.program.ServeHTTP(w, r)
		return
	}
	body, err := c.read(r.Body)
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

// read reads a body.
func (c *mistaken) read(from io.Reader) ([]byte, error) {
	if !c.decodes {
		return io.ReadAll(from)
	}
	var text strings.Builder
	part := make([]byte, 64<<10)
	for {
		n, err := from.Read(part)
		text.WriteString(strings.ToValidUTF8(string(part[:n]), "\ufffd"))
		if err == io.EOF {
			return []byte(text.String()), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// now is what a signature is checked with.
func (c *mistaken) now() signature.Context {
	return signature.Context{Time: time.Now(), URL: c.url + "/hooks"}
}

// verdict is that of a correct check of the signature.
func (c *mistaken) verdict(m *signature.Message) signature.Verdict {
	return c.provider.Signing.Verify(*m, c.now(), testSecret, oldSecret).Verdict
}

// accept signs a message, so that the correct program behind the mistake accepts it.
func (c *mistaken) accept(m *signature.Message) int {
	about := c.now()
	about.ID = c.provider.EventID(m)
	for _, s := range c.provider.Signing.Signatures {
		for _, e := range s.Emit {
			m.Headers.Del(e.Header)
		}
	}
	if err := c.provider.Signing.Sign(m, about, testSecret); err != nil {
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
	emits := all[len(all)-1].Emit
	return emits[slices.IndexFunc(emits, func(e signature.Emit) bool { return strings.Contains(e.Value, "${s") })].Header
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
	if bytes.Contains(b[:n], []byte(" HTTP/1.1\r\n")) { // the head, and not a part of the body
		k.last = bytes.Clone(b[:n])
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

// wrongConsumer is a consumer with one mistake about the bytes of requests, and the checks that
// fail, sorted.
type wrongConsumer struct {
	name, provider string
	consumer       *mistaken
	fails          string
}

// wrongSignatures are mistakes about the signature.
func wrongSignatures() []wrongConsumer {
	line := func(c *mistaken, m *signature.Message) string {
		text, _ := c.line(m)
		return text
	}
	unsigned := func(c *mistaken, m *signature.Message) bool {
		_, signed := c.line(m)
		return !signed
	}
	empty := func(c *mistaken, m *signature.Message) bool { return !unsigned(c, m) && line(c, m) == "" }
	twice := func(c *mistaken, m *signature.Message) bool { return len(m.Headers.Values(c.lineName())) > 1 }
	first := func(c *mistaken, _ *http.Request, m *signature.Message) int {
		m.Headers.Set(c.lineName(), line(c, m))
		return 0
	}
	remembers := &mistaken{before: func(c *mistaken, _ *http.Request, m *signature.Message) int {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.verdict(m) == signature.Valid {
			c.known[line(c, m)] = true
		} else if c.known[line(c, m)] {
			return c.accept(m)
		}
		return 0
	}}
	rewrites := accepting(func(c *mistaken, m *signature.Message) bool {
		other := m.Clone()
		other.Body = rewritten(other.Body)
		return c.verdict(&other) == signature.Valid
	})
	return []wrongConsumer{
		{"takes unsigned requests", "neostore", accepting(unsigned), "signature-missing"},
		{"takes unsigned requests", "standard", accepting(unsigned), "signature-missing"},
		{"takes requests without the secret", "ethpass", accepting(unsigned), "signature-missing"},
		{"takes empty signatures", "github", accepting(empty), "signature-empty"},
		{"takes empty signatures", "slack", accepting(empty), "signature-empty"},
		{"fails at an empty signature", "subscribfy", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool { return empty(c, m) }), "signature-empty"},
		{"compares the beginning", "neostore", accepting(func(c *mistaken, m *signature.Message) bool {
			return len(line(c, m)) >= 8 && strings.HasPrefix(c.genuine(m), line(c, m)[:8])
		}), "signature-tampered signature-truncated"},
		{"compares as much as it gets", "subscribfy", accepting(func(c *mistaken, m *signature.Message) bool {
			return line(c, m) != "" && strings.HasPrefix(c.genuine(m), line(c, m))
		}), "signature-truncated"},
		{"compares as much of the secret as it gets", "ethpass", accepting(func(c *mistaken, m *signature.Message) bool {
			return line(c, m) != "" && strings.HasPrefix(testSecret, line(c, m))
		}), "signature-truncated"},
		{"fails at another length", "github", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return line(c, m) != "" && len(line(c, m)) < 71
		}), "signature-garbage signature-truncated"},
		{"fails at what is no hexadecimal", "neostore", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return strings.Trim(line(c, m), "0123456789abcdef") != ""
		}), "signature-garbage"},
		{"fails at letters beyond ASCII", "ethpass", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return strings.ContainsFunc(line(c, m), func(r rune) bool { return r > 127 })
		}), "signature-garbage"},
		{"takes a label without a signature", "github", accepting(func(c *mistaken, m *signature.Message) bool { return line(c, m) == "sha256=" }), "signature-garbage"},
		{"compares numbers", "neostore", accepting(func(c *mistaken, m *signature.Message) bool {
			return line(c, m) != "" && strings.Trim(line(c, m), "0") == ""
		}), "signature-garbage"},
		{"takes every label", "github", accepting(func(c *mistaken, m *signature.Message) bool {
			_, text, labelled := strings.Cut(line(c, m), "=")
			return labelled && "sha256="+text == c.genuine(m)
		}), "signature-unknown-label"},
		{"takes every version", "stripe", accepting(func(c *mistaken, m *signature.Message) bool {
			m.Headers.Set(c.lineName(), strings.ReplaceAll(line(c, m), ",v2=", ",v1="))
			return c.verdict(m) == signature.Valid
		}), "signature-unknown-label"},
		{"takes every version", "slack", accepting(func(c *mistaken, m *signature.Message) bool {
			m.Headers.Set(c.lineName(), strings.Replace(line(c, m), "v1=", "v0=", 1))
			return c.verdict(m) == signature.Valid
		}), "signature-unknown-label"},
		{"removes labels", "github", accepting(func(c *mistaken, m *signature.Message) bool {
			return strings.Contains(line(c, m), "sha256=") && strings.ReplaceAll(line(c, m), "sha256=", "") == strings.TrimPrefix(c.genuine(m), "sha256=")
		}), "signature-repeated-label"},
		{"checks the form of the signature", "neostore", accepting(func(c *mistaken, m *signature.Message) bool {
			return len(line(c, m)) == 64 && strings.Trim(line(c, m), "0123456789abcdef") == "" && json.Valid(m.Body)
		}), "signature-body-tampered signature-garbage signature-other-event signature-other-form signature-reused signature-tampered signature-wrong-secret"},
		{"remembers signatures", "subscribfy", remembers, "signature-reused"},
		{"verifies what it writes", "neostore", rewrites, "signature-other-form"},
		{"leaves the id out", "standard", accepting(func(c *mistaken, m *signature.Message) bool {
			id := m.Headers.Get("webhook-id")
			for last := range 128 {
				m.Headers.Set("webhook-id", id[:max(0, len(id)-1)]+string(rune(last)))
				if c.verdict(m) == signature.Valid {
					return true
				}
			}
			return false
		}), "signature-id-tampered"},
		{"parses first", "subscribfy", refusing(400, func(_ *mistaken, _ *http.Request, m *signature.Message) bool { return !json.Valid(m.Body) }), "signature-before-parsing"},
		{"fails at two lines", "github", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool { return twice(c, m) }), "signature-header-repeated signature-two-headers"},
		{"looks at the first of two lines", "neostore", &mistaken{before: first}, "signature-two-headers"},
		{"makes the URL of the Host line", "lists", refusing(401, func(c *mistaken, r *http.Request, _ *signature.Message) bool { return "http://"+r.Host != c.url }), "signature-registered-url"},
		{"takes the port of the Host line", "lists", refusing(401, func(c *mistaken, r *http.Request, _ *signature.Message) bool {
			_, port, named := strings.Cut(r.Host, ":")
			return named && !strings.HasSuffix(c.url, ":"+port)
		}), "signature-registered-url"},
		{"looks at the first signature", "stripe", &mistaken{before: func(c *mistaken, _ *http.Request, m *signature.Message) int {
			if parts := strings.Split(line(c, m), ","); !twice(c, m) {
				m.Headers.Set(c.lineName(), strings.Join(parts[:min(2, len(parts))], ","))
			}
			return 0
		}}, "rotation-both-secrets rotation-other-scheme"},
		{"looks at the last signature", "stripe", &mistaken{before: func(c *mistaken, _ *http.Request, m *signature.Message) int {
			if parts := strings.Split(line(c, m), ","); len(parts) > 2 {
				m.Headers.Set(c.lineName(), parts[0]+","+parts[len(parts)-1])
			}
			return 0
		}}, "rotation-both-secrets"},
		{"looks at the first signature", "standard", &mistaken{before: func(c *mistaken, _ *http.Request, m *signature.Message) int {
			if text, _, list := strings.Cut(line(c, m), " "); list {
				m.Headers.Set(c.lineName(), text)
			}
			return 0
		}}, "rotation-both-secrets rotation-other-scheme"},
		{"looks at the first line", "box", refusing(401, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			primary := m.Clone()
			primary.Headers.Del("BOX-SIGNATURE-SECONDARY")
			return c.verdict(&primary) != signature.Valid
		}), "rotation-both-secrets"},
		{"looks at the second line, if there is one", "box", &mistaken{before: func(_ *mistaken, _ *http.Request, m *signature.Message) int {
			if secondary, ok := m.Headers.Lookup("BOX-SIGNATURE-SECONDARY"); ok {
				m.Headers.Set("BOX-SIGNATURE-PRIMARY", secondary)
			}
			return 0
		}}, "rotation-both-secrets"},
		{"refuses other schemes", "standard", refusing(400, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return strings.Contains(line(c, m), "v2,")
		}), "rotation-other-scheme"},
		{"knows one secret", "neostore", refusing(401, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return c.provider.Signing.Verify(*m, c.now(), testSecret).Verdict != signature.Valid
		}), "rotation-old-secret"},
		{"knows one secret", "slack", refusing(401, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return c.provider.Signing.Verify(*m, c.now(), testSecret).Verdict != signature.Valid
		}), "rotation-old-secret"},
		{"knows one secret", "ethpass", refusing(401, func(c *mistaken, _ *http.Request, m *signature.Message) bool { return line(c, m) == oldSecret }), "rotation-old-secret"},
		{"takes the handshake from anybody", "github", accepting(func(_ *mistaken, m *signature.Message) bool {
			return m.Headers.Get("X-GitHub-Event") == "ping"
		}), "handshake-forged"},
	}
}

// stamp returns the signed time of a message.
func stamp(m *signature.Message) string {
	for _, name := range []string{"webhook-timestamp", "X-Slack-Request-Timestamp", "X-Lists-Time"} {
		if text, ok := m.Headers.Lookup(name); ok {
			return text
		}
	}
	_, rest, _ := strings.Cut(m.Headers.Get("Stripe-Signature"), "t=")
	at, _, _ := strings.Cut(rest, ",")
	return at
}

// age returns how old the signed time of a message is, and whether it is a number of seconds.
func age(m *signature.Message) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(stamp(m), 10, 64)
	return time.Since(time.Unix(seconds, 0)), err == nil && seconds < 1e11
}

// wrongTimes are mistakes about the signed time.
func wrongTimes() []wrongConsumer {
	var list []wrongConsumer
	for _, provider := range []string{"stripe", "standard", "slack"} {
		list = append(list, []wrongConsumer{
			{"takes old requests", provider, accepting(func(c *mistaken, m *signature.Message) bool {
				old, ok := age(m)
				return ok && old > 0 && c.verdict(m) == signature.Stale
			}), "time-stale"},
			{"takes requests of the future", provider, accepting(func(c *mistaken, m *signature.Message) bool {
				old, ok := age(m)
				return ok && old < 0 && c.verdict(m) == signature.Stale
			}), "time-future"},
			{"guesses the unit", provider, accepting(func(_ *mistaken, m *signature.Message) bool { return len(stamp(m)) == 13 }), "time-milliseconds"},
			{"fails without a time", provider, refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
				text, _ := c.line(m)
				return text != "" && stamp(m) == ""
			}), "time-missing"},
			{"fails at a time that is no number", provider, refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
				_, err := strconv.ParseInt(stamp(m), 10, 64)
				return stamp(m) != "" && err != nil
			}), "time-not-a-number"},
			{"takes NaN", provider, accepting(func(_ *mistaken, m *signature.Message) bool { return stamp(m) == "NaN" }), "time-not-a-number"},
			{"tolerates ten seconds", provider, refusing(401, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
				old, ok := age(m)
				return ok && old.Abs() > 10*time.Second
			}), "time-skew time-tolerance"},
			{"tolerates a minute", provider, refusing(401, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
				old, ok := age(m)
				return ok && old.Abs() > time.Minute
			}), "time-tolerance"},
			{"leaves the time out", provider, accepting(func(c *mistaken, m *signature.Message) bool {
				at := stamp(m)
				for last := range 10 {
					other := m.Clone()
					for i := range other.Headers {
						if at != "" {
							other.Headers[i].Value = strings.Replace(other.Headers[i].Value, at, at[:len(at)-1]+strconv.Itoa(last), 1)
						}
					}
					if c.verdict(&other) == signature.Valid {
						return true
					}
				}
				return false
			}), "time-tampered"},
		}...)
	}
	return list
}

// wrongBodies are mistakes about the body, and what the consumer answers to it.
func wrongBodies() []wrongConsumer {
	malformed := func(c *mistaken, _ *http.Request, m *signature.Message) bool {
		return len(m.Body) > 0 && !json.Valid(m.Body) && c.verdict(m) == signature.Valid
	}
	chunked := func(_ *mistaken, r *http.Request, _ *signature.Message) bool { return r.ContentLength < 0 }
	shows := func(what func(c *mistaken, m *signature.Message) string) *mistaken {
		return &mistaken{after: func(c *mistaken, m *signature.Message, w *httptest.ResponseRecorder) {
			if w.Code >= 400 {
				w.Body.WriteString(`{"error": ` + strconv.Quote(what(c, m)) + `}`)
			}
		}}
	}
	trims := func() *mistaken {
		return &mistaken{before: func(_ *mistaken, _ *http.Request, m *signature.Message) int {
			m.Body = bytes.TrimSpace(m.Body)
			return 0
		}}
	}
	return []wrongConsumer{
		{"trims the body", "subscribfy", trims(), "body-trailing-newline"},
		{"trims the body", "standard", trims(), "body-trailing-newline"},
		{"takes the body for ASCII", "ethpass", refusing(401, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return bytes.ContainsFunc(m.Body, func(r rune) bool { return r > 127 && r != 0xfffd })
		}), "body-split-letter body-unicode"},
		{"does not know escapes", "neostore", refusing(401, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return bytes.Contains(m.Body, []byte(`\u6771`))
		}), "body-unicode"},
		{"decodes parts", "neostore", &mistaken{decodes: true}, "body-split-letter"},
		{"decodes parts", "github", &mistaken{decodes: true}, "body-split-letter"},
		{"fails at malformed JSON", "github", refusing(500, malformed), "body-malformed-json"},
		{"acknowledges malformed JSON", "ethpass", refusing(200, malformed), "body-malformed-json"},
		{"fails at an empty body", "stripe", refusing(500, func(c *mistaken, _ *http.Request, m *signature.Message) bool {
			return len(m.Body) == 0 && c.verdict(m) == signature.Valid
		}), "body-empty"},
		{"fails at a key that comes twice", "neostore", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return repeatsKey(m.Body)
		}), "body-duplicate-keys"},
		{"fails at JSON that is no object", "stripe", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return json.Valid(m.Body) && !gjson.ParseBytes(m.Body).IsObject()
		}), "body-not-an-object"},
		{"fails at an empty element", "lists", refusing(500, func(_ *mistaken, _ *http.Request, m *signature.Message) bool {
			return gjson.GetBytes(m.Body, "0").Raw == "{}" && gjson.GetBytes(m.Body, "#").Int() > 1
		}), "schema-empty-element"},

		{"reads no chunks", "neostore", &mistaken{before: func(c *mistaken, r *http.Request, m *signature.Message) int {
			if chunked(c, r, m) {
				m.Body = nil
			}
			return 0
		}}, "transport-chunked"},
		{"wants a length", "ethpass", refusing(411, chunked), "transport-chunked"},
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

		{"shows the secret", "ethpass", shows(func(*mistaken, *signature.Message) string { return "want " + testSecret }), "privacy-secret"},
		{"shows the signature", "github", shows(func(c *mistaken, m *signature.Message) string { return "want " + c.genuine(m) }), "privacy-secret"},
		{"shows the signature", "lists", shows(func(c *mistaken, m *signature.Message) string { return "want " + c.genuine(m) }), "privacy-secret"},
		{"shows the body", "neostore", shows(func(_ *mistaken, m *signature.Message) string { return string(m.Body) }), "privacy-personal-data"},
	}
}

// TestWrongBytes checks that every mistake about the bytes of a request fails the checks that are
// about it, and no others of the same themes.
func TestWrongBytes(t *testing.T) {
	checks := aboutBytes(t)
	found := map[string]bool{}
	for _, c := range slices.Concat(wrongSignatures(), wrongTimes(), wrongBodies()) {
		for id := range strings.FieldsSeq(c.fails) {
			found[id] = true
		}
		t.Run(c.provider+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			consumer := c.consumer.start(t, c.provider)
			consumer.Effect, consumer.State = nil, nil // the answers are enough, and faster
			for i := range checks {
				if related(c.fails, checks[i].ID) {
					consumer.Only = append(consumer.Only, checks[i].ID)
				}
			}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil {
				t.Fatal(err)
			}
			failed := slices.DeleteFunc(counted(report, Fail), func(id string) bool { return id == "signature-status" }) // it sends some of these forgeries too
			slices.Sort(failed)
			if got := strings.Join(failed, " "); got != c.fails {
				t.Errorf("want %s failed, got %s\n%s", c.fails, got, text(t, report))
			}
		})
	}
	for i := range checks {
		if checks[i].ID == "body-json-styles" {
			continue // TestMistakes
		}
		if checks[i].ID != "signature-constant-time" && !found[checks[i].ID] {
			t.Errorf("no mistake fails %s", checks[i].ID)
		}
	}
}

// related reports whether a check is one of the list, or has the theme of one.
func related(fails, id string) bool {
	for one := range strings.FieldsSeq(fails) {
		theme, _, _ := strings.Cut(one, "-")
		if one == id || strings.HasPrefix(id, theme+"-") && !testing.Short() {
			return true
		}
	}
	return false
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

// TestCorrectForOthers checks that a correct consumer fails nothing of providers with other
// signatures.
func TestCorrectForOthers(t *testing.T) {
	checks := aboutBytes(t)
	for _, provider := range []string{"standard", "slack", "lists", "box", "subscribfy-hub"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			c := startProgram(t, provider, "")
			consumer := c.consumer()
			consumer.Settle = time.Millisecond
			for i := range checks {
				consumer.Only = append(consumer.Only, checks[i].ID)
			}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil {
				t.Fatal(err)
			}
			if bad := slices.Concat(counted(report, Fail), counted(report, Inconclusive), counted(report, Warn)); len(bad) > 0 {
				t.Errorf("%v\n%s", bad, text(t, report))
			}
			if r := byID(report)["signature-constant-time"]; r.Result != NotApplicable || provider != "subscribfy-hub" && !strings.Contains(r.Why, "hmac.Equal") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestAcceptsAllForgeries checks that a consumer which accepts everything passes no negative check,
// for each provider.
func TestAcceptsAllForgeries(t *testing.T) {
	checks := aboutBytes(t)
	for _, provider := range []string{"neostore", "subscribfy", "ethpass", "stripe", "github", "standard", "slack", "lists", "box"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			consumer := startProgram(t, provider, "accepts everything").consumer()
			consumer.Effect, consumer.State = nil, nil
			for i := range checks {
				if checks[i].ID == "signature-before-parsing" {
					continue // it proves nothing of such a consumer
				}
				if checks[i].Effect == scenarios.NoEffect && checks[i].Theme != "transport" || checks[i].ID == "handshake-forged" || checks[i].ID == "signature-reused" {
					consumer.Only = append(consumer.Only, checks[i].ID)
				}
			}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Checks {
				if r.Result != Fail && r.Result != NotApplicable {
					t.Errorf("%s is %s", r.ID, r.Result)
				}
			}
			if len(counted(report, Fail)) < 8 {
				t.Errorf("only %v failed", counted(report, Fail))
			}
		})
	}
}

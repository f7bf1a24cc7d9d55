package consumers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mistake is one thing that consumers do wrong.
type Mistake struct {
	// Name is the value of --mistake.
	Name string
	// Text says what the consumer does.
	Text string
	// Checks are the ids of the checks of the exam that are about it: signature-missing. They fail,
	// unless they do not apply to the provider. There is none if no check finds the mistake, or if
	// the exam stops at it.
	Checks []string
	// Providers are those it is possible with; empty means all.
	Providers []string
	// make changes a right consumer.
	make func(c *Consumer)
}

// For reports whether the mistake is possible with a provider.
func (m Mistake) For(provider string) bool {
	return len(m.Providers) == 0 || slices.Contains(m.Providers, provider)
}

// delay is the default of Options.Delay. What is about slow work is slower than the time limits of
// all providers, for one event or for eight.
func (m Mistake) delay() time.Duration {
	switch m.Name {
	case "slow":
		return 40 * time.Second
	case "works-one-at-a-time":
		return 5 * time.Second
	}
	return time.Second
}

func findMistake(name string) (Mistake, error) {
	all := Mistakes()
	if i := slices.IndexFunc(all, func(m Mistake) bool { return m.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Mistake{}, fmt.Errorf("unknown mistake %q: --mistakes lists all", name)
}

// Mistakes returns all mistakes, in the order of the steps of a consumer.
func Mistakes() []Mistake {
	var (
		hashed   = []string{"neostore", "subscribfy", "stripe", "github"} // the body is signed
		labelled = []string{"stripe", "github"}                           // there is a label before the signature
		timed    = []string{"stripe"}                                     // the time is signed
		withID   = []string{"neostore", "stripe", "github"}               // events have ids
		inHeader = []string{"github"}                                     // the id is in the header
	)
	// The checks that send what only a forger sends, and look at the answer.
	forged := []string{
		"signature-body-tampered", "signature-empty", "signature-garbage", "signature-missing", "signature-other-event",
		"signature-other-form", "signature-reused", "signature-status", "signature-tampered", "signature-truncated", "signature-wrong-secret",
	}
	with := func(list []string, one string) []string { return append(slices.Clone(list), one) }
	return []Mistake{
		// The signature.
		{"no-verification", "It accepts every request, whoever sends it.", with(forged, "handshake-forged"), nil, verifying(func(*Consumer, *http.Request, []byte) bool {
			return true
		})},
		{"accepts-missing-signature", "It accepts a request without the signature header.", []string{"signature-missing"}, nil, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			return len(r.Header.Values(c.provider.signature)) == 0 || c.verify(r, body)
		})},
		{"accepts-empty-signature", "It accepts a signature header that is empty, or has nothing behind its label.", []string{"signature-empty"}, nil, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			lines := r.Header.Values(c.provider.signature)
			return len(lines) == 1 && (lines[0] == "" || strings.HasSuffix(lines[0], "=")) || c.verify(r, body)
		})},
		{"compares-prefix", "It compares as many characters as were sent, so a part of the signature is enough.", []string{"signature-truncated"}, nil, comparing(func(given, want string) bool {
			return given != "" && strings.HasPrefix(want, given)
		})},
		{"ignores-label", "It accepts any label before the signature: sha257=, sha256=sha256=, v2=.", []string{"signature-repeated-label", "signature-unknown-label"}, labelled, verifyingLine(func(c *Consumer, line string, v verification) bool {
			label := map[string]string{"X-Hub-Signature-256": "sha256=", "Stripe-Signature": "v1="}[c.provider.signature]
			return c.provider.verify(labels.ReplaceAllString(line, label+"$1"), v)
		})},
		{"checks-form-only", "It accepts everything that looks like a signature.", []string{"signature-body-tampered", "signature-other-event", "signature-other-form", "signature-reused", "signature-tampered", "signature-wrong-secret"}, hashed, verifying(func(c *Consumer, r *http.Request, _ []byte) bool {
			return c.wellFormed(r)
		})},
		{"trusts-known-signatures", "It remembers signatures that were right, and accepts them with other bodies.", []string{"signature-reused"}, hashed, func(c *Consumer) {
			var known sync.Map
			c.do.verify = func(r *http.Request, body []byte) bool {
				line := r.Header.Get(c.provider.signature)
				if _, found := known.Load(line); found {
					return true
				}
				if !c.verify(r, body) {
					return false
				}
				known.Store(line, true)
				return true
			}
		}},
		{"processes-refused", "It answers 401, and the event has its effect all the same.", []string{"signature-body-tampered", "signature-empty", "signature-garbage", "signature-missing", "signature-other-event", "signature-other-form", "signature-tampered", "signature-truncated", "signature-wrong-secret"}, nil, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			if e, err := c.parse(r, body); err == nil {
				c.record(r, e)
			}
			return c.verify(r, body)
		})},
		{"200-on-bad-signature", "It answers 200 to a wrong signature, though nothing happens.", with(forged, "signature-before-parsing"), nil, instead(http.StatusUnauthorized, http.StatusOK)},
		{"404-on-bad-signature", "It answers 404 to a wrong signature, as if there were nothing.", []string{"signature-status"}, nil, instead(http.StatusUnauthorized, http.StatusNotFound)},
		{"500-on-bad-signature", "It answers 500 to a wrong signature, so providers send it again.", with(forged, "signature-before-parsing"), nil, instead(http.StatusUnauthorized, http.StatusInternalServerError)},
		{"500-on-malformed-signature", "It fails at a signature header that does not look like one.", []string{"signature-empty", "signature-garbage", "signature-truncated"}, hashed, answering(func(c *Consumer, r *http.Request, status int) int {
			if status == http.StatusUnauthorized && !c.wellFormed(r) {
				return http.StatusInternalServerError
			}
			return status
		})},
		{"500-on-repeated-signature", "It fails at two signature headers.", []string{"signature-header-repeated"}, nil, answering(func(c *Consumer, r *http.Request, status int) int {
			if len(r.Header.Values(c.provider.signature)) > 1 {
				return http.StatusInternalServerError
			}
			return status
		})},
		{"parses-before-verifying", "It parses the body of anybody, and answers 400 to JSON that is malformed before it looks at the signature.", []string{"signature-before-parsing"}, nil, reading(func(c *Consumer, w http.ResponseWriter, r *http.Request) ([]byte, int) {
			body, status := c.read(w, r)
			if status == 0 && malformed(body) {
				return nil, http.StatusBadRequest
			}
			return body, status
		})},

		// The bytes that are signed.
		{"verifies-parsed-body", "It verifies JSON that it has written anew, in the style of the provider.", []string{"body-json-styles", "signature-other-form"}, hashed, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			return c.verify(r, c.rewritten(body))
		})},
		{"verifies-trimmed-body", "It verifies the body without the white space around it.", []string{"body-trailing-newline"}, hashed, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			return c.verify(r, bytes.TrimSpace(body))
		})},
		{"reads-latin-1", "It takes the body for Latin-1, so letters beyond ASCII spoil the signature.", []string{"body-unicode"}, hashed, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			text := make([]rune, len(body))
			for i, b := range body {
				text[i] = rune(b)
			}
			return c.verify(r, []byte(string(text)))
		})},
		{"decodes-chunks-as-text", "It decodes each part of the body when it arrives, which spoils a character that is split.", []string{"body-split-letter"}, hashed, reading(func(c *Consumer, w http.ResponseWriter, r *http.Request) ([]byte, int) {
			r.Body = &decoder{source: r.Body}
			return c.read(w, r)
		})},

		// The time and the secrets.
		{"ignores-timestamp", "It accepts a signed request of any age.", []string{"time-future", "time-stale"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, signatures := stripeEntries(line)
			_, err := strconv.ParseInt(at, 10, 64)
			return err == nil && v.signedAt(at, signatures)
		})},
		{"accepts-future", "It refuses old timestamps only, not those of the future.", []string{"time-future"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, _ := stripeEntries(line)
			if seconds, err := strconv.ParseInt(at, 10, 64); err == nil && seconds > v.now.Unix() {
				v.now = time.Unix(seconds, 0)
			}
			return c.provider.verify(line, v)
		})},
		{"tolerates-no-skew", "It refuses timestamps that are more than ten seconds from its own clock.", []string{"time-skew", "time-tolerance"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, _ := stripeEntries(line)
			seconds, err := strconv.ParseInt(at, 10, 64)
			return err == nil && math.Abs(float64(v.now.Unix()-seconds)) <= 10 && c.provider.verify(line, v)
		})},
		{"guesses-milliseconds", "It takes a large timestamp for milliseconds.", []string{"time-milliseconds"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, _ := stripeEntries(line)
			if n, err := strconv.ParseInt(at, 10, 64); err == nil && n > 1e11 {
				v.now = time.Unix(v.now.Unix()+n-n/1000, 0)
			}
			return c.provider.verify(line, v)
		})},
		{"accepts-timestamp-nan", "It takes a timestamp that is no number for one that is recent: NaN is not more than the tolerance.", []string{"time-not-a-number"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, signatures := stripeEntries(line)
			if _, err := strconv.ParseFloat(at, 64); err != nil && at != "" {
				return v.signedAt(at, signatures)
			}
			return c.provider.verify(line, v)
		})},
		{"500-on-bad-timestamp", "It fails at a timestamp that is no number.", []string{"time-not-a-number"}, timed, answering(func(c *Consumer, r *http.Request, status int) int {
			at, _ := stripeEntries(r.Header.Get(c.provider.signature))
			if _, err := strconv.ParseInt(at, 10, 64); err != nil && status == http.StatusUnauthorized && r.Header.Get(c.provider.signature) != "" {
				return http.StatusInternalServerError
			}
			return status
		})},
		{"500-on-missing-timestamp", "It fails at a signature without its time.", []string{"time-missing"}, timed, answering(func(c *Consumer, r *http.Request, status int) int {
			if at, signatures := stripeEntries(r.Header.Get(c.provider.signature)); at == "" && len(signatures) > 0 {
				return http.StatusInternalServerError
			}
			return status
		})},
		{"searches-timestamp", "It tries the times near the one in the header, so a time may be changed after it was signed.", []string{"time-tampered"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, signatures := stripeEntries(line)
			seconds, err := strconv.ParseInt(at, 10, 64)
			for near := seconds - 9; err == nil && near <= seconds+9; near++ {
				if age := v.now.Unix() - seconds; age <= tolerance && age >= -tolerance && v.signedAt(strconv.FormatInt(near, 10), signatures) {
					return true
				}
			}
			return false
		})},
		{"uses-first-signature", "It looks at the first of several signatures only.", []string{"rotation-both-secrets"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			first, rest, _ := strings.Cut(line, "v1=")
			signature, _, _ := strings.Cut(rest, ",")
			return c.provider.verify(first+"v1="+signature, v)
		})},
		{"needs-all-signatures", "It refuses a request in which one of several signatures is not right.", []string{"rotation-both-secrets"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			at, signatures := stripeEntries(line)
			return c.provider.verify(line, v) && !slices.ContainsFunc(signatures, func(s string) bool { return !v.signedAt(at, []string{s}) })
		})},
		{"refuses-other-labels", "It refuses a signature header with a label that it does not know.", []string{"rotation-other-scheme"}, timed, verifyingLine(func(c *Consumer, line string, v verification) bool {
			for entry := range strings.SplitSeq(line, ",") {
				if label, _, _ := strings.Cut(entry, "="); label != "t" && label != "v1" {
					return false
				}
			}
			return c.provider.verify(line, v)
		})},
		{"forgets-old-secret", "It knows the newest secret only, so what is signed with the one before is refused at once.", []string{"rotation-old-secret"}, nil, verifyingLine(func(c *Consumer, line string, v verification) bool {
			v.secrets = v.secrets[:1]
			return c.provider.verify(line, v)
		})},

		// Header lines.
		{"case-sensitive-headers", "It finds the signature header only if its name is in the case of the documents.", []string{"transport-header-case"}, nil, caseSensitive},
		{"reads-first-header", "It looks at the first of two signature headers, where other programs may look at the last.", []string{"signature-two-headers"}, nil, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			return c.provider.verify(r.Header.Get(c.provider.signature), c.verification(body))
		})},
		{"content-type-exact", "It refuses every media type but the one that the provider sends today.", []string{"transport-content-type"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			want := "application/json"
			if name := c.provider.signature; name == "X-Neostore-Signature" || name == "Stripe-Signature" {
				want += "; charset=utf-8"
			}
			if status := c.admit(r); status != 0 || r.Header.Get("Content-Type") == want {
				return status
			}
			return http.StatusUnsupportedMediaType
		})},
		{"500-on-other-content-type", "It fails at a media type other than JSON, or at none.", []string{"transport-content-type-other"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			if status := c.admit(r); status != 0 || strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				return status
			}
			return http.StatusInternalServerError
		})},

		// The request.
		{"accepts-any-method", "It takes a GET for an event.", []string{"method-other"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			r.Method = http.MethodPost
			return c.admit(r)
		})},
		{"500-on-head", "It fails at HEAD and OPTIONS.", []string{"method-harmless"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			if r.Method == http.MethodHead || r.Method == http.MethodOptions {
				return http.StatusInternalServerError
			}
			return c.admit(r)
		})},
		{"redirects", "It redirects /hooks to /hooks/, and providers do not follow.", nil, nil, redirecting("/hooks", "/hooks/")},
		{"redirects-slash", "It redirects /hooks/ to /hooks, where others answer the event itself or 404.", []string{"transport-no-redirect"}, nil, redirecting("/hooks/", "/hooks")},
		{"refuses-http-1.0", "It answers 505 to HTTP/1.0.", []string{"transport-http10"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			if !r.ProtoAtLeast(1, 1) {
				return http.StatusHTTPVersionNotSupported
			}
			return c.admit(r)
		})},
		{"refuses-expect", "It answers 417 to Expect: 100-continue.", []string{"transport-expect-continue"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			if r.Header.Get("Expect") != "" {
				return http.StatusExpectationFailed
			}
			return c.admit(r)
		})},
		{"needs-content-length", "It answers 411 to a body in chunks.", []string{"transport-chunked"}, nil, admitting(func(c *Consumer, r *http.Request) int {
			if r.ContentLength < 0 {
				return http.StatusLengthRequired
			}
			return c.admit(r)
		})},
		{"ignores-chunks", "It reads as many bytes as Content-Length says, which is none for a body in chunks.", []string{"transport-chunked"}, nil, reading(func(c *Consumer, w http.ResponseWriter, r *http.Request) ([]byte, int) {
			if r.ContentLength < 0 {
				return nil, 0
			}
			return c.read(w, r)
		})},
		{"answers-once", "It closes a connection after one response, and does not say so, when the next request is there.", []string{"transport-pipelined"}, nil, answersOnce},
		{"stops-at-half-close", "It takes a sender that has nothing more to say for one that is gone, and stops its work.", []string{"transport-half-close"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if c.work(r.Context()) != nil {
				return http.StatusServiceUnavailable
			}
			return c.record(r, e)
		})},
		{"acts-on-half-body", "It makes an effect of a body that breaks off.", []string{"transport-half-body"}, nil, breaking(func(c *Consumer) {
			c.records.do(func(all *records) { all.apply(Event{ID: "half a body"}) })
		})},
		{"marks-before-body", "It remembers the id in the header before it reads the body: the retry after a body that broke off is taken for a duplicate.", []string{"recovery-cut-body"}, inHeader, marksBeforeBody},
		{"503-after-outage", "It answers 503 to eight requests after ten bodies in a row that broke off.", []string{"recovery-outage"}, nil, restsAfterOutage},
		{"500-on-gzip", "It fails at a compressed body.", []string{"transport-gzip"}, nil, instead(http.StatusUnsupportedMediaType, http.StatusInternalServerError)},
		{"limits-body-to-10-kb", "It refuses bodies of more than 10 KB.", []string{"body-20kb"}, nil, func(c *Consumer) { c.provider.maxBody = 10_000 }},
		{"limits-body-to-100-kb", "It refuses bodies of more than 100 KB, the default of a framework.", []string{"body-1mb"}, nil, func(c *Consumer) { c.provider.maxBody = 100_000 }},
		{"limits-body-to-4-mb", "It refuses bodies that are larger than those of most providers, though its own sends 25 MB.", []string{"body-github-25mb"}, []string{"github"}, func(c *Consumer) { c.provider.maxBody = maxBody }},
		{"no-limit", "It reads a body of any size into memory.", nil, nil, func(c *Consumer) { c.provider.maxBody = math.MaxInt64 }},
		{"500-on-large-body", "It fails at a body that is too large.", []string{"body-too-large"}, nil, instead(http.StatusRequestEntityTooLarge, http.StatusInternalServerError)},
		{"reads-one-at-a-time", "It reads one body at a time, so a sender that stops in the middle keeps all others waiting.", []string{"load-slow-sender", "load-stalled-sender"}, nil, func(c *Consumer) {
			var one sync.Mutex
			c.do.read = func(w http.ResponseWriter, r *http.Request) ([]byte, int) {
				one.Lock()
				defer one.Unlock()
				return c.read(w, r)
			}
		}},
		{"waits-for-body", "It waits for the rest of a body without a limit.", nil, nil, func(c *Consumer) { c.limit = 24 * time.Hour }},

		// The event.
		{"500-on-malformed-json", "It fails at signed JSON that is malformed.", []string{"body-malformed-json"}, nil, failing(500, func(_ *Consumer, _ message, body []byte) bool {
			return len(body) > 0 && malformed(body)
		})},
		{"500-on-empty-body", "It fails at a signed body that is empty or no object.", []string{"body-empty", "body-not-an-object"}, nil, failing(500, func(_ *Consumer, m message, body []byte) bool {
			object, isObject := m.root.(map[string]any)
			return !malformed(body) && (!isObject || len(object) == 0) || len(body) == 0
		})},
		{"500-on-duplicate-keys", "It fails at an object that has a key twice.", []string{"body-duplicate-keys"}, nil, failing(500, func(_ *Consumer, _ message, body []byte) bool {
			return repeatsKey(json.NewDecoder(bytes.NewReader(body)))
		})},
		{"500-on-missing-member", "It fails when a member is missing that was in every event so far.", []string{"schema-missing-member"}, nil, failing(500, func(c *Consumer, m message, _ []byte) bool {
			object, isObject := m.root.(map[string]any)
			return isObject && len(object) > 0 && slices.ContainsFunc(c.members().always, func(names string) bool {
				return !slices.ContainsFunc(strings.Split(names, "|"), func(name string) bool { return object[name] != nil })
			})
		})},
		{"needs-optional-members", "It fails when an optional member is null.", []string{"schema-null-member"}, []string{"neostore", "stripe", "github"}, failing(500, func(c *Consumer, m message, _ []byte) bool {
			return slices.ContainsFunc(c.members().optional, m.null)
		})},
		{"needs-absent-members", "It fails when an optional member is left out.", []string{"schema-null-member"}, []string{"stripe"}, failing(500, func(c *Consumer, m message, _ []byte) bool {
			return slices.ContainsFunc(c.members().optional, m.absent)
		})},
		{"refuses-unknown-fields", "It refuses an event with a member that it does not know.", []string{"schema-unknown-member"}, nil, failing(400, func(c *Consumer, m message, _ []byte) bool {
			object, _ := m.root.(map[string]any)
			known := strings.Split(strings.Join(append(c.members().always, c.members().sometimes...), "|"), "|")
			for name := range object {
				if !slices.Contains(known, name) {
					return true
				}
			}
			return false
		})},
		{"refuses-new-values", "It refuses a member that lists its values and has another.", []string{"schema-new-value", "schema-new-value-later"}, nil, failing(400, func(c *Consumer, m message, _ []byte) bool {
			for place, known := range c.members().values {
				if value := m.text(place); value != "" && !known.MatchString(value) {
					return true
				}
			}
			return false
		})},
		{"500-on-deep-body", "It walks the body down five levels, and fails at a sixth.", []string{"schema-nested-member"}, nil, failing(500, func(_ *Consumer, m message, _ []byte) bool {
			return levels(m.root) > 5
		})},
		{"500-on-unknown-event", "It fails at an event that it does not know.", []string{"schema-unknown-event"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if !e.Known && e.Name != "ping" {
				return http.StatusInternalServerError
			}
			return c.record(r, e)
		})},
		{"refuses-unknown-event", "It answers 404 to an event that it does not know.", []string{"schema-unknown-event"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if !e.Known && e.Name != "ping" {
				return http.StatusNotFound
			}
			return c.record(r, e)
		})},
		{"refuses-ping", "It refuses the event with which a subscription begins.", []string{"handshake-answered"}, []string{"github"}, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Name == "ping" {
				return http.StatusNotFound
			}
			return c.record(r, e)
		})},
		{"accepts-unsigned-ping", "It accepts the event with which a subscription begins from anybody.", []string{"handshake-forged"}, []string{"github"}, verifying(func(c *Consumer, r *http.Request, body []byte) bool {
			return r.Header.Get("X-GitHub-Event") == "ping" || c.verify(r, body)
		})},

		// Events that come again.
		{"no-deduplication", "It makes the effect again whenever an event comes again.", []string{"duplicate-concurrent-copies", "duplicate-first-race", "duplicate-recorded", "duplicate-sequential", "duplicate-signed-anew", "duplicate-two-subscriptions"}, nil, recording(func(c *Consumer, _ *http.Request, e Event) int {
			if e.Known {
				c.records.insert(e)
			}
			return 0
		})},
		{"deduplicates-by-signature", "It knows an event by its signature, which is another in a retry, or for another subscription.", []string{"duplicate-signed-anew"}, []string{"neostore", "stripe"}, parsing(func(c *Consumer, r *http.Request, body []byte) (Event, error) {
			e, err := c.parse(r, body)
			e.ID = r.Header.Get(c.provider.signature)
			return e, err
		})},
		{"deduplicates-by-id-and-body", "It makes the effect again when an id comes again with another body.", []string{"duplicate-same-id-other-body"}, withID, parsing(func(c *Consumer, r *http.Request, body []byte) (Event, error) {
			e, err := c.parse(r, body)
			e.ID += sum("", body)
			return e, err
		})},
		{"409-on-duplicate", "It answers 409 to an event that comes again, so providers send it once more.", []string{"duplicate-sequential"}, nil, refusingDuplicates(http.StatusConflict)},
		{"500-on-duplicate", "It fails at the unique key when an event comes again.", []string{"duplicate-concurrent-copies", "duplicate-first-race", "duplicate-sequential", "duplicate-two-subscriptions"}, nil, refusingDuplicates(http.StatusInternalServerError)},
		{"checks-then-inserts", "It looks whether it knows the event, works, and inserts it: two copies at the same time both have an effect.", []string{"duplicate-concurrent-copies", "duplicate-first-race", "duplicate-while-working"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Known && !c.records.knows(e) {
				c.work(r.Context())
				c.records.insert(e)
			}
			return 0
		})},
		{"marks-before-work", "It remembers the event, works, and stops when the sender does not wait: the retry is taken for a duplicate.", []string{"recovery-lost-answer"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Known && c.records.claim(e) {
				if c.work(r.Context()) != nil {
					return http.StatusServiceUnavailable
				}
				c.records.insert(e)
			}
			return 0
		})},
		{"works-before-mark", "It makes the effect first and remembers the event last, and not at all when the sender does not wait.", []string{"recovery-lost-answer"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Known && !c.records.knows(e) {
				c.records.do(func(all *records) { all.apply(e) })
				if c.work(r.Context()) != nil {
					return http.StatusServiceUnavailable
				}
				c.records.do(func(all *records) { all.mark(e) })
			}
			return 0
		})},
		{"acknowledges-before-commit", "It answers 204 and records the event later, from memory, which a crash loses.", nil, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Known {
				time.AfterFunc(c.delay, func() { c.records.add(e) })
			}
			return 0
		})},
		{"drops-when-busy", "It answers 204 and forgets the event when it works on four others.", []string{"load-burst"}, nil, func(c *Consumer) {
			slots := make(chan struct{}, 4)
			c.do.record = func(r *http.Request, e Event) int {
				select {
				case slots <- struct{}{}:
					_ = c.work(r.Context())
					c.record(r, e)
					<-slots
				default:
				}
				return 0
			}
		}},
		{"works-one-at-a-time", "It works on one event at a time, so the last of several is answered when providers do not wait any more.", []string{"load-answer-in-time"}, nil, func(c *Consumer) {
			one := make(chan struct{}, 1)
			c.do.record = func(r *http.Request, e Event) int {
				one <- struct{}{}
				defer func() { <-one }()
				if c.work(r.Context()) != nil {
					return http.StatusServiceUnavailable
				}
				return c.record(r, e)
			}
		}},
		{"slow", "It works longer than providers wait, and answers then.", []string{"load-answer-soon"}, nil, func(c *Consumer) {
			c.do.answer = func(w http.ResponseWriter, r *http.Request, status int) {
				_ = c.work(r.Context())
				c.answer(w, r, status)
			}
		}},

		// The order of events.
		{"assumes-order", "It fails at an event of an entity whose creation it has not seen.", []string{"order-first-missing"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Known && !e.creates() && !c.records.has(e.Entity) {
				return http.StatusInternalServerError
			}
			return c.record(r, e)
		})},
		{"overwrites-newer", "It takes the last event to arrive for the newest.", []string{"order-last-first", "order-reversed"}, nil, replacing(func(Event, Event) bool { return true })},
		{"keeps-last-of-equal-times", "It takes the last of two events of the same time for the newest, so their order of arrival decides.", []string{"order-equal-times"}, nil, replacing(func(e, current Event) bool {
			return !e.At.Before(current.At)
		})},
		{"500-on-equal-times", "It fails at an event of the same time as the last.", []string{"order-equal-times"}, nil, recording(func(c *Consumer, r *http.Request, e Event) int {
			if e.Known && !c.records.knows(e) && c.records.newest(e.Entity).At.Equal(e.At) {
				return http.StatusInternalServerError
			}
			return c.record(r, e)
		})},
		{"takes-retries-for-newest", "It takes an event that comes again for the newest, though it makes no effect again.", []string{"order-late-retry"}, nil, recording(func(c *Consumer, _ *http.Request, e Event) int {
			if e.Known && !c.records.add(e) {
				c.records.do(func(r *records) { r.set(e) })
			}
			return 0
		})},

		// The response.
		{"echoes-secret", "It shows its configuration, and the secret, when a signature is wrong.", []string{"privacy-secret"}, nil, explaining(func(c *Consumer, _ *http.Request, _ []byte) string {
			return fmt.Sprintf("bad signature (configured: secret=%s)", c.secrets[0])
		})},
		{"echoes-signature", "It shows the signature that it expected, which a forger can use.", []string{"privacy-secret"}, hashed, explaining(func(c *Consumer, r *http.Request, body []byte) string {
			parts := [][]byte{body}
			if c.provider.signature == "Stripe-Signature" {
				at, _ := stripeEntries(r.Header.Get(c.provider.signature))
				parts = [][]byte{[]byte(at + "."), body}
			}
			return "bad signature: want " + sum(c.secrets[0], parts...)
		})},
		{"echoes-body", "It sends the body back, with the personal data in it.", []string{"privacy-personal-data"}, nil, explaining(func(_ *Consumer, _ *http.Request, body []byte) string {
			return "bad signature of " + string(body)
		})},
	}
}

package consumers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// row is a stimulus that shows a mistake: what the right consumer does, and the wrong one.
type row struct {
	mistake, provider string
	do                stimulus
	right, wrong      string
}

// Each mistake differs from the right consumer in what can be seen from outside.
func TestMistakesCanBeSeen(t *testing.T) {
	t.Parallel()
	rows := []row{
		{"no-verification", "neostore", sent("signature:wrong_secret"), "401 0", "204 1"},
		{"no-verification", "ethpass", sent("signature:wrong_secret"), "401 0", "204 1"},
		{"no-verification", "stripe", sent("body:tamper"), "401 0", "204 1"},
		{"accepts-missing-signature", "github", sent("signature:missing"), "401 0", "204 1"},
		{"accepts-missing-signature", "ethpass", sent("signature:missing"), "401 0", "204 1"},
		{"accepts-empty-signature", "stripe", sent("signature:empty"), "401 0", "204 1"},
		{"accepts-empty-signature", "github", header("X-Hub-Signature-256", "sha256="), "401 0", "204 1"},
		{"compares-prefix", "subscribfy", sent("signature:truncated"), "401 0", "204 1"},
		{"compares-prefix", "stripe", sent("signature:truncated"), "401 0", "204 1"},
		{"compares-prefix", "ethpass", sent("signature:truncated"), "401 0", "204 1"},
		{"ignores-label", "github", sent("signature:double_prefix"), "401 0", "204 1"},
		{"ignores-label", "github", sent("signature:wrong_prefix"), "401 0", "204 1"},
		{"ignores-label", "stripe", sent("signature:wrong_prefix"), "401 0", "204 1"},
		{"checks-form-only", "neostore", sent("body:tamper"), "401 0", "204 1"},
		{"checks-form-only", "stripe", sent("signature:other_event"), "401 0", "204 1"},
		{"trusts-known-signatures", "subscribfy", otherBody, "401 1", "204 2"},
		{"processes-refused", "ethpass", sent("signature:wrong_secret"), "401 0", "401 1"},
		{"processes-refused", "github", sent("signature:missing"), "401 0", "401 1"},
		{"200-on-bad-signature", "stripe", sent("signature:tampered"), "401 0", "200 0"},
		{"404-on-bad-signature", "github", sent("signature:tampered"), "401 0", "404 0"},
		{"500-on-bad-signature", "stripe", sent("signature:tampered"), "401 0", "500 0"},
		{"500-on-malformed-signature", "github", sent("signature:truncated"), "401 0", "500 0"},
		{"500-on-malformed-signature", "neostore", sent("signature:empty"), "401 0", "500 0"},
		{"500-on-repeated-signature", "ethpass", sent("signature:two_lines:same"), "401 0", "500 0"},
		{"parses-before-verifying", "stripe", sent("body:malformed", "signature:wrong_secret"), "401 0", "400 0"},

		{"verifies-parsed-body", "neostore", sent("body:reserialize:spaced"), "204 1", "401 0"},
		{"verifies-parsed-body", "stripe", sent("body:reserialize:spaced"), "204 1", "401 0"},
		{"verifies-parsed-body", "github", otherForm, "401 1", "204 1"},
		{"verifies-trimmed-body", "neostore", sent("body:trailing_newline"), "204 1", "401 0"},
		{"reads-latin-1", "neostore", func(l *link) string {
			l.provider = l.provider.With(mockserver.Set("/metadata", "héllo"))
			return sent()(l)
		}, "204 1", "401 0"},
		{"decodes-chunks-as-text", "neostore", splitCharacter, "204 1", "401 0"},

		{"ignores-timestamp", "stripe", sent("timestamp:stale"), "401 0", "204 1"},
		{"accepts-future", "stripe", sent("timestamp:future"), "401 0", "204 1"},
		{"tolerates-no-skew", "stripe", sent("timestamp:skew:-2m"), "204 1", "401 0"},
		{"guesses-milliseconds", "stripe", sent("timestamp:milliseconds"), "401 0", "204 1"},
		{"accepts-timestamp-nan", "stripe", sent("timestamp:non_numeric"), "401 0", "204 1"},
		{"500-on-bad-timestamp", "stripe", sent("timestamp:non_numeric"), "401 0", "500 0"},
		{"500-on-missing-timestamp", "stripe", sent("timestamp:missing"), "401 0", "500 0"},
		{"searches-timestamp", "stripe", sent("timestamp:tampered"), "401 0", "204 1"},
		{"uses-first-signature", "stripe", sent("secret:rotate:both"), "204 1", "401 0"},
		{"needs-all-signatures", "stripe", sent("secret:rotate:both"), "204 1", "401 0"},
		{"refuses-other-labels", "stripe", changed(func(m *http.Request) {
			m.Header.Set("Stripe-Signature", m.Header.Get("Stripe-Signature")+",v0="+strings.Repeat("0", 64))
		}), "204 1", "401 0"},
		{"forgets-old-secret", "ethpass", oldSecret, "204 1", "401 0"},
		{"forgets-old-secret", "stripe", oldSecret, "204 1", "401 0"},

		{"case-sensitive-headers", "neostore", sent("headers:case:upper"), "204 1", "401 0"},
		{"case-sensitive-headers", "github", sent("headers:case:lower"), "204 1", "401 0"},
		{"reads-first-header", "github", twoHeaders, "401 401", "204 401"},
		{"reads-first-header", "ethpass", twoHeaders, "401 401", "204 401"},
		{"content-type-exact", "stripe", sent("headers:content_type:application/json"), "204 1", "415 0"},
		{"content-type-exact", "github", sent("headers:content_type:application/vnd.events+json"), "204 1", "415 0"},
		{"500-on-other-content-type", "neostore", header("Content-Type", "text/plain"), "204 1", "500 0"},
		{"accepts-any-method", "neostore", sent("method:PUT"), "405 0", "204 1"},
		{"500-on-head", "github", sent("method:OPTIONS"), "405 0", "500 0"},
		{"redirects", "neostore", sent(), "204 1", "308 0"},
		{"redirects-slash", "neostore", sent("redirect"), "204 1", "308 0"},
		{"refuses-http-1.0", "neostore", sent("transport:http10"), "204 1", "505 0"},
		{"refuses-expect", "neostore", sent("transport:expect_100"), "204 1", "417 0"},
		{"needs-content-length", "neostore", sent("transport:chunked"), "204 1", "411 0"},
		{"ignores-chunks", "neostore", sent("transport:chunked"), "204 1", "401 0"},
		{"answers-once", "ethpass", sent("transport:pipelined"), "204 1", "0 1"},
		{"stops-at-half-close", "stripe", impatient, "204 204 1", "503 204 1"},
		{"acts-on-half-body", "neostore", brokenOff(1), "400 204 1", "400 204 2"},
		{"marks-before-body", "github", brokenOff(1), "400 204 1", "400 204 0"},
		{"503-after-outage", "subscribfy", brokenOff(10), "400 204 1", "400 503 0"},
		{"500-on-gzip", "neostore", sent("transport:gzip"), "415 0", "500 0"},
		{"limits-body-to-10-kb", "neostore", sent("body:huge:20KB"), "204 1", "413 0"},
		{"limits-body-to-100-kb", "neostore", sent("body:huge:200KB"), "204 1", "413 0"},
		{"limits-body-to-4-mb", "github", sent("body:huge:5MiB"), "204 1", "413 0"},
		{"no-limit", "neostore", sent("body:huge:5MiB"), "413 0", "204 1"},
		{"500-on-large-body", "neostore", sent("body:huge:5MiB", "transport:chunked:65536"), "413 0", "500 0"},
		{"reads-one-at-a-time", "neostore", whileStalled, "204", "0"},
		{"waits-for-body", "neostore", stalled, "400", "none"},

		{"500-on-malformed-json", "stripe", sent("body:malformed"), "400 0", "500 0"},
		{"500-on-empty-body", "github", sent("body:empty"), "400 0", "500 0"},
		{"500-on-duplicate-keys", "github", sent("body:duplicate_key"), "204 1", "500 0"},
		{"500-on-missing-member", "neostore", sent("schema:missing_required"), "400 0", "500 0"},
		{"500-on-missing-member", "subscribfy", sent("schema:missing_required"), "400 0", "500 0"},
		{"needs-optional-members", "stripe", sent("schema:null_optional"), "204 1", "500 0"},
		{"needs-optional-members", "neostore", sent("schema:null_optional"), "204 1", "500 0"},
		{"needs-optional-members", "github", sent("schema:null_optional"), "204 1", "500 0"},
		{"needs-absent-members", "stripe", sent("schema:absent_optional"), "204 1", "500 0"},
		{"refuses-unknown-fields", "ethpass", sent("schema:unknown_field"), "204 1", "400 0"},
		{"refuses-unknown-fields", "github", sent("schema:unknown_field"), "204 1", "400 0"},
		{"refuses-new-values", "subscribfy", sent("schema:new_enum"), "204 1", "400 0"},
		{"refuses-new-values", "stripe", sent("schema:new_enum"), "204 1", "400 0"},
		{"500-on-deep-body", "subscribfy", sent("schema:extra_nesting"), "204 1", "500 0"},
		{"500-on-deep-body", "github", sent("schema:extra_nesting"), "204 1", "500 0"},
		{"500-on-unknown-event", "stripe", sent("schema:unknown_event"), "204 0", "500 0"},
		{"refuses-unknown-event", "github", sent("schema:unknown_event"), "204 0", "404 0"},
		{"refuses-ping", "github", ping(), "204 0", "404 0"},
		{"accepts-unsigned-ping", "github", ping("signature:missing"), "401 0", "204 0"},

		{"no-deduplication", "ethpass", sent("duplicate:2"), "204 204 1", "204 204 2"},
		{"no-deduplication", "github", sent("duplicate:2"), "204 204 1", "204 204 2"},
		{"deduplicates-by-signature", "neostore", twoSubscriptions, "204 204 1", "204 204 2"},
		{"deduplicates-by-id-and-body", "neostore", sameID, "204 204 1", "204 204 2"},
		{"deduplicates-by-id-and-body", "stripe", sameID, "204 204 1", "204 204 2"},
		{"409-on-duplicate", "subscribfy", sent("duplicate:2"), "204 204 1", "204 409 1"},
		{"500-on-duplicate", "stripe", sent("duplicate:2"), "204 204 1", "204 500 1"},
		{"checks-then-inserts", "neostore", atTheSameTime, "one effect", "more effects"},
		{"marks-before-work", "stripe", impatient, "204 204 1", "503 204 0"},
		{"works-before-mark", "stripe", impatient, "204 204 1", "503 204 2"},
		{"acknowledges-before-commit", "neostore", sent(), "204 1", "204 0"},
		{"drops-when-busy", "neostore", crowd, "5 effects", "4 effects"},
		{"works-one-at-a-time", "neostore", impatient, "204 204 1", "503 204 1"},
		{"slow", "neostore", sent(), "204 1", "0 1"},

		{"assumes-order", "neostore", func(l *link) string {
			return fmt.Sprint(l.statuses(must(l.provider.Emit(l.t.Context(), "Pass:Installed"))(l.t)), " ", l.effects())
		}, "204 1", "500 0"},
		{"overwrites-newer", "neostore", reversed, "204 204 Pass:Installed", "204 204 Pass:Created"},
		{"keeps-last-of-equal-times", "neostore", equalTimes, "Pass:Updated Pass:Updated", "Pass:Installed Pass:Updated"},
		{"500-on-equal-times", "neostore", func(l *link) string {
			equalTimes(l)
			return fmt.Sprint(l.effects())
		}, "4", "2"},
		{"takes-retries-for-newest", "neostore", lateRetry, "Pass:Installed", "Pass:Created"},

		{"echoes-secret", "ethpass", shows(secret), "nothing", "it"},
		{"echoes-signature", "neostore", showsSignature, "nothing", "it"},
		{"echoes-body", "neostore", shows("passId"), "nothing", "it"},
	}
	for _, r := range rows {
		t.Run(r.mistake+" "+r.provider, func(t *testing.T) {
			t.Parallel()
			for mistake, want := range map[string]string{"": r.right, r.mistake: r.wrong} {
				if got := r.do(r.link(t, mistake)); got != want {
					t.Errorf("mistake %q: got %s, want %s", mistake, got, want)
				}
			}
		})
	}
	for _, m := range consumers.Mistakes() {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.mistake == m.Name }) {
			t.Errorf("%s has no row", m.Name)
		}
	}
}

// link starts a consumer with or without the mistake.
func (r row) link(t *testing.T, mistake string) *link {
	t.Helper()
	o := consumers.Options{Provider: r.provider, Secrets: []string{secret}, Mistake: mistake, Delay: 100 * time.Millisecond}
	if r.mistake == "waits-for-body" {
		o.Limit = 50 * time.Millisecond
	}
	if mistake == "acknowledges-before-commit" || mistake == "slow" {
		o.Delay = time.Hour
	}
	l := &link{t: t, options: o, limit: 20 * time.Second}
	if mistake != "" && strings.HasPrefix(r.wrong+" ", "0 ") { // there is no response to wait for
		l.limit = 300 * time.Millisecond
	}
	return l.start()
}

// A consumer with a mistake accepts a good delivery, so that a check that finds the mistake finds
// that one thing.
func TestMistakesAcceptGoodDeliveries(t *testing.T) {
	t.Parallel()
	different := map[string]string{"redirects": "308 0", "acknowledges-before-commit": "204 0"}
	for _, m := range consumers.Mistakes() {
		if m.Name == "slow" {
			continue // there is no response within the time limit
		}
		for _, provider := range consumers.Providers() {
			if !m.For(provider) || m.Name == "reads-latin-1" && provider == "stripe" { // whose event has a name with é
				continue
			}
			t.Run(m.Name+" "+provider, func(t *testing.T) {
				t.Parallel()
				delay := time.Millisecond
				if m.Name == "acknowledges-before-commit" {
					delay = time.Hour
				}
				l := linked(t, consumers.Options{Provider: provider, Secrets: []string{secret}, Mistake: m.Name, Delay: delay})
				want := "204 1"
				if other := different[m.Name]; other != "" {
					want = other
				}
				if got := sent()(l); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
}

// The table is complete, and names are unique.
func TestMistakesAreDescribed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range consumers.Mistakes() {
		if seen[m.Name] || !strings.HasSuffix(m.Text, ".") {
			t.Errorf("%+v: want another name, and a sentence", m)
		}
		seen[m.Name] = true
	}
}

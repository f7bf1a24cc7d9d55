package consumers_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// everywhere runs a test with the right consumer of each language and provider.
func everywhere(t *testing.T, o consumers.Options, test func(t *testing.T, l *link)) {
	t.Helper()
	o.Secrets = []string{secret}
	t.Parallel()
	for _, program := range append(consumers.Programs(), consumers.Program{Language: "go", Runtime: "go"}) {
		for _, provider := range consumers.Providers() {
			t.Run(program.Language+" "+provider, func(t *testing.T) {
				t.Parallel()
				if testing.Short() && program.Language != "go" {
					t.Skip("-short: the programs in other languages take half a minute")
				}
				needs(t, program.Runtime)
				l := &link{t: t, options: o, limit: 20 * time.Second}
				l.options.Provider = provider
				if program.Language != "go" {
					l.program = &program
				}
				test(t, l.start())
			})
		}
	}
}

// needs skips a test when the machine lacks a program, or fails it when HOOKRIG_REQUIRE lists it.
func needs(t *testing.T, program string) {
	t.Helper()
	_, err := exec.LookPath(program)
	switch {
	case err == nil:
	case slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), program):
		t.Fatalf("%s is required: %v", program, err)
	default:
		t.Skipf("%s is missing: %v", program, err)
	}
}

func TestRightConsumers(t *testing.T) {
	everywhere(t, consumers.Options{}, func(t *testing.T, l *link) {
		provider, effects := l.options.Provider, 0
		for _, c := range []struct {
			fault string // several are separated by blanks
			want  string // the status of each copy
			added int    // effects
			only  string // the providers; "" is all
		}{
			{"", "204", 1, ""},
			{"signature:wrong_secret", "401", 0, ""},
			{"signature:missing", "401", 0, ""},
			{"signature:empty", "401", 0, ""},
			{"signature:truncated", "401", 0, ""},
			{"signature:tampered", "401", 0, ""},
			{"signature:wrong_prefix", "401", 0, "stripe github"},
			{"signature:double_prefix", "401", 0, "stripe github"},
			{"signature:other_event", "401", 0, "neostore subscribfy stripe github"},
			{"body:tamper", "401", 0, "neostore subscribfy stripe github"},
			{"body:malformed signature:wrong_secret", "401", 0, ""},
			{"body:truncate", "401", 0, "neostore subscribfy stripe github"},

			{"timestamp:stale", "401", 0, "stripe"},
			{"timestamp:future", "401", 0, "stripe"},
			{"timestamp:skew:-2m", "204", 1, "stripe"},
			{"timestamp:skew:+2m", "204", 1, "stripe"},
			{"timestamp:non_numeric", "401", 0, "stripe"},
			{"timestamp:milliseconds", "401", 0, "stripe"},
			{"timestamp:missing", "401", 0, "stripe"},
			{"secret:rotate:both", "204", 1, "stripe"},
			{"secret:rotate:new", "401", 0, "stripe"},

			{"duplicate:3", "204 204 204", 1, ""},
			{"parallel:8", "204 204 204 204 204 204 204 204", 1, ""},

			{"body:reserialize:spaced", "204", 1, ""},
			{"body:reserialize:pretty", "204", 1, "neostore subscribfy ethpass github"}, // Stripe's is pretty
			{"body:reserialize:reordered", "204", 1, ""},
			{"body:trailing_newline", "204", 1, ""},
			{"body:invalid_utf8", "204|400", 0, ""},
			{"body:bom", "204|400", 0, ""},
			{"body:charset:utf-16", "204|400", 0, "neostore subscribfy stripe github"},
			{"body:duplicate_key", "204", 1, ""},
			{"body:malformed", "400", 0, ""},
			{"body:empty", "400", 0, ""},
			{"body:deep:100", "204", 1, ""},
			{"body:deep:100000", "204|400", 0, ""},
			{"body:huge:1MiB", "204", 1, ""},
			{"body:huge:5MiB", "413", 0, "neostore subscribfy ethpass stripe"},
			{"body:huge:5MiB transport:chunked:65536", "413", 0, "neostore subscribfy ethpass stripe"},
			{"body:huge:5MiB transport:chunked:65536", "204", 1, "github"},

			{"schema:unknown_field", "204", 1, ""},
			{"schema:extra_nesting", "204", 1, ""},
			{"schema:unknown_event", "204", 0, ""},
			{"schema:null_optional", "204", 1, "neostore subscribfy stripe github"},
			{"schema:absent_optional", "204", 1, "neostore ethpass stripe github"},
			{"schema:missing_required", "204|400", 0, ""},
			{"schema:new_enum", "204", 1, "subscribfy ethpass stripe"},
			{"schema:type_change", "204|400", 0, ""},

			{"headers:case:upper", "204", 1, ""},
			{"headers:case:mixed", "204", 1, ""},
			{"headers:extra:50", "204", 1, ""},
			{"headers:content_type:text/plain", "204", 1, ""},
			{"transport:chunked:7", "204", 1, ""},
			{"transport:gzip", "415", 0, ""},
			{"transport:http10", "204", 1, ""},
			{"transport:expect_100", "204", 1, ""},
			{"transport:split:50", "204", 1, ""},
			{"transport:half_close", "204", 1, ""},
			{"transport:pipelined", "204", 1, ""},
			{"transport:reset:10", "0", 0, ""},
			{"method:GET", "405", 0, ""},
			{"method:PUT", "405", 0, ""},
			{"method:OPTIONS", "405", 0, ""},
			{"redirect", "204", 1, ""},
			{"", "204", 1, ""},
		} {
			if c.only != "" && !slices.Contains(strings.Fields(c.only), provider) {
				continue
			}
			got := l.emit(strings.Fields(c.fault)...)
			want, either := strings.CutSuffix(c.want, "|400")
			if got != want && !(either && got == "400") {
				t.Errorf("%s: status %s, want %s", c.fault, got, c.want)
			}
			now := l.effects()
			if added := now - effects; added != c.added && !(either && added <= 1) {
				t.Errorf("%s: %d effects more, want %d", c.fault, added, c.added)
			}
			effects = now
		}
	})
}

// Ten copies of each of five new events at the same time have five effects.
func TestRightConsumersUnderLoad(t *testing.T) {
	everywhere(t, consumers.Options{}, func(t *testing.T, l *link) {
		for range 5 {
			if got := l.emit("parallel:10"); strings.Trim(got, "204 ") != "" {
				t.Errorf("status %s, want 204", got)
			}
		}
		if got := l.effects(); got != 5 {
			t.Errorf("%d effects, want 5", got)
		}
	})
}

// Of two signature headers none is chosen, and an older secret is valid.
func TestRightConsumersWithSecrets(t *testing.T) {
	everywhere(t, consumers.Options{}, func(t *testing.T, l *link) {
		if got := twoHeaders(l); got != "401 401" {
			t.Errorf("two signature headers: status %s, want 401 401", got)
		}
		if got := oldSecret(l); got != "204 1" {
			t.Errorf("an old secret: %s, want 204 and an effect", got)
		}
	})
}

// The state of an entity does not depend on the order of arrival.
func TestRightConsumersOrder(t *testing.T) {
	journeys := map[string][]string{ // the entity's place in the first body, the journey and its events
		"neostore":   {"passId", "pass", "Pass:Created", "Pass:Installed", "Pass:Updated"},
		"subscribfy": {"data.membership.id", "membership", "membership/created", "membership/billing_success", "membership/paused"},
		"ethpass":    {"result.id", "pass", "pass:create", "pass:register", "pass:scan"},
		"stripe":     {"data.object.id", "customer", "customer.created", "customer.updated", "customer.deleted"},
		"github":     {"issue.number", "issue", "issues.opened", "issues.closed", "issues.reopened"},
	}
	everywhere(t, consumers.Options{}, func(t *testing.T, l *link) {
		j := journeys[l.options.Provider]
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1, 2, 0}} {
			held := must(l.provider.Hold(j[1], j[2:]...))(t)
			for _, i := range order {
				if got := l.statuses(must(l.provider.Send(t.Context(), held[i]))(t)); got != "204" {
					t.Errorf("%v: status %s, want 204", order, got)
				}
			}
			if got := l.state(placed(held[0].Body, j[0])); got != j[4] {
				t.Errorf("%v: state %q, want %s", order, got, j[4])
			}
		}
		if got := l.state("nobody"); got != "" {
			t.Errorf("an unknown entity has the state %q", got)
		}
	})
}

// Nothing else is answered but what a client asks for.
func TestRightConsumersRespondElsewhere(t *testing.T) {
	everywhere(t, consumers.Options{}, func(t *testing.T, l *link) {
		for path, want := range map[string]int{"/healthz": 200, "/": 404, "/hooks/../x": 404, "/states/a%2Fb": 200} {
			r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, l.base+path, nil))(t)
			if got, text := l.do(r); got != want {
				t.Errorf("GET %s: %d %s, want %d", path, got, text, want)
			}
		}
		// Python's server takes //hooks for /hooks. What matters is that nobody redirects.
		r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, l.base+"//hooks", nil))(t)
		if got, _ := l.do(r); got != http.StatusNotFound && got != http.StatusMethodNotAllowed {
			t.Errorf("GET //hooks: %d, want 404 or 405", got)
		}
		if got := shows(secret)(l); got != "nothing" {
			t.Error("a response has the secret")
		}
	})
}

// A sender that stops in the middle of a body keeps neither its connection nor others waiting.
func TestRightConsumersAreNotStalled(t *testing.T) {
	everywhere(t, consumers.Options{Limit: time.Second}, func(t *testing.T, l *link) {
		if got := whileStalled(l); got != "204" {
			t.Errorf("status %s while another sender stalls, want 204", got)
		}
		if got := stalled(l); got != "400" && got != "408" {
			t.Errorf("response to half a body: %s, want 400 or 408", got)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]consumers.Options{
		`unknown provider "stripes": want one of ethpass, github, neostore, stripe, subscribfy`: {Provider: "stripes", Secrets: []string{"S"}},
		`a secret is missing or empty: anybody could sign with an empty secret`:                 {Provider: "stripe", Secrets: []string{"S", ""}},
		`unknown mistake "nap": --mistakes lists all`:                                           {Provider: "stripe", Secrets: []string{"S"}, Mistake: "nap"},
		`mistake ignores-timestamp is not possible with github: it needs one of stripe`:         {Provider: "github", Secrets: []string{"S"}, Mistake: "ignores-timestamp"},
	} {
		if _, err := consumers.New(o); fmt.Sprint(err) != want {
			t.Errorf("%+v: error %v, want %s", o, err, want)
		}
	}
}

// No program runs without a secret.
func TestProgramsNeedASecret(t *testing.T) {
	t.Parallel()
	for _, p := range consumers.Programs() {
		needs(t, p.Runtime)
		out, err := exec.CommandContext(t.Context(), p.Runtime, p.Source, "--provider", "stripe", "--secret", "").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "anybody could sign with an empty secret") {
			t.Errorf("%s: %v, %s", p.Language, err, out)
		}
	}
}

package matchers_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/mockserver"
	. "github.com/hookrig/hookrig/suites/matchers"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every matcher accepts one subject and not another. The golden file has, to the letter, what its
// failures say of the one, and its negated failures of the other.
func TestTexts(t *testing.T) {
	good := signed(t, "c1")
	unsigned := good.Clone()
	unsigned.Headers.Del("x-neostore-signature")
	created := capture("c1", `{"name":"Pass:Created","n":9007199254740993,"f":1.0,"list":[1,{"a":null}],"link":"<a&b>"}`)
	updated := capture("c2", `{"name":"Pass:Updated"}`)
	named := func(name string) types.GomegaMatcher { return HaveJSON(".body.name", name) }
	three := []mockserver.Capture{created, updated, capture("c3", `hello`)}

	var b strings.Builder
	for _, row := range []struct {
		name    string
		matcher types.GomegaMatcher
		good    any // matches
		bad     any // does not
	}{
		{"HaveReceived, nothing came", HaveReceived(), three, []mockserver.Capture{}},
		{"HaveReceived, an empty bin", HaveReceived(named("Pass:Created"), BeSignedBy("neostore", "s3cret")), signedAs(t, "Pass:Created"), emptyBin{}},
		{
			"HaveReceived, the nearest of several", HaveReceived(HaveHeader("X-Shop"), named("Pass:Created"), HaveBody(gomega.ContainSubstring("points"))).Times(1),
			[]mockserver.Capture{updated, shop("c2", `{"name":"Pass:Created","points":1}`)},
			[]mockserver.Capture{updated, shop("c2", `{"name":"Pass:Updated","points":1}`), created, capture("c4", ""), capture("c5", ""), capture("c6", "")},
		},
		{"HaveReceived, too many", HaveReceived().Times(1), created, three},
		{"HaveReceived, too few although all match", HaveReceived(gomega.Not(named("x"))).AtLeast(4), append(three, three...), three},
		{"HaveReceived, at most", HaveReceived(named("Pass:Created")).AtMost(1), []mockserver.Capture{}, []mockserver.Capture{created, created}},
		{"HaveReceived, a range", HaveReceived().AtLeast(2).AtMost(3), three, created},
		{
			"HaveReceived, a condition of Gomega that fails on a capture", HaveReceived(HaveJSON(".body.points", gomega.BeNumerically(">", 0))).Times(1),
			[]mockserver.Capture{capture("c1", `{"event":"other"}`), capture("c2", "hello"), capture("c3", `{"points":5}`)},
			[]mockserver.Capture{capture("c1", `{"event":"other"}`), capture("c2", `{"points":"five"}`)},
		},
		{
			"HaveReceived, a condition with several values that is not the only miss", HaveReceived(HaveJSON(".body.items[].paid", true), HaveHeader("X-Shop")),
			shop("c1", `{"items":[{"paid":true}]}`), capture("c2", `{"items":[{"paid":true},{"paid":false}]}`),
		},
		{"HaveReceived, a matcher of Gomega as a condition", HaveReceived(gomega.HaveField("Method", "PUT")), mockserver.Message{Method: "PUT", Target: "/a"}, []mockserver.Message{{Method: "POST", Target: "/a"}}},

		{
			"HaveReceivedInOrder, in the wrong order", HaveReceivedInOrder(named("Pass:Created"), named("Pass:Updated")),
			[]mockserver.Capture{capture("c0", "{}"), created, capture("c0", "{}"), updated},
			[]mockserver.Capture{updated, created},
		},
		{
			"HaveReceivedInOrder, one missing", HaveReceivedInOrder(named("Pass:Created"), named("Pass:Updated"), named("Pass:Scanned")),
			[]mockserver.Capture{created, updated, capture("c3", `{"name":"Pass:Scanned"}`)},
			[]mockserver.Capture{created, capture("c3", `{}`), capture("c4", `{"name":"Pass:Removed"}`)},
		},
		{"HaveReceivedInOrder, the last one missing", HaveReceivedInOrder(named("Pass:Created"), named("Pass:Updated")), []mockserver.Capture{created, updated}, []mockserver.Capture{created}},
		{"HaveReceivedInOrder, nothing came", HaveReceivedInOrder(named("Pass:Created")), created, emptyBin{}},

		{"BeEvent", BeEvent("neostore", "Pass:Installed"), good, signedAs(t, "Pass:Created")},
		{"BeEvent of another provider", BeEvent("ethpass", "pass:scan"), mockserver.Delivery{Provider: "ethpass", Event: event("pass:scan")}, good},
		{"BeEvent, a delivery", BeEvent("neostore", gomega.HavePrefix("Pass:")), delivery("delivered", 200), mockserver.Delivery{Provider: "neostore", Event: event("Customer:Upserted")}},
		{"BeEvent, a delivery of another provider", BeEvent("neostore", gomega.HavePrefix("Pass:")), delivery("delivered", 200), mockserver.Delivery{Provider: "ethpass", Event: event("pass:scan")}},

		{"BeSignedBy, no signature", BeSignedBy("neostore", "s3cret"), good, unsigned},
		{"BeSignedBy, another secret", BeSignedBy("neostore", "new", "s3cret"), good.Message, signedWith(good, "00ff")},

		{"HaveHeader", HaveHeader("x-shop"), shop("c1", ""), created},
		{"HaveHeader, a value", HaveHeader("X-Shop", "a"), shop("c1", ""), withHeader(created, "X-Shop", "b")},
		{"HaveHeader, a matcher", HaveHeader("Content-Type", gomega.HavePrefix("application/json")), withHeader(created, "content-type", "application/json; charset=utf-8"), formCapture()},
		{"HaveHeader, several lines", HaveHeader("X-Shop", "a", gomega.HaveLen(1)), withHeader(shop("c1", ""), "X-Shop", "b"), withHeader(shop("c1", ""), "x-shop", "bb")},
		{"HaveHeader, a line too many", HaveHeader("X-Shop", "a"), shop("c1", ""), withHeader(shop("c1", ""), "X-Shop", "b")},
		{"HaveHeader, a secret", HaveHeader("Authorization", "Bearer s3cret"), withHeader(created, "Authorization", "Bearer s3cret"), withHeader(created, "Authorization", "Bearer other")},

		{"HaveBody", HaveBody(`{"points":10}`), capture("c1", `{"points":10}`), capture("c1", `{"points":1.0}`)},
		{"HaveBody, shorter", HaveBody([]byte("abc")), "abc", "ab"},
		{"HaveBody, a matcher", HaveBody(gomega.ContainSubstring("Ada")), mockserver.Attempt{Sent: mockserver.Message{Body: []byte("Ada L.")}}, []byte("Bob")},

		{"HaveJSON, a string", named("Pass:Created"), created, updated},
		{"HaveJSON, an integer beyond float64 and its neighbour", HaveJSON(".body.n", 9007199254740993), created, `{"n":9007199254740992}`},
		{"HaveJSON, 1 is 1.0", HaveJSON(".body.f", 1), created, `{"f":"1"}`},
		{"HaveJSON, a structure", HaveJSON(".body.list", []any{1, map[string]any{"a": nil}}), created, `{"list":[1,{"a":0}]}`},
		{"HaveJSON, null for a missing member", HaveJSON(".body.absent", nil), created, `{"absent":false}`},
		{"HaveJSON, no HTML escapes", HaveJSON(".body.link", "x"), `{"link":"x"}`, created},
		{"HaveJSON, a matcher", HaveJSON(".body.list | length", gomega.BeNumerically(">", 1)), created, `{"list":[1]}`},
		{"HaveJSON, a matcher of several", HaveJSON(".body.points", gomega.And(gomega.BeNumerically(">", 1), gomega.Not(gomega.BeElementOf(5, "6")))), `{"points":2}`, `{"points":5}`},
		{"HaveJSON, a matcher that wants another type", HaveJSON(".body.points", gomega.BeNumerically(">", 1)), `{"points":2}`, `{"points":"five"}`},
		{"HaveJSON, numbers in a list", HaveJSON(".body.list", gomega.ConsistOf(2, 1.5, gomega.BeNumerically("==", 1))), `{"list":[1,2.0,1.5]}`, `{"list":[1,2,3]}`},
		{"HaveJSON, a number in an object", HaveJSON(".body", gomega.HaveKeyWithValue("a", gomega.HaveEach(gomega.BeNumerically(">", 0)))), `{"a":[1,0.5]}`, `{"a":[1,0]}`},
		{"HaveJSON, a number of another type", HaveJSON(".body.n", gomega.Or(gomega.Equal(5.0), gomega.Equal(6))), `{"n":6.0}`, `{"n":5}`},
		{"HaveJSON, a list of another type", HaveJSON(".body.list", gomega.Or(gomega.Equal([]int{1, 2}), gomega.BeEmpty())), `{"list":[]}`, `{"list":[1,2]}`},
		{"HaveJSON, an integer beyond int", HaveJSON(".body.n", gomega.Or(gomega.Equal(uint64(1<<64-1)), gomega.Equal("18446744073709551614"))), `{"n":18446744073709551614}`, `{"n":18446744073709551615}`},
		{"HaveJSON, not JSON", HaveJSON(".body.a", 1), []byte(`{"a":1}`), "hello"},
		{"HaveJSON, an error of jq", HaveJSON(".body.name.x", 1), `{"name":{"x":1}}`, created},
		{"HaveJSON, a form", HaveJSON(".form.CallSid", "CA1"), formCapture(), "hello"},
		{"HaveJSON, a parameter", HaveJSON(".params.shop", "a b"), formCapture(), "hello"},

		{"MatchSchema of a provider", MatchSchema("neostore"), good, changed(t, good)},
		{"MatchSchema of another provider", MatchSchema("ethpass"), ethpass(t), good},
		{"MatchSchema, your own", MatchSchema([]byte(`{"title":"order","type":"object","required":["id"],"properties":{"total":{"type":"number"}}}`)), `{"id":1}`, `{"total":"12"}`},
		{"MatchSchema, a format", MatchSchema([]byte(`{"properties":{"at":{"format":"date-time"}}}`)), `{"at":"2026-01-15T12:00:00Z"}`, `{"at":"noon"}`},
		{"MatchSchema, a body in gzip", MatchSchema([]byte(`{"required":["id"]}`)), zipped(`{"id":1}`), zipped(`{}`)},
		{"MatchSchema, not JSON", MatchSchema([]byte(`{"type":"object"}`)), `{}`, `<a/>`},

		{"BeDelivered, exhausted", BeDelivered(), delivery("delivered", 500, 200), delivery("exhausted", 500, "no_reply")},
		{"BeDelivered, of each", BeDelivered(), []mockserver.Delivery{delivery("delivered", 200)}, []mockserver.Delivery{delivery("delivered", 200), delivery("exhausted", 404), delivery("pending", 500)}},
		{"BeDelivered, before the first attempt", BeDelivered(), delivery("delivered", 200), delivery("pending")},
		{"BeDelivered, no deliveries", BeDelivered(), delivery("delivered", 200), []mockserver.Delivery{}},
		{"BeDelivered, many deliveries", BeDelivered(), slices.Repeat([]mockserver.Delivery{delivery("delivered", 200)}, 50), slices.Repeat([]mockserver.Delivery{delivery("dropped")}, 50)},
		{"BeExhausted", BeExhausted(), delivery("exhausted", 500, 500), delivery("delivered", 500, 200)},
		{"BeRefused", BeRefused(), delivery("exhausted", 401, 403), delivery("delivered", 401, 200)},
		{"BeRefused with a status", BeRefused(401, gomega.BeNumerically("==", 403)), delivery("pending", 401, 403), delivery("exhausted", 401, 404)},
		{"BeRefused, no attempt", BeRefused(), delivery("pending", 422), delivery("dropped")},

		{"HaveAttempts", HaveAttempts(500, "5xx", 202), delivery("delivered", 500, 503, 202), delivery("exhausted", 500, 404, 202)},
		{"HaveAttempts, one missing", HaveAttempts("no_reply", gomega.BeNumerically("<", 300)), delivery("delivered", "no_reply", 204), delivery("pending", "no_reply")},
		{"HaveAttempts, one too many", HaveAttempts(500), delivery("pending", 500), delivery("delivered", 500, 200)},
		{"HaveAttempts, a matcher that wants another type", HaveAttempts(gomega.HavePrefix("not_")), delivery("exhausted", "not_sent"), delivery("delivered", 200)},
		{"HaveAttempts, none", HaveAttempts(), delivery("dropped"), delivery("delivered", 200)},

		{"FollowSchedule, another wait", FollowSchedule("10s", 100*time.Second), spaced("delivered", 10, 100), spaced("delivered", 10, 90)},
		{"FollowSchedule, one missing", FollowSchedule([]time.Duration{10 * time.Second, 100 * time.Second}), spaced("pending", 10, 100), spaced("pending", 10)},
		{"FollowSchedule, one too many", FollowSchedule(gomega.BeNumerically(">", 9*time.Second)), spaced("pending", 10), []mockserver.Delivery{spaced("pending", 10), spaced("delivered", 10, 20)}},
		{"FollowSchedule, no attempt", FollowSchedule("10s"), spaced("delivered", 10), delivery("pending")},
		{"FollowSchedule, no wait and no attempt", FollowSchedule(), delivery("delivered", 200), delivery("dropped")},
		{"FollowSchedule, nothing came", FollowSchedule("10s").Within(time.Second), arrivals(10), emptyBin{}},
		{"FollowSchedule, no deliveries", FollowSchedule("10s"), spaced("delivered", 10), []mockserver.Delivery{}},
		{"FollowSchedule, many deliveries", FollowSchedule(), slices.Repeat([]mockserver.Delivery{delivery("delivered", 200)}, 50), append(slices.Repeat([]mockserver.Delivery{spaced("delivered", 1)}, 49), delivery("delivered", 200))},
		{"FollowSchedule of captures", FollowSchedule("10s", "1m").Within(2 * time.Second), arrivals(9, 62), arrivals(9, 63)},

		{"Pass", Pass(), fakeReport{true, "tour  seed 7\n  passed  one"}, fakeReport{false, "tour  seed 7\n  failed  one: want 2xx, got 500\n  repeat: hookrig run tour --seed 7"}},
	} {
		if ok, err := row.matcher.Match(row.good); !ok || err != nil {
			t.Errorf("%s: %v, %v: %s", row.name, ok, err, row.matcher.FailureMessage(row.good))
			continue
		}
		negated := row.matcher.NegatedFailureMessage(row.good)
		if ok, err := row.matcher.Match(row.bad); ok || err != nil {
			t.Errorf("%s: %v, %v", row.name, ok, err)
			continue
		}
		fmt.Fprintf(&b, "== %s\n%s\n-- not\n%s\n\n", row.name, row.matcher.FailureMessage(row.bad), negated)
	}
	golden(t, "texts.golden", b.String())
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if differs := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); differs != "" {
		t.Errorf("%s differs; go test ./suites/matchers -update writes it anew:\n%s", file, differs)
	}
}

// A message that was not captured is checked as if it arrived now: a timestamp of today is fresh.
func TestASentMessageIsCheckedNow(t *testing.T) {
	for at, want := range map[time.Time]bool{time.Now(): true, noon: false} {
		sent := renderedAt(t, "stripe", "invoice.paid", "c1", at)
		if ok, err := BeSignedBy("stripe", "s3cret").Match(sent.Message); ok != want || err != nil {
			t.Errorf("signed at %v: %v, %v", at, ok, err)
		}
		if ok, err := BeSignedBy("stripe", "s3cret").Match(sent); !ok || err != nil {
			t.Errorf("captured at %v: %v, %v", at, ok, err)
		}
	}
}

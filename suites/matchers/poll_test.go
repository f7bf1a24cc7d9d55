package matchers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	. "github.com/hookrig/hookrig/suites/matchers"
)

// failures is a Gomega that keeps its failures, and the last one.
func failures() (*gomega.WithT, *string) {
	last := ""
	return gomega.NewWithT(keeper{&last}), &last
}

type keeper struct{ last *string }

func (keeper) Helper() {}

func (k keeper) Fatalf(_ string, args ...any) { *k.last = strings.TrimSpace(args[0].(string)) }

// A matcher that is wrong itself is an error, not a mismatch: Not must not turn it into a success,
// even if nothing arrived. Nothing that arrives can make it right, so it ends the polling at once:
// of a bin, and of a function, whose matchers Gomega does not ask whether they may still match. The
// golden file has the errors to the letter.
func TestAWrongMatcherStopsThePolling(t *testing.T) {
	t.Parallel()
	var texts strings.Builder
	wrongJSON := HaveJSON(".a |", 1)
	for _, row := range []struct {
		name  string
		wrong types.GomegaMatcher
	}{
		{"jq syntax", HaveReceived(wrongJSON)},
		{"no such member", HaveReceived(HaveJSON(".name", 1))},
		{"no JSON value", HaveReceived(HaveJSON(".body", make(chan int)))},
		{"wrong below another", HaveReceived(HaveHeader("a", wrongJSON))},
		{"wrong below JSON", HaveReceived(HaveJSON(".body", wrongJSON))},
		{"an unknown provider", HaveReceived(BeSignedBy("neostor", "s"))},
		{"no provider", HaveReceived(BeEvent(5, "x"))},
		{"a provider that is nil", HaveReceived(MatchSchema((*fixtures.Provider)(nil)))},
		{"no secret", HaveReceived(BeSignedBy("neostore"))},
		{"a secret that is empty", HaveReceived(BeSignedBy("neostore", "s3cret", ""))},
		{"a provider that signs nothing", HaveReceived(BeSignedBy(&fixtures.Provider{Name: "plain"}, "s"))},
		{"an unknown event", HaveReceived(BeEvent("neostore", "Pass:Instaled"))},
		{"no name", HaveReceived(BeEvent("neostore", 5))},
		{"no header", HaveReceived(HaveHeader(""))},
		{"no header value", HaveReceived(HaveHeader("Content-Length", 5))},
		{"a header value that is nil", HaveReceived(HaveHeader("Content-Length", nil))},
		{"no body", HaveReceived(HaveBody(nil))},
		{"a schema of nobody", HaveReceived(MatchSchema("neostor"))},
		{"a schema that is nil", HaveReceived(MatchSchema(nil))},
		{"no JSON Schema", HaveReceived(MatchSchema([]byte(`{`)))},
		{"a wrong JSON Schema", HaveReceived(MatchSchema([]byte(`{"type":"objekt"}`)))},
		{"a schema elsewhere", HaveReceived(MatchSchema([]byte(`{"$ref":"https://example.com/x"}`)))},
		{"no number", HaveReceived().Times(-1)},
		{"no range", HaveReceived().AtLeast(3).AtMost(2)},
		{"a condition that is nil", HaveReceived(HaveBody(""), nil)},
		{"no conditions", HaveReceivedInOrder()},
		{"wrong in an order", HaveReceivedInOrder(wrongJSON)},
		{"nil in an order", HaveReceivedInOrder(nil)},
		{"a matcher that is nil", HaveReceived(HaveJSON(".body", (*ReceivedMatcher)(nil)))},
		{"an exact arrival", FollowSchedule("1s")},
		{"an unknown duration", FollowSchedule("1 second")},
		{"no duration", FollowSchedule(5)},
		{"a duration that is nil", FollowSchedule(nil)},
		{"a negative tolerance", FollowSchedule("1s").Within(-1)},
		{"wrong below a wait", FollowSchedule(wrongJSON)},
		{"wrong below Not", HaveReceived(gomega.Not(wrongJSON))},
		{"wrong below And", HaveReceivedInOrder(gomega.And(HaveBody("{}"), BeSignedBy("neostor", "s")))},
		{"wrong below Or and Not", HaveReceived(gomega.Or(HaveBody("{}"), gomega.Not(wrongJSON)))},
		{"wrong below WithTransform", HaveReceived(gomega.WithTransform(func(c mockserver.Capture) any { return c }, wrongJSON))},
		{"wrong below a list", HaveReceived(HaveJSON(".body", gomega.ContainElement(gomega.HaveExactElements(1, wrongJSON))))},
		{"wrong below a key", HaveReceived(HaveJSON(".body", gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{"a": wrongJSON})))},
		{"wrong below a condition of Gomega", gomega.And(HaveReceived(gomega.HaveField("Message", wrongJSON)))},
	} {
		ok, err := row.wrong.Match(emptyBin{})
		if fmt.Fprintf(&texts, "== %s\n%v\n\n", row.name, err); ok || err == nil {
			t.Errorf("%s, an empty bin: %v, %v", row.name, ok, err)
			continue
		}
		for _, by := range []string{"a bin", "a function"} {
			g, message := failures()
			polled := &bin{captures: []mockserver.Capture{capture("c1", "{}")}, looks: 1}
			looks := 0
			eventually := g.Eventually(polled)
			if by == "a function" {
				eventually = g.Eventually(func() []mockserver.Capture { looks++; return polled.captures })
			}
			if eventually.WithTimeout(time.Hour).ShouldNot(row.wrong) || !strings.Contains(*message, err.Error()) || looks > 1 || polled.looks > 2 {
				t.Errorf("%s, %s: %d looks, %s", row.name, by, max(looks, polled.looks), *message)
			}
		}
	}
	for _, wrong := range []types.GomegaMatcher{wrongJSON, HaveReceived(HaveBody(1)), HaveReceivedInOrder()} { // where Gomega knows no StopTrying
		if types.MatchMayChangeInTheFuture(wrong, &bin{}) {
			t.Errorf("%s may still match", wrong)
		}
	}
	for _, row := range []struct {
		name  string
		wrong types.GomegaMatcher
	}{
		{"no status", HaveAttempts(1000)},
		{"no class", HaveAttempts("5x")},
		{"no outcome", BeRefused("no_response")},
		{"no kind of outcome", HaveAttempts(nil)},
		{"wrong in attempts", HaveAttempts(wrongJSON)},
		{"wrong below And in attempts", HaveAttempts(gomega.And(wrongJSON))},
	} {
		ok, err := row.wrong.Match(delivery("delivered", 200))
		if fmt.Fprintf(&texts, "== %s\n%v\n\n", row.name, err); ok || err == nil || types.MatchMayChangeInTheFuture(row.wrong, Track(nil, delivery("pending"))) {
			t.Errorf("%s: %v, %v", row.name, ok, err)
		}
	}
	golden(t, "wrong_matchers.golden", texts.String())
}

// A subject of the wrong kind, a bin that cannot be read, and what cannot be told, are errors too.
func TestWrongSubjectsAreErrors(t *testing.T) {
	t.Parallel()
	paid := HaveJSON(".body.items[].paid", true)
	items := capture("c1", `{"items":[{"paid":true},{"paid":false}]}`)
	many := capture("c1", `{"items":[{"paid":true},{"paid":false},{"paid":null},{"paid":1},{"paid":2}]}`)
	large := HaveJSON(`"x" * 1000000000 | length`, 5)
	failing := &bin{err: errors.New("disk full")}
	var texts strings.Builder
	for _, row := range []struct {
		name    string
		matcher types.GomegaMatcher
		actual  any
	}{
		{"HaveJSON", HaveJSON(".body.a", 1), 42},
		{"BeSignedBy", BeSignedBy("neostore", "s"), "x"},
		{"nil", HaveBody(""), (*mockserver.Capture)(nil)},
		{"a list for one", HaveBody(""), []mockserver.Capture{items}},
		{"HaveReceived", HaveReceived(), 42},
		{"HaveReceived, what a wait returned", HaveReceived(), mockserver.Waited{}},
		{"HaveReceived, nil", HaveReceived(), nil},
		{"HaveReceived, a nil bin", HaveReceived(), (*mockserver.Bin)(nil)},
		{"a bin that fails", HaveReceived(), failing},
		{"an order of that", HaveReceivedInOrder(HaveBody("")), failing},
		{"BeDelivered", BeDelivered(), items},
		{"BeDelivered, nil", BeDelivered(), (*Tracked)(nil)},
		{"BeDelivered, no client", BeDelivered(), Track(nil, delivery("pending"))},
		{"FollowSchedule", FollowSchedule("1s"), 42},
		{"FollowSchedule, a bin that fails", FollowSchedule("1s").Within(1), failing},
		{"Pass", Pass(), 42},
		{"Pass, nil", Pass(), (*fakeReport)(nil)},

		{"HaveJSON, two values", paid, items},
		{"HaveJSON, many values", paid, many},
		{"HaveJSON, not several values", gomega.Not(paid), items},
		{"HaveJSON, too much memory", large, items},
		{"HaveReceived, a condition with several values", HaveReceived(paid), []mockserver.Capture{items}},
		{"HaveReceived, at most as many", HaveReceived(HaveHeader("X-Shop"), gomega.Not(paid)).AtMost(1), []mockserver.Capture{shop("c1", `{"items":[]}`), withHeader(items, "X-Shop", "b")}},
		{"HaveReceivedInOrder, a condition with several values", HaveReceivedInOrder(paid), []mockserver.Capture{items}},
	} {
		ok, err := row.matcher.Match(row.actual)
		if fmt.Fprintf(&texts, "== %s\n%v\n\n", row.name, err); ok || err == nil {
			t.Errorf("%s: %v, %v", row.name, ok, err)
		}
		if types.MatchMayChangeInTheFuture(row.matcher, row.actual) && row.actual == nil {
			t.Errorf("%s may match", row.name)
		}
	}
	golden(t, "wrong_subjects.golden", texts.String())

	one := capture("c2", `{"items":[{"paid":true}]}`)
	for name, m := range map[string]types.GomegaMatcher{ // what is certain without the others
		"one is there":  HaveReceived(paid),
		"too many":      gomega.Not(HaveReceived(paid).AtMost(0)),
		"an order":      HaveReceivedInOrder(paid),
		"not in either": gomega.Not(HaveReceived(paid, HaveBody(""))),
	} {
		if ok, err := m.Match([]mockserver.Capture{items, one}); !ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

// Eventually polls a bin until it matches, and stops as soon as it no longer can: captures do not
// disappear.
func TestEventuallyPollsABinAndStopsEarly(t *testing.T) {
	t.Parallel()
	list := []mockserver.Capture{capture("c1", "1"), capture("c2", "2"), capture("c3", "3")}
	for name, m := range map[string]types.GomegaMatcher{
		"HaveReceived":        HaveReceived().AtLeast(3),
		"HaveReceivedInOrder": HaveReceivedInOrder(HaveBody("1"), HaveBody("3")),
	} {
		gomega.NewWithT(t).Eventually(&bin{captures: list}).WithPolling(time.Millisecond).Should(m, name)
	}
	for name, m := range map[string]types.GomegaMatcher{
		"too many":   HaveReceived().Times(1),
		"a late one": FollowSchedule(gomega.BeNumerically(">", time.Hour)),
	} {
		g, message := failures()
		if g.Eventually(&bin{captures: list, looks: 2}).WithTimeout(time.Hour).WithPolling(time.Millisecond).Should(m) || !strings.Contains(*message, "No future change is possible") {
			t.Errorf("%s: %s", name, *message)
		}
	}
	g, message := failures()
	if g.Eventually(list).WithTimeout(time.Hour).Should(HaveReceived().AtLeast(4)) || *message == "" {
		t.Error("a list of captures can grow")
	}
}

// Track polls deliveries of a server. It stops at a final state, and at an attempt that is wrong
// already.
func TestTrack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var status atomic.Int64
	status.Store(http.StatusOK)
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	t.Cleanup(consumer.Close)
	server := mockserver.StartT(t)
	neostore := server.Provider("neostore")
	if _, err := neostore.Register(ctx, mockserver.Endpoint{URL: consumer.URL, Events: []string{"Pass:*"}, Retry: "at-least-once"}); err != nil {
		t.Fatal(err)
	}
	emitted := func() []mockserver.Delivery {
		t.Helper()
		deliveries, err := neostore.Emit(ctx, "Pass:Created")
		if err != nil {
			t.Fatal(err)
		}
		return deliveries
	}
	first := emitted()
	gomega.NewWithT(t).Eventually(Track(server.Client(), first...)).WithTimeout(time.Minute).Should(gomega.And(BeDelivered(), HaveAttempts(200)))

	status.Store(http.StatusNotFound)
	second := emitted()
	down := Track(server.Client(), second...)
	for name, m := range map[string]types.GomegaMatcher{
		"an attempt that is wrong already": HaveAttempts(500, 200),
		"refused, but with another status": BeRefused(401),
	} {
		g, message := failures()
		if g.Eventually(down).WithTimeout(time.Hour).WithPolling(time.Millisecond).Should(m) || !strings.Contains(*message, "No future change is possible") {
			t.Errorf("%s: %s", name, *message)
		}
	}
	gomega.NewWithT(t).Eventually(down).WithTimeout(time.Minute).Should(BeRefused())
	if ok, err := BeDelivered().Match(down); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if _, err := server.Advance(ctx, 30*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	gomega.NewWithT(t).Expect(down).To(BeExhausted())
	g, message := failures()
	if g.Eventually(down).WithTimeout(time.Hour).Should(BeDelivered()) || !strings.Contains(*message, "it is exhausted:") {
		t.Error(*message)
	}

	if ok, err := BeExhausted().Match(Track(server.Client(), second[0], first[0])); ok || err != nil {
		t.Errorf("each of two deliveries, of which one is delivered: %v, %v", ok, err)
	}

	unknown := Track(server.Client(), mockserver.Delivery{ID: "d999"})
	if ok, err := BeDelivered().Match(unknown); ok || !errors.Is(err, mockserver.ErrNotFound) {
		t.Errorf("%v, %v", ok, err)
	}
	g, message = failures()
	for _, m := range []types.GomegaMatcher{BeDelivered(), FollowSchedule("1s")} {
		if g.Eventually(Track(server.Client())).WithTimeout(time.Hour).Should(m) || !strings.Contains(*message, "there are none") {
			t.Errorf("%s: %s", m, *message)
		}
	}
}

// A pending delivery can still match: polling goes on.
func TestPendingDeliveriesMayChange(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]types.GomegaMatcher{
		"BeDelivered":    BeDelivered(),
		"BeExhausted":    BeExhausted(),
		"HaveAttempts":   HaveAttempts(500, 200),
		"FollowSchedule": FollowSchedule("1s"),
	} {
		tracked := Track(nil, delivery("pending", 500))
		if ok, err := m.Match(delivery("pending", 500)); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		if !types.MatchMayChangeInTheFuture(m, tracked) {
			t.Errorf("%s: polling ends although the delivery is pending", name)
		}
		if ok, err := m.Match(delivery("stopped", 500)); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		if types.MatchMayChangeInTheFuture(m, tracked) {
			t.Errorf("%s: polling goes on although the delivery is stopped", name)
		}
	}
}

// blockedBin never answers.
type blockedBin struct{}

func (blockedBin) Captures(ctx context.Context) ([]mockserver.Capture, error) {
	if _, limited := ctx.Deadline(); !limited {
		return nil, errors.New("reading has no time limit")
	}
	return nil, nil
}

func TestReadingABinHasATimeLimit(t *testing.T) {
	t.Parallel()
	if _, err := HaveReceived().Match(blockedBin{}); err != nil {
		t.Error(err)
	}
}

// A bin that evicted captures cannot tell how many arrived: that is an error, unless what it still
// has decides.
func TestEvictedCapturesAreMissed(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Store: mockserver.NewMemory(mockserver.MemoryOptions{PerBin: 2})})
	inbox := server.Bin("inbox")
	for _, body := range []string{"1", "2", "3", "4", "5"} {
		response, err := http.Post(inbox.URL(), "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const missing = "bin inbox evicted 3 captures to make room, so what it received cannot be told: " +
		"keep more (Limits.PerBin of the store, serve --keep-captures), or use a new bin for each test"
	for name, row := range map[string]struct {
		matcher types.GomegaMatcher
		want    string // true, false or the error
	}{
		"one is there":              {HaveReceived(HaveBody("5")), "true"},
		"it may have been evicted":  {HaveReceived(HaveBody("1")), missing},
		"it may have been, not":     {gomega.Not(HaveReceived(HaveBody("1"))), missing},
		"enough":                    {HaveReceived().AtLeast(2), "true"},
		"not enough":                {HaveReceived().AtLeast(3), missing},
		"as many":                   {HaveReceived().Times(2), missing},
		"too many":                  {HaveReceived().Times(1), "false"},
		"at most so many":           {HaveReceived().AtMost(5), missing},
		"more than at most":         {HaveReceived().AtMost(1), "false"},
		"more than at most, not":    {gomega.Not(HaveReceived().AtMost(1)), "true"},
		"in order":                  {HaveReceivedInOrder(HaveBody("4"), HaveBody("5")), "true"},
		"in another order":          {HaveReceivedInOrder(HaveBody("5"), HaveBody("4")), missing},
		"the waits between them":    {FollowSchedule("1h").Within(time.Hour), missing},
		"in order, from the middle": {HaveReceivedInOrder(HaveBody("5")), "true"},
	} {
		ok, err := row.matcher.Match(inbox)
		got := fmt.Sprint(ok)
		if err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
	if ok, err := HaveReceived().Times(0).Match(server.Bin("other")); !ok || err != nil {
		t.Errorf("a bin that nobody has sent to: %v, %v", ok, err)
	}
}

// A matcher of the test is asked again at every poll: it may look at what the capture does not
// tell.
func TestMatchersOfTheTestAreAskedAgain(t *testing.T) {
	t.Parallel()
	answer := false
	asked := gomega.Satisfy(func(any) bool { return answer })
	list := []mockserver.Capture{withHeader(rendered(t, "neostore", "Pass:Created", "c1"), "X-Shop", "a")}
	for name, c := range map[string]types.GomegaMatcher{
		"HaveJSON": HaveJSON(".method", asked), "HaveHeader": HaveHeader("X-Shop", asked), "HaveBody": HaveBody(asked), "BeEvent": BeEvent("neostore", asked), "alone": asked,
	} {
		m := HaveReceived(c)
		for _, answer = range []bool{false, true, false} {
			if ok, err := m.Match(list); ok != answer || err != nil {
				t.Errorf("%s: got %v, %v, want %v", name, ok, err, answer)
			}
		}
	}
}

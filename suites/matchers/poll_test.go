package matchers_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

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

// A matcher that is wrong itself is an error, not a mismatch: Not must not turn it into a success.
// Nothing that arrives can make it right, so it ends the polling at once: of a bin, and of a
// function, whose matchers Gomega does not ask whether they may still match.
func TestAWrongMatcherStopsThePolling(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		wrong types.GomegaMatcher
		text  string // in the failure
	}{
		"jq syntax":            {HaveReceived(HaveJSON(".a |", 1)), "jq expression"},
		"no such member":       {HaveReceived(HaveJSON(".name", 1)), "jq expression"},
		"no JSON value":        {HaveReceived(HaveJSON(".body", make(chan int))), "cannot be written as JSON"},
		"wrong below another":  {HaveReceived(HaveHeader("a", HaveJSON(".a |", 1))), "jq expression"},
		"wrong below JSON":     {HaveReceived(HaveJSON(".body", HaveJSON(".a |", 1))), "jq expression"},
		"an unknown provider":  {HaveReceived(BeSignedBy("neostor", "s")), `did you mean "neostore"?`},
		"no provider":          {HaveReceived(BeEvent(5, "x")), "wants the name of a provider"},
		"no secret":            {HaveReceived(BeSignedBy("neostore")), "no secret to verify with"},
		"an unknown event":     {HaveReceived(BeEvent("neostore", "Pass:Instaled")), `did you mean "Pass:Installed"?`},
		"no name":              {HaveReceived(BeEvent("neostore", 5)), "BeEvent wants a string or a matcher, got int 5"},
		"no header":            {HaveReceived(HaveHeader("")), "the name is empty"},
		"no header value":      {HaveReceived(HaveHeader("Content-Length", 5)), "HaveHeader wants a string or a matcher, got int 5"},
		"no body":              {HaveReceived(HaveBody(nil)), "HaveBody wants a string or a matcher"},
		"a schema of nobody":   {HaveReceived(MatchSchema("neostor")), `did you mean "neostore"?`},
		"no JSON Schema":       {HaveReceived(MatchSchema([]byte(`{`))), "the schema is not JSON"},
		"a wrong JSON Schema":  {HaveReceived(MatchSchema([]byte(`{"type":"objekt"}`))), "MatchSchema: "},
		"a schema elsewhere":   {HaveReceived(MatchSchema([]byte(`{"$ref":"https://example.com/x"}`))), "it must have everything inside"},
		"no number":            {HaveReceived().Times(-1), "no number of captures is that"},
		"no range":             {HaveReceived().AtLeast(3).AtMost(2), "no number of captures is that"},
		"no conditions":        {HaveReceivedInOrder(), "it would always match"},
		"wrong in an order":    {HaveReceivedInOrder(HaveJSON(".a |", 1)), "jq expression"},
		"an exact arrival":     {FollowSchedule("1s"), "add Within"},
		"an unknown duration":  {FollowSchedule("1 second"), `duration "1 second"`},
		"no duration":          {FollowSchedule(5), "FollowSchedule: wait 5"},
		"a negative tolerance": {FollowSchedule("1s").Within(-1), "want 0 or more"},
		"wrong below Not":      {HaveReceived(gomega.Not(HaveJSON(".a |", 1))), "jq expression"},
		"wrong below And":      {HaveReceivedInOrder(gomega.And(HaveBody("{}"), BeSignedBy("neostor", "s"))), "did you mean"},
		"wrong below a wait":   {FollowSchedule(HaveJSON(".a |", 1)), "jq expression"},
	} {
		for _, by := range []string{"a bin", "a function"} {
			g, message := failures()
			polled := &bin{captures: []mockserver.Capture{capture("c1", "{}")}, looks: 1}
			looks := 0
			eventually := g.Eventually(polled)
			if by == "a function" {
				eventually = g.Eventually(func() []mockserver.Capture { looks++; return polled.captures })
			}
			if eventually.WithTimeout(time.Hour).ShouldNot(row.wrong) || !strings.Contains(*message, row.text) || looks > 1 || polled.looks > 2 {
				t.Errorf("%s, %s: %d looks, %s", name, by, max(looks, polled.looks), *message)
			}
		}
	}
	for _, wrong := range []types.GomegaMatcher{HaveJSON(".a |", 1), HaveReceived(HaveBody(1)), HaveReceivedInOrder()} { // where Gomega knows no StopTrying
		if types.MatchMayChangeInTheFuture(wrong, &bin{}) {
			t.Errorf("%s may still match", wrong)
		}
	}
	for name, wrong := range map[string]types.GomegaMatcher{
		"no status":            HaveAttempts(1000),
		"no class":             HaveAttempts("5x"),
		"no outcome":           BeRefused("no_response"),
		"no kind of outcome":   HaveAttempts(nil),
		"wrong in an attempts": HaveAttempts(HaveJSON(".a |", 1)),
	} {
		if ok, err := wrong.Match(delivery("delivered", 200)); ok || err == nil || types.MatchMayChangeInTheFuture(wrong, Track(nil, delivery("pending"))) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

// A subject of the wrong kind, and a bin that cannot be read, are errors too.
func TestWrongSubjectsAreErrors(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		matcher types.GomegaMatcher
		actual  any
		text    string
	}{
		"HaveJSON":           {HaveJSON(".body.a", 1), 42, "HaveJSON wants a mockserver.Capture, Message or Attempt, got int"},
		"BeSignedBy":         {BeSignedBy("neostore", "s"), "x", "BeSignedBy wants a mockserver.Capture, Message or Attempt, got string"},
		"nil":                {HaveBody(""), (*mockserver.Capture)(nil), "got *journal.Capture"},
		"HaveReceived":       {HaveReceived(), 42, "HaveReceived wants a bin, captures or messages, got int"},
		"HaveReceived, nil":  {HaveReceived(), nil, "got <nil>"},
		"a bin that fails":   {HaveReceived(), &bin{err: errors.New("disk full")}, "disk full"},
		"an order of that":   {HaveReceivedInOrder(HaveBody("")), &bin{err: errors.New("disk full")}, "disk full"},
		"BeDelivered":        {BeDelivered(), capture("c1", ""), "BeDelivered() wants a delivery, deliveries or Track(…), got journal.Capture"},
		"FollowSchedule":     {FollowSchedule("1s"), 42, "FollowSchedule wants a delivery, deliveries, Track(…), a bin or captures, got int"},
		"FollowSchedule bin": {FollowSchedule("1s").Within(1), &bin{err: errors.New("disk full")}, "disk full"},
		"Pass":               {Pass(), 42, "Pass wants a report such as scenarios.Report, got int"},
	} {
		if ok, err := row.matcher.Match(row.actual); ok || err == nil || !strings.Contains(err.Error(), row.text) {
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

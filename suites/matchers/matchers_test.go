package matchers_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/matchers"
)

// signed is a neostore capture, signed with "s3cret".
func signed(t *testing.T, id string) mockserver.Capture {
	t.Helper()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Render(fixtures.Draw{Seed: 7, Stream: id}, "Pass:Installed", fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Message("http://127.0.0.1/hooks", e, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signing.Sign(&m, signature.Context{ID: e.ID, Time: time.Now(), EventTime: e.At}, "s3cret"); err != nil {
		t.Fatal(err)
	}
	return mockserver.Capture{ID: id, Message: m, At: time.Now()}
}

func capture(id, body string) mockserver.Capture {
	return mockserver.Capture{ID: id, Message: signature.Message{Method: "POST", Target: "/inbox", Body: []byte(body)}}
}

func formCapture() mockserver.Capture {
	return mockserver.Capture{ID: "c9", Message: signature.Message{
		Method: "POST", Target: "/inbox?shop=a%20b", Headers: signature.Headers{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}, Body: []byte("CallSid=CA1&x=1&x=2"),
	}}
}

// Each row is what a matcher says of a subject: nothing when it matches, else its failure message
// to the letter.
func TestMatchers(t *testing.T) {
	good := signed(t, "c1")
	tampered := good.Clone()
	tampered.Headers.Set("x-neostore-signature", "00")
	unsigned := good.Clone()
	unsigned.Headers.Del("x-neostore-signature")
	pass := capture("c1", `{"name":"Pass:Created","n":9007199254740993,"f":1.0,"list":[1,{"a":null}],"link":"<a&b>"}`)
	other := capture("c2", `{"name":"Pass:Updated"}`)

	for _, row := range []struct {
		name    string
		matcher types.GomegaMatcher
		actual  any
		failure string
	}{
		{"a string", matchers.HaveJSON(".body.name", "Pass:Created"), pass, ""},
		{"another string", matchers.HaveJSON(".body.name", "Pass:Created"), other, `expected .body.name to be "Pass:Created", got "Pass:Updated"`},
		{"an integer beyond float64", matchers.HaveJSON(".body.n", 9007199254740993), pass, ""},
		{"its neighbour, which a float64 takes for the same", matchers.HaveJSON(".body.n", 9007199254740992), pass, `expected .body.n to be 9007199254740992, got 9007199254740993`},
		{"1 is 1.0", matchers.HaveJSON(".body.f", 1), pass, ""},
		{"a structure", matchers.HaveJSON(".body.list", []any{1, map[string]any{"a": nil}}), pass, ""},
		{"null for a missing member", matchers.HaveJSON(".body.absent", nil), pass, ""},
		{"no HTML escapes in the text", matchers.HaveJSON(".body.link", "x"), pass, `expected .body.link to be "x", got "<a&b>"`},
		{"a matcher in the place of a value", matchers.HaveJSON(".body.list | length", gomega.BeNumerically(">", 1)), pass, ""},
		{"bytes", matchers.HaveJSON(".body.a", 1), []byte(`{"a":1}`), ""},
		{"not JSON", matchers.HaveJSON(".body.a", 1), capture("c3", "hello"), `expected .body.a to be 1, but expected an object but got: string ("hello")`},
		{"an error of jq", matchers.HaveJSON(".body.name.x", 1), pass, `expected .body.name.x to be 1, but expected an object but got: string ("Pass:Created")`},

		{"signed", matchers.BeSignedBy("neostore", "s3cret"), good, ""},
		{"signed by one of two", matchers.BeSignedBy("neostore", "new", "s3cret"), good, ""},
		{"a message that was sent", matchers.BeSignedBy("neostore", "s3cret"), good.Message, ""},

		{"received", matchers.HaveReceived(), []mockserver.Capture{pass}, ""},
		{"received nothing", matchers.HaveReceived(), []mockserver.Capture{}, "expected the captures to have received at least 1 capture, got 0 of 0"},
		{"received one that matches", matchers.HaveReceived(matchers.HaveJSON(".body.name", "Pass:Created")).Times(1), []mockserver.Capture{pass, other}, ""},
		{
			"received none that matches", matchers.HaveReceived(matchers.HaveJSON(".body.name", "Pass:Deleted")),
			[]mockserver.Capture{pass, other},
			"expected the captures to have received at least 1 capture with HaveJSON(\".body.name\", \"Pass:Deleted\"), got 0 of 2; nearest:\n" +
				"  c1 POST /inbox: expected .body.name to be \"Pass:Deleted\", got \"Pass:Created\"\n" +
				"  c2 POST /inbox: expected .body.name to be \"Pass:Deleted\", got \"Pass:Updated\"",
		},
		{"received too many", matchers.HaveReceived().Times(1), []mockserver.Capture{pass, other}, "expected the captures to have received exactly 1 capture, got 2 of 2:\n" +
			"  c1 POST /inbox 89 bytes {\"name\":\"Pass:Created\",\"n\":9007199254740993,\"f\":1.0,\"list\":[1,{\"a\":null}],\"link\":\"<a&b>\"}\n" +
			"  c2 POST /inbox 23 bytes {\"name\":\"Pass:Updated\"}"},
		{
			"a nested matcher that cannot judge one of the captures", matchers.HaveReceived(matchers.HaveJSON(".body.points", gomega.BeNumerically(">", 0))).Times(1),
			[]mockserver.Capture{capture("c1", `{"event":"other"}`), capture("c2", "hello"), capture("c3", `{"points":5}`)},
			"",
		},
		{
			"why a nested matcher cannot judge, the nearest first", matchers.HaveReceived(matchers.HaveJSON(".body.name", "a"), matchers.HaveJSON(".body.points", gomega.BeNumerically(">", 0))),
			[]mockserver.Capture{capture("c1", `{"name":"b"}`), capture("c2", `{"name":"a","points":"five"}`)},
			"expected the captures to have received at least 1 capture with HaveJSON(\".body.name\", \"a\") and HaveJSON(\".body.points\", a value for BeNumerically), got 0 of 2; nearest:\n" +
				"  c2 POST /inbox: expected .body.points to be a value for BeNumerically, but it is \"five\": Expected a number.  Got\n" +
				"  c1 POST /inbox: expected .body.name to be \"a\", got \"b\"; expected .body.points to be a value for BeNumerically, but it is null: Expected a number.  Got",
		},
		{"a form", matchers.HaveJSON(".form.CallSid", "CA1"), formCapture(), ""},
		{"a parameter", matchers.HaveJSON(".params.shop", "a b"), formCapture(), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			ok, err := row.matcher.Match(row.actual)
			if err != nil {
				t.Fatal(err)
			}
			if ok != (row.failure == "") {
				t.Fatalf("matched: %v, message: %s", ok, row.matcher.FailureMessage(row.actual))
			}
			if !ok && row.matcher.FailureMessage(row.actual) != row.failure {
				t.Errorf("got  %s\nwant %s", row.matcher.FailureMessage(row.actual), row.failure)
			}
		})
	}

	// The explanation behind the colon is the verifier's; that a result is given in words is the
	// matcher's.
	for verdict, subject := range map[string]mockserver.Capture{"missing": unsigned, "mismatch": signedWith(good, "00ff"), "malformed": tampered} {
		m := matchers.BeSignedBy("neostore", "s3cret")
		ok, err := m.Match(subject)
		if ok || err != nil {
			t.Errorf("%s: matched %v, %v", verdict, ok, err)
		}
		if text := m.FailureMessage(subject); !strings.HasPrefix(text, "expected a valid neostore signature, it is "+verdict+": ") {
			t.Errorf("%s: %s", verdict, text)
		}
	}
}

func signedWith(c mockserver.Capture, prefix string) mockserver.Capture {
	c = c.Clone()
	old := c.Headers.Get("x-neostore-signature")
	c.Headers.Set("x-neostore-signature", prefix+old[len(prefix):])
	return c
}

// A subject or an argument of the wrong kind is an error, not a mismatch: Not() must not turn it
// into a pass.
func TestMisuseIsAnError(t *testing.T) {
	for name, row := range map[string]struct {
		matcher types.GomegaMatcher
		actual  any
	}{
		"no JSON subject":    {matchers.HaveJSON(".body.a", 1), 42},
		"wrong jq":           {matchers.HaveJSON(".body.a |", 1), []byte("{}")},
		"value not in JSON":  {matchers.HaveJSON(".body.a", make(chan int)), []byte("{}")},
		"unknown provider":   {matchers.BeSignedBy("neostor", "s"), mockserver.Capture{}},
		"no secret":          {matchers.BeSignedBy("neostore"), mockserver.Capture{}},
		"no signed subject":  {matchers.BeSignedBy("neostore", "s"), "x"},
		"no bin":             {matchers.HaveReceived(), 42},
		"error of a matcher": {matchers.HaveReceived(matchers.HaveJSON(".body.a |", 1)), []mockserver.Capture{{}}},
		"bin that fails":     {matchers.HaveReceived(), &bin{err: errors.New("gone")}},
	} {
		if ok, err := row.matcher.Match(row.actual); err == nil {
			t.Errorf("%s: no error, matched %v", name, ok)
		}
	}
}

// A matcher that is wrong itself ends the polling at once: nothing that arrives can make it right.
func TestAWrongMatcherStopsThePolling(t *testing.T) {
	for name, wrong := range map[string]types.GomegaMatcher{
		"jq syntax":           matchers.HaveReceived(matchers.HaveJSON(".a |", 1)),
		"no such member":      matchers.HaveReceived(matchers.HaveJSON(".name", 1)),
		"an unknown provider": matchers.HaveReceived(matchers.BeSignedBy("neostor", "s")),
		"no secret":           matchers.HaveReceived(matchers.BeSignedBy("neostore")),
		"no JSON value":       matchers.HaveReceived(matchers.HaveJSON(".body", make(chan int))),
	} {
		var message string
		g := gomega.NewGomega(func(m string, _ ...int) { message = m })
		polled := &bin{captures: []mockserver.Capture{capture("c1", "{}")}}
		if g.Eventually(polled).WithTimeout(time.Hour).Should(wrong) || message == "" || polled.looks > 0 {
			t.Errorf("%s: %d looks, %s", name, polled.looks, message)
		}
	}
}

// What the failure of Consistently shows is what came.
func TestNegatedFailureShowsTheCapture(t *testing.T) {
	m := matchers.HaveReceived(matchers.HaveJSON(".body.name", "a"))
	list := []mockserver.Capture{capture("c1", `{"name":"a"}`)}
	if ok, err := m.Match(list); !ok || err != nil {
		t.Fatal(ok, err)
	}
	want := "expected the captures not to have received at least 1 capture with HaveJSON(\".body.name\", \"a\"), got 1 of 1:\n  c1 POST /inbox 12 bytes {\"name\":\"a\"}"
	if got := m.NegatedFailureMessage(list); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// bin is a bin that fills as it is looked into.
type bin struct {
	captures []mockserver.Capture
	looks    int
	err      error
}

func (b *bin) Captures(context.Context) ([]mockserver.Capture, error) {
	b.looks++
	return b.captures[:min(b.looks-1, len(b.captures))], b.err
}

func TestEventuallyPollsABinAndStopsEarly(t *testing.T) {
	list := []mockserver.Capture{capture("c1", "{}"), capture("c2", "{}"), capture("c3", "{}")}

	filling := &bin{captures: list}
	gomega.NewWithT(t).Eventually(filling).WithPolling(time.Millisecond).Should(matchers.HaveReceived().AtLeast(3))

	// Two are one too many, and captures do not go away: Eventually need not wait for the end of
	// its hour.
	var message string
	g := gomega.NewGomega(func(m string, _ ...int) { message = m })
	tooMany := &bin{captures: list[:2], looks: 5}
	if g.Eventually(tooMany).WithTimeout(time.Hour).Should(matchers.HaveReceived().Times(1)) || message == "" {
		t.Error("passed")
	}
}

// A failure is read on a terminal: what was received steers nothing there, and the target tells no
// secret.
func TestFailuresSteerNothing(t *testing.T) {
	t.Parallel()
	const bad = "\x1b]52;c;aGk=\x07\u009b31m\x9b\u202e\rx"
	c := capture("c1", "{\"a\":"+`"\u001b[31m\u009b\u202e"`+"}")
	c.Method, c.Target, c.Problems = "P"+bad, "/in"+bad+"?token=hush", []string{bad}
	received := matchers.HaveReceived(matchers.HaveJSON(".body.a", "1"))
	if _, err := received.Match([]mockserver.Capture{c}); err != nil {
		t.Fatal(err)
	}
	all := matchers.HaveReceived()
	if _, err := all.Match([]mockserver.Capture{c}); err != nil {
		t.Fatal(err)
	}
	value := matchers.HaveJSON(".body.a", "1")
	if _, err := value.Match(c); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{received.FailureMessage([]mockserver.Capture{c}), all.NegatedFailureMessage([]mockserver.Capture{c}), value.FailureMessage(c), c.GomegaString()} {
		if terminal.Text(text) != text || strings.Contains(text, "hush") {
			t.Errorf("%q", text)
		}
	}
}

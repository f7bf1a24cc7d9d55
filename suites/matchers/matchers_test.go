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
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/suites/matchers"
)

// signed is a neostore capture, signed with "s3cret".
func signed(t *testing.T, id string) journal.Capture {
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
	return journal.Capture{ID: id, Message: m, At: time.Now()}
}

func capture(id, body string) journal.Capture {
	return journal.Capture{ID: id, Message: signature.Message{Method: "POST", Target: "/inbox", Body: []byte(body)}}
}

// Each row is what a matcher says of a subject: nothing when it matches, else its failure message to the letter.
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
		{"a string", matchers.HaveJSON(".name", "Pass:Created"), pass, ""},
		{"another string", matchers.HaveJSON(".name", "Pass:Created"), other, `expected .name to be "Pass:Created", got "Pass:Updated"`},
		{"an integer beyond float64", matchers.HaveJSON(".n", 9007199254740993), pass, ""},
		{"its neighbour, which a float64 takes for the same", matchers.HaveJSON(".n", 9007199254740992), pass, `expected .n to be 9007199254740992, got 9007199254740993`},
		{"1 is 1.0", matchers.HaveJSON(".f", 1), pass, ""},
		{"a structure", matchers.HaveJSON(".list", []any{1, map[string]any{"a": nil}}), pass, ""},
		{"null for a missing member", matchers.HaveJSON(".absent", nil), pass, ""},
		{"no HTML escapes in the text", matchers.HaveJSON(".link", "x"), pass, `expected .link to be "x", got "<a&b>"`},
		{"a matcher in the place of a value", matchers.HaveJSON(".list | length", gomega.BeNumerically(">", 1)), pass, ""},
		{"bytes", matchers.HaveJSON(".a", 1), []byte(`{"a":1}`), ""},
		{"not JSON", matchers.HaveJSON(".a", 1), capture("c3", "hello"), `expected .a to be 1, but the body is not JSON: invalid character 'h' looking for beginning of value`},
		{"an error of jq", matchers.HaveJSON(".name.x", 1), pass, `expected .name.x to be 1, but expected an object but got: string ("Pass:Created")`},

		{"signed", matchers.BeSignedBy("neostore", "s3cret"), good, ""},
		{"signed by one of two", matchers.BeSignedBy("neostore", "new", "s3cret"), good, ""},
		{"a message that was sent", matchers.BeSignedBy("neostore", "s3cret"), good.Message, ""},

		{"received", matchers.HaveReceived(), []journal.Capture{pass}, ""},
		{"received nothing", matchers.HaveReceived(), []journal.Capture{}, "expected at least 1 captures, got 0 of 0"},
		{"received one that matches", matchers.HaveReceived(matchers.HaveJSON(".name", "Pass:Created")).Times(1), []journal.Capture{pass, other}, ""},
		{
			"received none that matches", matchers.HaveReceived(matchers.HaveJSON(".name", "Pass:Deleted")),
			[]journal.Capture{pass, other},
			"expected at least 1 matching captures, got 0 of 2; what did not match:\n" +
				"  c1 POST /inbox: expected .name to be \"Pass:Deleted\", got \"Pass:Created\"\n" +
				"  c2 POST /inbox: expected .name to be \"Pass:Deleted\", got \"Pass:Updated\"",
		},
		{"received too many", matchers.HaveReceived().Times(1), []journal.Capture{pass, other}, "expected exactly 1 captures, got 2 of 2"},
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

	// The explanation behind the colon is the verifier's; that a verdict is given in words is the matcher's.
	for verdict, subject := range map[string]journal.Capture{"missing": unsigned, "mismatch": signedWith(good, "00ff"), "malformed": tampered} {
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

func signedWith(c journal.Capture, prefix string) journal.Capture {
	c = c.Clone()
	old := c.Headers.Get("x-neostore-signature")
	c.Headers.Set("x-neostore-signature", prefix+old[len(prefix):])
	return c
}

// A subject or an argument of the wrong kind is an error, not a mismatch: Not() must not turn it into a pass.
func TestMisuseIsAnError(t *testing.T) {
	for name, row := range map[string]struct {
		matcher types.GomegaMatcher
		actual  any
	}{
		"no JSON subject":    {matchers.HaveJSON(".a", 1), 42},
		"wrong jq":           {matchers.HaveJSON(".a |", 1), []byte("{}")},
		"value not in JSON":  {matchers.HaveJSON(".a", make(chan int)), []byte("{}")},
		"unknown provider":   {matchers.BeSignedBy("neostor", "s"), journal.Capture{}},
		"no secret":          {matchers.BeSignedBy("neostore"), journal.Capture{}},
		"no signed subject":  {matchers.BeSignedBy("neostore", "s"), "x"},
		"no bin":             {matchers.HaveReceived(), 42},
		"error of a matcher": {matchers.HaveReceived(matchers.HaveJSON(".a |", 1)), []journal.Capture{{}}},
		"bin that fails":     {matchers.HaveReceived(), &bin{err: errors.New("gone")}},
	} {
		if ok, err := row.matcher.Match(row.actual); err == nil {
			t.Errorf("%s: no error, matched %v", name, ok)
		}
	}
}

// bin is a bin that fills as it is looked into.
type bin struct {
	captures []journal.Capture
	looks    int
	err      error
}

func (b *bin) Captures(context.Context) ([]journal.Capture, error) {
	b.looks++
	return b.captures[:min(b.looks-1, len(b.captures))], b.err
}

func TestEventuallyPollsABinAndStopsEarly(t *testing.T) {
	list := []journal.Capture{capture("c1", "{}"), capture("c2", "{}"), capture("c3", "{}")}

	filling := &bin{captures: list}
	gomega.NewWithT(t).Eventually(filling).WithPolling(time.Millisecond).Should(matchers.HaveReceived().AtLeast(3))

	// Two are one too many, and captures do not go away: Eventually need not wait for the end of its hour.
	var message string
	g := gomega.NewGomega(func(m string, _ ...int) { message = m })
	tooMany := &bin{captures: list[:2], looks: 5}
	if g.Eventually(tooMany).WithTimeout(time.Hour).Should(matchers.HaveReceived().Times(1)) || message == "" {
		t.Error("passed")
	}
}

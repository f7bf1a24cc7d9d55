package conformance

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// What an exam of a sender needs is named when it is missing.
func TestExamineSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	inbox := mockserver.StartT(t).Bin("inbox")
	for want, s := range map[string]Sender{
		"the Sender has no Bin":                                 {},
		`unknown provider: there is no "strip"`:                 {Bin: inbox, Provider: "strip"},
		"the exam cannot begin: the bin has no request":         {Bin: inbox},
		"Send, event 1: the queue is down":                      {Bin: inbox, Send: func(context.Context) error { return errors.New("the queue is down") }},
		`skip: there is no check "orders": did you mean "order`: {Bin: inbox, Skip: map[string]string{"orders": "why"}},
	} {
		if _, err := s.examine(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A sender that is asked to send is examined once, unless it is another one.
func TestSenderIsExaminedOnce(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	send := func(context.Context) error { return nil }
	one := Sender{Bin: server.Bin("inbox"), Secrets: []string{"S"}, Send: send}
	for name, row := range map[string]struct {
		change func(*Sender)
		want   bool
	}{
		"another function": {func(s *Sender) { s.Send = func(context.Context) error { return nil } }, true},
		"the bin again":    {func(s *Sender) { s.Bin = server.Bin("inbox") }, true},
		"another bin":      {func(s *Sender) { s.Bin = server.Bin("other") }, false},
		"no bin":           {func(s *Sender) { s.Bin = nil }, false},
		"no function":      {func(s *Sender) { s.Send = nil }, false},
		"another secret":   {func(s *Sender) { s.Secrets = []string{"T"} }, false},
		"strict":           {func(s *Sender) { s.Strict = true }, false},
		"a later limit":    {func(s *Sender) { s.Late = time.Minute }, false},
	} {
		other := one
		row.change(&other)
		if got := sameSender(one, other); got != row.want {
			t.Errorf("%s: the same is %t", name, got)
		}
	}
	before := &exam.Report{}
	s := &senderSession{sender: one, report: before}
	if s.open(t.Context(), one); s.report != before {
		t.Error("it was examined again")
	}
}

package conformance

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// RegisterSender makes a spec for each check of a program that sends the webhooks of a provider,
// such as "standard-webhooks". Call it where you may call Register. get is called when the specs
// run; the Provider of its Sender may be "". RegisterSender returns true, so that you can write
// var _ = conformance.RegisterSender(…).
func RegisterSender(provider string, get func() Sender) bool {
	caller := types.NewCodeLocation(1)
	return Describe("webhook sender: "+provider, Label(provider), caller, func() {
		around := CurrentTreeConstructionNodeReport()
		Describe("requests", append(decorators(around, caller, false), func() {
			s := &senderSession{provider: provider, get: get}
			BeforeAll(func(ctx SpecContext) {
				if given := s.given(); slices.ContainsFunc(sender.Checks(), func(c sender.Check) bool { return selects(given, c.ID) }) {
					s.open(ctx, given)
				}
			})
			for _, check := range sender.Checks() {
				text := fmt.Sprintf("%s [%s]", check.Title, check.ID)
				It(text, Label(string(check.Level), string(check.Theme)), caller, func(ctx SpecContext) { s.spec(ctx, check.ID) })
			}
		})...)
	})
}

// senderSession is the exam of a sender, while its specs run.
type senderSession struct {
	provider string
	get      func() Sender
	sender   Sender
	report   *exam.Report
}

// spec is the spec of one check.
func (s *senderSession) spec(ctx context.Context, id string) {
	given := s.given()
	if !selects(given, id) {
		Skip("Sender.Only does not select it")
	}
	s.open(ctx, given)
	at := slices.IndexFunc(s.report.Checks, func(r exam.Result) bool { return r.ID == id })
	tell(only(*s.report, s.report.Checks[at]))
}

// given returns the user's sender.
func (s *senderSession) given() Sender {
	given := s.get()
	if given.Provider == "" {
		given.Provider = s.provider
	}
	if given.Provider != s.provider {
		Fail(fmt.Sprintf("RegisterSender has the provider %q, and the Sender %q", s.provider, given.Provider))
	}
	return given
}

// selects reports whether the sender selects the check. It is true for words that name nothing: the
// exam says what is wrong with them.
func selects(s Sender, id string) bool {
	list, err := sender.Select(s.Only...)
	return err != nil || slices.ContainsFunc(list, func(c sender.Check) bool { return c.ID == id })
}

// open makes the exam of the sender. One with Send is made once; without, what the bin has is
// graded for each spec, which may have filled it.
func (s *senderSession) open(ctx context.Context, given Sender) {
	if s.report != nil && given.Send != nil && sameSender(s.sender, given) {
		return
	}
	report, err := given.examine(ctx)
	if err != nil {
		Fail(err.Error())
	}
	s.sender, s.report = given, &report
}

// sameSender reports whether senders are equal but for Send. Bins are equal that have one address.
func sameSender(a, b Sender) bool {
	if (a.Send == nil) != (b.Send == nil) || b.Bin == nil || a.Bin.URL() != b.Bin.URL() || a.Catalogue != b.Catalogue {
		return false
	}
	for _, s := range []*Sender{&a, &b} {
		s.Send, s.Bin, s.Catalogue = nil, nil, nil
	}
	return reflect.DeepEqual(a, b)
}

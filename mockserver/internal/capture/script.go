package capture

import (
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Script is what a bin answers. The zero Script answers 200 to all.
//
// A response is chosen when the request has been read, before it is stored, so that it is in the same record. Requests
// that arrive at the same time are each given a turn of their own, in an order that need not be that of their numbers.
type Script struct {
	// Sequence is given one response after the other; the last one stays unless Loop.
	Sequence []journal.Response `json:"sequence,omitempty"`
	Loop     bool               `json:"loop,omitempty"`
	// By "delivery" starts the sequence for each delivery id; "" shares it among all requests of the bin.
	By string `json:"by,omitempty"`
	// Rules come before the sequence: the first whose Where holds answers.
	Rules []Rule `json:"rules,omitempty"`
}

// Rule answers the requests for which a jq condition holds: with one response, or with a sequence of responses as a Script's.
type Rule struct {
	Where string `json:"where"`
	// Response is the one response; the zero Response is 200. Not together with Sequence.
	Response journal.Response `json:"response,omitzero"`
	// Sequence is the rule's own: it is counted apart from those of the bin and of other rules.
	Sequence []journal.Response `json:"sequence,omitempty"`
	Loop     bool               `json:"loop,omitempty"`
	By       string             `json:"by,omitempty"`
}

// byDelivery is the one value of By besides "".
const byDelivery = "delivery"

// The most that a script may hold.
const (
	mostResponses = 10_000
	mostRules     = 100
)

// isZero says whether there is nothing in the script.
func (s Script) isZero() bool {
	return len(s.Sequence) == 0 && len(s.Rules) == 0 && !s.Loop && s.By == ""
}

func (s Script) clone() Script {
	s.Sequence = cloneResponses(s.Sequence)
	s.Rules = slices.Clone(s.Rules)
	for i := range s.Rules {
		s.Rules[i].Response = s.Rules[i].Response.Clone()
		s.Rules[i].Sequence = cloneResponses(s.Rules[i].Sequence)
	}
	return s
}

func cloneResponses(list []journal.Response) []journal.Response {
	list = slices.Clone(list)
	for i := range list {
		list[i] = list[i].Clone()
	}
	return list
}

// script is a Script made ready.
type script struct {
	rules    []rule
	sequence *plan // nil: there are rules only
	// provider says where its deliveries' ids are; nil is no provider.
	provider *fixtures.Provider
}

type rule struct {
	where *query.Condition
	plan  *plan
}

// newScript makes a Script ready; nil for the zero one. Errors wrap ErrInvalid.
func newScript(known *query.Searcher, s Script, p *fixtures.Provider) (*script, error) {
	switch {
	case len(s.Rules) > mostRules:
		return nil, fmt.Errorf("%w: %d rules: want at most %d", ErrInvalid, len(s.Rules), mostRules)
	case s.isZero():
		return nil, nil
	}
	ready := &script{provider: p}
	var book *positions // one for all plans, so that what is remembered is bounded
	if s.By != "" || slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.By != "" }) {
		book = newPositions()
	}
	var err error
	if ready.sequence, err = newPlan(s.Sequence, s.Loop, s.By, book, 0, ""); err != nil {
		return nil, err
	}
	for i, r := range s.Rules {
		where := fmt.Sprintf("rule %d", i+1)
		if r.Where == "" {
			return nil, fmt.Errorf("%w: %s: no condition: want one such as .method == \"POST\"", ErrInvalid, where)
		}
		c, err := known.Condition(r.Where)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		p, err := newPlan(r.Sequence, r.Loop, r.By, book, i+1, where+": ")
		switch {
		case err != nil:
			return nil, err
		case p == nil:
			if err := checkResponse(r.Response, where); err != nil {
				return nil, err
			}
			p = &plan{answers: []*answer{newAnswer(r.Response)}}
		case !reflect.ValueOf(r.Response).IsZero():
			return nil, fmt.Errorf("%w: %s: a response and a sequence: want one of them", ErrInvalid, where)
		}
		ready.rules = append(ready.rules, rule{c, p})
	}
	return ready, nil
}

// choose picks the answer to a request: the first rule that holds, else the sequence, else 200.
func (s *script) choose(server *Server, m *signature.Message) *answer {
	if len(s.rules) > 0 {
		doc, done := server.Document(m)
		defer done()
		for i := range s.rules {
			held, err := s.rules[i].where.Holds(server.ctx, doc)
			if err != nil {
				server.o.Log.Debug("capture: a rule could not be checked, so it does not hold", "where", s.rules[i].where, "error", err)
			}
			if held {
				return s.rules[i].plan.next(m, s.provider)
			}
		}
	}
	if s.sequence == nil {
		return server.accepted
	}
	return s.sequence.next(m, s.provider)
}

// plan is a sequence of responses made ready, with the position reached.
type plan struct {
	answers []*answer
	loop    bool
	taken   atomic.Uint64 // turns, by all requests together
	book    *positions    // turns by delivery; nil: by all together
	number  int           // of the plan, in the book
}

// newPlan makes a sequence of responses ready; nil when there are none. Where begins the errors, which wrap ErrInvalid.
func newPlan(sequence []journal.Response, loop bool, by string, book *positions, number int, where string) (*plan, error) {
	switch {
	case by != "" && by != byDelivery:
		return nil, fmt.Errorf("%w: %sresponses by %s: want \"delivery\", or nothing for one script for the bin", ErrInvalid, where, clip.Quote(by))
	case len(sequence) > mostResponses:
		return nil, fmt.Errorf("%w: %s%d responses: want at most %d", ErrInvalid, where, len(sequence), mostResponses)
	case len(sequence) == 0 && (loop || by != ""):
		return nil, fmt.Errorf("%w: %sloop or by without a sequence: there is nothing to repeat", ErrInvalid, where)
	case len(sequence) == 0:
		return nil, nil
	}
	p := &plan{loop: loop, number: number}
	if by == byDelivery {
		p.book = book
	}
	for i, r := range sequence {
		if err := checkResponse(r, fmt.Sprintf("%sresponse %d", where, i+1)); err != nil {
			return nil, err
		}
		p.answers = append(p.answers, newAnswer(r))
	}
	return p, nil
}

// next takes the turn of a request.
func (p *plan) next(m *signature.Message, provider *fixtures.Provider) *answer {
	var turn uint64
	n := uint64(len(p.answers))
	switch {
	case n == 1:
		return p.answers[0]
	case p.book != nil:
		turn = p.book.next(analysis.DeliveryOf(m, provider, p.number))
	default:
		turn = p.taken.Add(1) - 1
	}
	if p.loop {
		return p.answers[turn%n]
	}
	return p.answers[min(turn, n-1)]
}

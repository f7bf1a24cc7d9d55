package capture

import (
	"context"
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

// Script is the responses of a bin. The zero Script answers 200 to every request.
//
// A response is chosen when the request has been read, before it is stored, so that both are in one
// record. Each of several simultaneous requests takes one response; their order may differ from the
// order of their numbers.
type Script struct {
	// Sequence is sent one response after the other; the last one repeats unless Loop is set.
	Sequence []journal.Response `json:"sequence,omitempty"`
	Loop     bool               `json:"loop,omitempty"`
	// By "delivery" starts the sequence for each delivery id; "" shares it among all requests of
	// the bin.
	By string `json:"by,omitempty"`
	// Deliveries are lists of responses for the first deliveries: the delivery whose id comes first
	// takes those of the first list, one for each attempt, the next delivery those of the second.
	// The last response of a list repeats. Later deliveries take those of the sequence.
	Deliveries [][]journal.Response `json:"deliveries,omitempty"`
	// Rules come before the sequence: the first rule whose Where holds answers.
	Rules []Rule `json:"rules,omitempty"`
}

// Rule answers the requests for which a jq condition holds, with one response or with a sequence as
// in Script.
type Rule struct {
	Where string `json:"where"`
	// Response is the single response; the zero Response is 200. It excludes Sequence.
	Response journal.Response `json:"response,omitzero"`
	// Sequence belongs to the rule: its position is separate from the bin's and from other rules'.
	Sequence []journal.Response `json:"sequence,omitempty"`
	Loop     bool               `json:"loop,omitempty"`
	By       string             `json:"by,omitempty"`
}

// byDelivery is the only value of By other than "".
const byDelivery = "delivery"

// The largest script.
const (
	maxResponses = 10_000
	maxRules     = 100
)

// isZero reports whether the script is empty.
func (s Script) isZero() bool {
	return len(s.Sequence) == 0 && len(s.Rules) == 0 && len(s.Deliveries) == 0 && !s.Loop && s.By == ""
}

func (s Script) clone() Script {
	s.Sequence = cloneResponses(s.Sequence)
	s.Deliveries = slices.Clone(s.Deliveries)
	for i := range s.Deliveries {
		s.Deliveries[i] = cloneResponses(s.Deliveries[i])
	}
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

// script is a compiled Script.
type script struct {
	rules    []rule
	first    *first    // nil: no delivery has its own responses
	sequence *sequence // nil: requests that nothing else answers get 200
	// provider knows where its deliveries' ids are; nil is no provider.
	provider *fixtures.Provider
	shared   *sharedTurns // counts the turns; nil: this server does
}

type rule struct {
	where    *query.Condition
	sequence *sequence
}

// newScript compiles a Script. It returns nil for the zero Script. Errors wrap ErrInvalid.
func newScript(known *query.Searcher, s Script, p *fixtures.Provider) (*script, error) {
	switch {
	case len(s.Rules) > maxRules:
		return nil, fmt.Errorf("%w: %d rules: want at most %d", ErrInvalid, len(s.Rules), maxRules)
	case s.isZero():
		return nil, nil
	}
	ready := &script{provider: p}
	var positions *positions // shared by all sequences, to bound the memory
	if s.By != "" || slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.By != "" }) {
		positions = newPositions()
	}
	var err error
	if ready.sequence, err = newSequence(s.Sequence, s.Loop, s.By, positions, 0, ""); err != nil {
		return nil, err
	}
	if ready.first, err = newFirst(s.Deliveries); err != nil {
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
		p, err := newSequence(r.Sequence, r.Loop, r.By, positions, i+1, where+": ")
		switch {
		case err != nil:
			return nil, err
		case p == nil:
			if err := checkResponse(r.Response, where); err != nil {
				return nil, err
			}
			p = &sequence{answers: []*answer{newAnswer(r.Response)}}
		case !reflect.ValueOf(r.Response).IsZero():
			return nil, fmt.Errorf("%w: %s: a response and a sequence: want one of them", ErrInvalid, where)
		}
		ready.rules = append(ready.rules, rule{c, p})
	}
	return ready, nil
}

// choose returns the answer to a request: from the first rule that holds, else from the list of its
// delivery, else from the sequence, else 200. Errors are those of journal.Sequences.
func (s *script) choose(ctx context.Context, server *Server, m *signature.Message) (*answer, error) {
	if len(s.rules) > 0 {
		doc, done := server.Document(m)
		defer done()
		for i := range s.rules {
			holds, err := s.rules[i].where.Holds(ctx, doc)
			if err != nil {
				server.o.Log.Debug("capture: a rule could not be checked, so it does not hold", "where", s.rules[i].where, "error", err)
			}
			if holds {
				return s.rules[i].sequence.next(ctx, s, m)
			}
		}
	}
	if s.first != nil {
		if a, err := s.first.next(ctx, s, m); a != nil || err != nil {
			return a, err
		}
	}
	if s.sequence == nil {
		return server.accepted, nil
	}
	return s.sequence.next(ctx, s, m)
}

// sequence is a compiled list of responses and its position.
type sequence struct {
	answers   []*answer
	loop      bool
	taken     atomic.Uint64 // responses taken by all requests together
	positions *positions    // responses taken by each delivery; nil: by all together
	number    int           // of the sequence, in positions
}

// newSequence compiles a list of responses. It returns nil for an empty list. Errors begin with
// where and wrap ErrInvalid.
func newSequence(responses []journal.Response, loop bool, by string, positions *positions, number int, where string) (*sequence, error) {
	switch {
	case by != "" && by != byDelivery:
		return nil, fmt.Errorf("%w: %sresponses by %s: want \"delivery\", or nothing to share them within the bin", ErrInvalid, where, clip.Quote(by))
	case len(responses) > maxResponses:
		return nil, fmt.Errorf("%w: %s%d responses: want at most %d", ErrInvalid, where, len(responses), maxResponses)
	case len(responses) == 0 && (loop || by != ""):
		return nil, fmt.Errorf("%w: %sloop or by without a sequence: there is nothing to repeat", ErrInvalid, where)
	case len(responses) == 0:
		return nil, nil
	}
	p := &sequence{loop: loop, number: number}
	if by == byDelivery {
		p.positions = positions
	}
	for i, r := range responses {
		if err := checkResponse(r, fmt.Sprintf("%sresponse %d", where, i+1)); err != nil {
			return nil, err
		}
		p.answers = append(p.answers, newAnswer(r))
	}
	return p, nil
}

// next takes the next response for a request.
func (p *sequence) next(ctx context.Context, s *script, m *signature.Message) (*answer, error) {
	n := uint64(len(p.answers))
	if n == 1 {
		return p.answers[0], nil
	}
	var position uint64
	switch {
	case s.shared != nil:
		var err error
		if position, err = s.shared.next(ctx, p, m, s.provider); err != nil {
			return nil, err
		}
	case p.positions != nil:
		position = p.positions.next(analysis.DeliveryOf(m, s.provider, p.number))
	default:
		position = p.taken.Add(1) - 1
	}
	if p.loop {
		return p.answers[position%n], nil
	}
	return p.answers[min(position, n-1)], nil
}

package capture

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/journal"
)

// Script is what a bin answers. The zero Script answers 200 to all.
//
// A reply is chosen when the request has been read, before it is stored, so that it is in the same record. Requests
// that arrive at the same time are each given a turn of their own, in an order that need not be that of their numbers.
type Script struct {
	// Turns are given one after the other; the last one stays unless Loop.
	Turns []journal.Reply `json:"turns,omitempty"`
	Loop  bool            `json:"loop,omitempty"`
	// By "delivery" takes the turns for each delivery id of its own, else for the bin.
	By string `json:"by,omitempty"`
	// Rules come before the turns: the first whose Where holds answers.
	Rules []Rule `json:"rules,omitempty"`
}

// Rule answers the requests for which a jq condition holds.
type Rule struct {
	Where string        `json:"where"`
	Reply journal.Reply `json:"reply"`
}

// byDelivery is the one value of Script.By besides "".
const byDelivery = "delivery"

// The most that a script may hold.
const (
	mostTurns = 10_000
	mostRules = 100
)

// isZero says whether there is nothing in the script.
func (s Script) isZero() bool { return len(s.Turns) == 0 && len(s.Rules) == 0 && !s.Loop && s.By == "" }

func (s Script) clone() Script {
	s.Turns = slices.Clone(s.Turns)
	for i := range s.Turns {
		s.Turns[i] = s.Turns[i].Clone()
	}
	s.Rules = slices.Clone(s.Rules)
	for i := range s.Rules {
		s.Rules[i].Reply = s.Rules[i].Reply.Clone()
	}
	return s
}

// script is a Script made ready, with the turns taken so far.
type script struct {
	rules      []rule
	turns      []*answer
	loop       bool
	taken      atomic.Uint64 // turns, by all requests together
	deliveries *turnBook     // turns by delivery; nil: by all together
}

type rule struct {
	where  *condition
	answer *answer
}

// newScript makes a Script ready; nil for the zero one. Errors wrap ErrInvalid.
func newScript(known *conditions, s Script) (*script, error) {
	switch {
	case s.By != "" && s.By != byDelivery:
		return nil, fmt.Errorf("%w: replies by %s: want \"delivery\", or nothing for one script for the bin", ErrInvalid, quote(s.By))
	case len(s.Turns) > mostTurns:
		return nil, fmt.Errorf("%w: %d turns: want at most %d", ErrInvalid, len(s.Turns), mostTurns)
	case len(s.Rules) > mostRules:
		return nil, fmt.Errorf("%w: %d rules: want at most %d", ErrInvalid, len(s.Rules), mostRules)
	case len(s.Turns) == 0 && (s.Loop || s.By != ""):
		return nil, fmt.Errorf("%w: loop or by without turns: there is nothing to take in turn", ErrInvalid)
	case len(s.Turns) == 0 && len(s.Rules) == 0:
		return nil, nil
	}
	ready := &script{loop: s.Loop}
	if s.By == byDelivery {
		ready.deliveries = newTurnBook()
	}
	for i, r := range s.Turns {
		if err := checkReply(r, fmt.Sprintf("turn %d", i+1)); err != nil {
			return nil, err
		}
		ready.turns = append(ready.turns, newAnswer(r))
	}
	for i, r := range s.Rules {
		where := fmt.Sprintf("rule %d", i+1)
		if r.Where == "" {
			return nil, fmt.Errorf("%w: %s: no condition: want one such as .method == \"POST\"", ErrInvalid, where)
		}
		c, err := known.get(r.Where)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if err := checkReply(r.Reply, where); err != nil {
			return nil, err
		}
		ready.rules = append(ready.rules, rule{c, newAnswer(r.Reply)})
	}
	return ready, nil
}

// choose picks the answer to a request: the first rule that holds, else the turn, else 200.
func (s *script) choose(server *Server, m *signature.Message) *answer {
	var doc map[string]any // made when it is first asked for
	for i := range s.rules {
		if doc == nil {
			doc = Document(m)
		}
		held, err := s.rules[i].where.holds(server.ctx, doc)
		if err != nil {
			server.o.Log.Debug("capture: a rule could not be judged, so it does not hold", "where", s.rules[i].where.text, "error", err)
		}
		if held {
			return s.rules[i].answer
		}
	}
	if len(s.turns) == 0 {
		return server.accepted
	}
	var turn uint64
	if s.deliveries != nil {
		turn = s.deliveries.next(deliveryOf(m))
	} else {
		turn = s.taken.Add(1) - 1
	}
	n := uint64(len(s.turns))
	if s.loop {
		return s.turns[turn%n]
	}
	return s.turns[min(turn, n-1)]
}

package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func (k *dashboard) getResponses(ctx context.Context, in *binIn) (*response[capture.Script], error) {
	set, err := k.capture.Settings(ctx, in.Bin)
	return &response[capture.Script]{set.Responses}, err
}

// putResponses sets a bin's responses and keeps its other settings.
func (k *dashboard) putResponses(ctx context.Context, in *binBodyIn) (*response[capture.Script], error) {
	set, err := strict[responses](in.RawBody)
	if err != nil {
		return nil, err
	}
	return k.setResponses(ctx, in.Bin, capture.Script(set))
}

func (k *dashboard) deleteResponses(ctx context.Context, in *binIn) (*response[capture.Script], error) {
	return k.setResponses(ctx, in.Bin, capture.Script{})
}

func (k *dashboard) setResponses(ctx context.Context, bin string, script capture.Script) (*response[capture.Script], error) {
	_, err := k.capture.Change(ctx, bin, capture.Change{Responses: &script})
	return &response[capture.Script]{script}, err
}

// responses is the JSON form of capture.Script: one response, a list of responses, or an object
// that also has rules.
type responses capture.Script

// responsesBody is the object form. Responses is another name of Sequence.
type responsesBody struct {
	Sequence   sequence   `json:"sequence,omitempty" doc:"responses to give one after the other; the last one repeats, unless loop is true"`
	Responses  sequence   `json:"responses,omitempty" doc:"another name of sequence"`
	Loop       bool       `json:"loop,omitempty" doc:"start again after the last response"`
	By         string     `json:"by,omitempty" enum:"delivery" doc:"\"delivery\": run the sequence separately for each delivery"`
	Deliveries []sequence `json:"deliveries,omitempty" doc:"lists of responses for the first deliveries, one list each, one response for each attempt; the last one repeats"`
	Rules      []ruleBody `json:"rules,omitempty" doc:"checked before the sequence; the first rule whose condition is true gives the response"`
}

// ruleBody has the responses for requests that meet a condition.
type ruleBody struct {
	Where     string    `json:"where" doc:"a jq condition over the request: {method, path, query, params, headers, body, form, parts}"`
	Response  *scripted `json:"response,omitempty" doc:"a single response; default: the sequence, or 200 without one"`
	Sequence  sequence  `json:"sequence,omitempty" doc:"a sequence of responses, instead of a single one"`
	Responses sequence  `json:"responses,omitempty" doc:"another name of sequence"`
	Loop      bool      `json:"loop,omitempty" doc:"start again after the last response"`
	By        string    `json:"by,omitempty" enum:"delivery" doc:"\"delivery\": run the sequence separately for each delivery"`
}

func (b ruleBody) rule() (capture.Rule, error) {
	r := capture.Rule{Where: b.Where, Loop: b.Loop, By: b.By}
	var err error
	if r.Sequence, err = sequenceOf(b.Sequence, b.Responses); err != nil {
		return r, err
	}
	if b.Response != nil {
		if len(r.Sequence) > 0 {
			return r, errors.New("a rule has both response and sequence: give one of them")
		}
		r.Response = b.Response.response()
	}
	return r, nil
}

// sequenceOf returns the responses of the one member that is given.
func sequenceOf(list, other sequence) ([]journal.Response, error) {
	if len(list) > 0 && len(other) > 0 {
		return nil, errors.New("sequence and responses mean the same: give one of them")
	}
	var out []journal.Response
	for _, t := range append(list, other...) {
		out = append(out, t.response())
	}
	return out, nil
}

// UnmarshalJSON reads any of the three forms.
func (s *responses) UnmarshalJSON(raw []byte) error {
	var body responsesBody
	switch one, err := isResponse(raw); {
	case err != nil:
		return err
	case one:
		raw = bytes.Join([][]byte{[]byte("["), raw, []byte("]")}, nil)
		fallthrough
	case raw[0] == '[':
		if err := decode(raw, &body.Sequence); err != nil {
			return err
		}
	default:
		if err := decode(raw, &body); err != nil {
			return err
		}
	}
	*s = responses{Loop: body.Loop, By: body.By}
	var err error
	if s.Sequence, err = sequenceOf(body.Sequence, body.Responses); err != nil {
		return err
	}
	for _, list := range body.Deliveries {
		responses, _ := sequenceOf(list, nil)
		s.Deliveries = append(s.Deliveries, responses)
	}
	for _, b := range body.Rules {
		r, err := b.rule()
		if err != nil {
			return err
		}
		s.Rules = append(s.Rules, r)
	}
	return nil
}

// isResponse reports whether a JSON value is one response: an object with a member that only
// responses have.
func isResponse(raw []byte) (bool, error) {
	if raw[0] != '{' {
		return false, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return false, err
	}
	for _, name := range members(reflect.TypeFor[scripted](), nil) {
		if _, has := object[name]; has {
			return true, nil
		}
	}
	return false, nil
}

// Schema describes the three forms.
func (responses) Schema(r huma.Registry) *huma.Schema {
	list := r.Schema(reflect.TypeFor[sequence](), true, "")
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[scripted](), true, ""), list, r.Schema(reflect.TypeFor[responsesBody](), true, "")}}
}

// sequence is a list of responses, given one after the other.
type sequence []scripted

// scripted is journal.Response with a body of text, or of any other JSON, which is sent as
// application/json.
type scripted struct {
	journal.Response
	Body json.RawMessage `json:"body,omitempty" doc:"text, or any other JSON, which is sent as application/json unless headers has another Content-Type"`
}

func (t scripted) response() journal.Response {
	r := t.Response
	if len(t.Body) == 0 || string(t.Body) == "null" || json.Unmarshal(t.Body, &r.Body) == nil {
		return r
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, t.Body) // it is valid: the decoder has read it
	r.Body = compact.String()
	for name := range r.Headers {
		if strings.EqualFold(name, "Content-Type") {
			return r
		}
	}
	if _, stated := r.Lines.Lookup("Content-Type"); stated {
		return r
	}
	r.Headers = maps.Clone(r.Headers)
	if r.Headers == nil {
		r.Headers = map[string]string{}
	}
	r.Headers["Content-Type"] = "application/json"
	return r
}

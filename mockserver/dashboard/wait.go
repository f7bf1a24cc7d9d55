package dashboard

import (
	"cmp"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Wait has the parameters of a wait. It is exported because huma only reads embedded structs that
// are.
type Wait struct {
	Bin     string        `path:"bin" doc:"the bin's name"`
	Where   string        `query:"where" doc:"a jq condition over the request; default: any capture matches"`
	Q       string        `query:"q" doc:"words and fields, as in the list of captures"`
	Count   optional[int] `query:"count" minimum:"0" doc:"the least number of matches; default: 1, or 0 when max is 0"`
	Max     optional[int] `query:"max" minimum:"0" doc:"the most matches"`
	After   uint64        `query:"after" doc:"only captures with a higher seq"`
	Timeout string        `query:"timeout" doc:"how long to wait: 2s, or a number of seconds; default: 5s"`
	Settle  string        `query:"settle" doc:"how long the number of matches must stay within the bounds; with a count of 0, how long no match may arrive"`
}

// waitIn is a wait with parameters.
type waitIn struct{ Wait }

// waitBodyIn is a wait with parameters and a body. The body overrides the parameters.
type waitBodyIn struct {
	Wait
	RawBody []byte
}

// waitBody is the JSON form of query.Wait. Its default count is 1.
type waitBody struct {
	query.Wait
	Count   *int     `json:"count,omitempty" doc:"the least number of matches; default: 1, or 0 when max is 0"`
	Timeout duration `json:"timeout,omitempty" doc:"how long to wait; default: 5s"`
	Settle  duration `json:"settle,omitempty" doc:"how long the number of matches must stay within the bounds; with a count of 0, how long no match may arrive"`
}

func (b waitBody) wait() query.Wait {
	w := b.Wait
	w.Timeout, w.Settle = journal.Duration(b.Timeout), journal.Duration(b.Settle)
	switch {
	case b.Count != nil:
		w.Count = *b.Count
	case b.Max != nil && *b.Max == 0:
		w.Count = 0
	default:
		w.Count = 1
	}
	return w
}

// body converts the parameters to a body.
func (q Wait) body() (b waitBody, err error) {
	b.Where, b.Q, b.After = q.Where, q.Q, q.After
	if q.Count.set {
		b.Count = &q.Count.value
	}
	if q.Max.set {
		b.Max = &q.Max.value
	}
	return b, cmp.Or(parseDuration("timeout", q.Timeout, &b.Timeout), parseDuration("settle", q.Settle, &b.Settle))
}

// waitOut has status 200 when the wait succeeded, and 408 when it ran out of time.
type waitOut struct {
	Status int
	Body   waited
}

func mayTimeOut(api huma.API, op *huma.Operation) {
	schema := api.OpenAPI().Components.Schemas
	op.Responses = map[string]*huma.Response{"408": {
		Description: "The wait ran out of time: the captures that matched, and the nearest that did not",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schema.Schema(reflect.TypeFor[waited](), true, "")}},
	}}
}

func (k *dashboard) getWait(ctx context.Context, in *waitIn) (*waitOut, error) {
	b, err := in.body()
	if err != nil {
		return nil, err
	}
	return k.wait(ctx, in.Bin, b.wait())
}

func (k *dashboard) postWait(ctx context.Context, in *waitBodyIn) (*waitOut, error) {
	b, err := in.body()
	if err != nil {
		return nil, err
	}
	if len(in.RawBody) > 0 {
		if err := strictly(in.RawBody, &b); err != nil {
			return nil, err
		}
	}
	return k.wait(ctx, in.Bin, b.wait())
}

func (k *dashboard) wait(ctx context.Context, bin string, w query.Wait) (*waitOut, error) {
	end, err := k.capture.WaitInQueue(ctx, bin, w, takeSlot)
	if err != nil {
		return nil, err
	}
	out := &waitOut{http.StatusOK, k.newWaited(end)}
	if !end.OK {
		out.Status = http.StatusRequestTimeout
	}
	return out, nil
}

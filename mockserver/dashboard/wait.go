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

// Wait is a wait as a query says it. (Exported because the API reads embedded structs only then.)
type Wait struct {
	Bin     string     `path:"bin" doc:"the bin's name"`
	Where   string     `query:"where" doc:"a jq condition; without one any capture will do"`
	Q       string     `query:"q" doc:"words and fields, as in the list of captures"`
	Count   maybe[int] `query:"count" minimum:"0" doc:"at least so many; left out: 1, or 0 with max 0"`
	Max     maybe[int] `query:"max" minimum:"0" doc:"no more than so many"`
	After   uint64     `query:"after" doc:"only captures with a higher seq"`
	Timeout string     `query:"timeout" doc:"how long, as in 2s, or in seconds; left out: 5s"`
	Settle  string     `query:"settle" doc:"how long the count must stay within its bounds; with a count of 0, that none comes"`
}

// waitIn is a wait as a query says it.
type waitIn struct{ Wait }

// waitBodyIn has a body besides, which has the last word.
type waitBodyIn struct {
	Wait
	RawBody []byte
}

// waitBody is query.Wait, with a count of 1 when it is left out.
type waitBody struct {
	query.Wait
	Count   *int `json:"count,omitempty" doc:"at least so many; left out: 1, or 0 with max 0"`
	Timeout span `json:"timeout,omitempty" doc:"how long; left out: 5s"`
	Settle  span `json:"settle,omitempty" doc:"how long the count must stay within its bounds; with a count of 0, that none comes"`
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

// body is the wait as a body says it.
func (q Wait) body() (b waitBody, err error) {
	b.Where, b.Q, b.After = q.Where, q.Q, q.After
	if q.Count.set {
		b.Count = &q.Count.value
	}
	if q.Max.set {
		b.Max = &q.Max.value
	}
	return b, cmp.Or(duration("timeout", q.Timeout, &b.Timeout), duration("settle", q.Settle, &b.Settle))
}

// waitOut is 200 when what was waited for came, 408 when it did not: both are answers.
type waitOut struct {
	Status int
	Body   waited
}

func mayTimeOut(api huma.API, op *huma.Operation) {
	schema := api.OpenAPI().Components.Schemas
	op.Responses = map[string]*huma.Response{"408": {
		Description: "It did not come in time: what did match, and the nearest that did not",
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
	end, err := k.capture.WaitInQueue(ctx, bin, w, takePlace)
	if err != nil {
		return nil, err
	}
	out := &waitOut{http.StatusOK, k.newWaited(end)}
	if !end.OK {
		out.Status = http.StatusRequestTimeout
	}
	return out, nil
}

package dashboard

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// binIn names a bin.
type binIn struct {
	Bin string `path:"bin" doc:"the bin's name"`
}

// binBodyIn names a bin and carries a body.
type binBodyIn struct {
	Bin     string `path:"bin" doc:"the bin's name"`
	RawBody []byte
}

// bin is an entry in the list of bins.
type bin struct {
	journal.Bin
	URL   string            `json:"url" doc:"the bin's address; it records this path and every path below it"`
	Stats analysis.BinStats `json:"stats" doc:"counts of what happened to every request for the bin"`
}

func (k *dashboard) listBins(ctx context.Context, _ *struct{}) (*response[list[bin]], error) {
	stored, err := k.store.Bins(ctx)
	if err != nil {
		return nil, err
	}
	bins := make([]bin, len(stored))
	for i, b := range stored {
		bins[i] = bin{b, k.capture.URL() + "/" + b.Name, k.capture.StatsOf(b)}
	}
	return fullList(bins), nil
}

func (k *dashboard) getStats(ctx context.Context, in *binIn) (*response[analysis.BinStats], error) {
	l, err := k.capture.BinStats(ctx, in.Bin)
	return &response[analysis.BinStats]{l}, err
}

func (k *dashboard) getSender(ctx context.Context, in *binIn) (*response[analysis.Sender], error) {
	out, err := k.capture.Sender(ctx, in.Bin)
	return &response[analysis.Sender]{out}, err
}

func (k *dashboard) getBin(ctx context.Context, in *binIn) (*response[capture.Settings], error) {
	set, err := k.capture.Settings(ctx, in.Bin)
	return &response[capture.Settings]{set}, err
}

// settingsBody is the JSON form of capture.Settings. It accepts a single secret and the short forms
// of responses and handshakes.
type settingsBody struct {
	capture.Settings
	Secret     string      `json:"secret,omitempty" doc:"a single secret, instead of secrets"`
	Handshakes []handshake `json:"handshakes,omitempty" doc:"verification challenges that the bin answers"`
	Responses  responses   `json:"responses,omitzero"`
}

func (b settingsBody) settings() capture.Settings {
	set := b.Settings
	set.Responses = capture.Script(b.Responses)
	for _, h := range b.Handshakes {
		set.Handshakes = append(set.Handshakes, capture.Handshake(h))
	}
	if b.Secret != "" {
		set.Secrets = append([]string{b.Secret}, set.Secrets...)
	}
	return set
}

func (k *dashboard) putBin(ctx context.Context, in *binBodyIn) (*response[capture.Settings], error) {
	b, err := strict[settingsBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	set := b.settings()
	return &response[capture.Settings]{set}, k.capture.Configure(ctx, in.Bin, set)
}

// patchBin changes the settings in the body and keeps the others. Concurrent changes do not undo
// each other.
func (k *dashboard) patchBin(ctx context.Context, in *binBodyIn) (*response[capture.Settings], error) {
	b, err := strict[settingsBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(in.RawBody, &given); err != nil {
		return nil, err // unlikely: strict has read it
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { _, ok := given[name]; return ok })
	}
	set := b.settings()
	var c capture.Change
	if has("provider") {
		c.Provider = &set.Provider
	}
	if has("secret", "secrets") {
		c.Secrets = &set.Secrets
	}
	if has("url") {
		c.URL = &set.URL
	}
	if has("handshakes") {
		c.Handshakes = &set.Handshakes
	}
	if has("responses") {
		c.Responses = &set.Responses
	}
	if has("forward") {
		c.Forward = &set.Forward
	}
	out, err := k.capture.Change(ctx, in.Bin, c)
	return &response[capture.Settings]{out}, err
}

// cleared says how many captures were deleted.
type cleared struct {
	Deleted int `json:"deleted" doc:"how many captures were deleted"`
}

func (k *dashboard) clearBin(ctx context.Context, in *binIn) (*response[cleared], error) {
	n, err := k.store.ClearBin(ctx, in.Bin)
	return &response[cleared]{cleared{n}}, err
}

// selectedIn selects captures of a bin. Without bounds and queries it selects all of them.
type selectedIn struct {
	Bin    string `path:"bin" doc:"the bin's name"`
	Before uint64 `query:"before" doc:"only captures with a lower seq"`
	After  uint64 `query:"after" doc:"only captures with a higher seq"`
	Where  string `query:"where" doc:"a jq condition over the request: {method, path, query, params, headers, body, form, parts}"`
	Q      string `query:"q" doc:"words and fields, as in the list of captures"`
}

func (k *dashboard) deleteCaptures(ctx context.Context, in *selectedIn) (*response[cleared], error) {
	if in.Before == 0 && in.After == 0 && in.Where == "" && in.Q == "" {
		return k.clearBin(ctx, &binIn{in.Bin})
	}
	n, err := k.capture.Delete(ctx, query.Query{
		CaptureQuery: journal.CaptureQuery{Bin: in.Bin, Before: in.Before, After: in.After}, Where: in.Where, Q: in.Q,
	})
	return &response[cleared]{cleared{n}}, err
}

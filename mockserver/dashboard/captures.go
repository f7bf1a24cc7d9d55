package dashboard

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/diff"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/drift"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// PageQuery has the parameters of every list of captures. It is exported because huma only reads
// embedded structs that are.
type PageQuery struct {
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"the most captures to return"`
	Before   uint64 `query:"before" doc:"only captures with a lower seq"`
	After    uint64 `query:"after" doc:"only captures with a higher seq"`
	Order    string `query:"order" enum:"newest,oldest" default:"newest" doc:"which captures come first"`
	Where    string `query:"where" doc:"a jq condition over the request: {method, path, query, params, headers, body, form, parts}"`
	Q        string `query:"q" doc:"words, searched in the target, headers and body without regard to case, and fields: see the API's description"`
	WithBody bool   `query:"body" default:"true" doc:"false leaves out bodies and raw bytes; size still has the length of the body, and event the sender's name of the event"`
}

// capturesIn selects captures of all bins.
type capturesIn struct{ PageQuery }

// binCapturesIn selects captures of one bin.
type binCapturesIn struct {
	Bin string `path:"bin" doc:"the bin's name"`
	PageQuery
}

// captureIn names a capture.
type captureIn struct {
	ID string `path:"id" doc:"the capture's id"`
}

// captureBodyIn names a capture and carries a body.
type captureBodyIn struct {
	ID      string `path:"id" doc:"the capture's id"`
	RawBody []byte
}

func (k *dashboard) listCaptures(ctx context.Context, in *capturesIn) (*response[list[captured]], error) {
	return k.captures(ctx, "", in.PageQuery)
}

func (k *dashboard) listBinCaptures(ctx context.Context, in *binCapturesIn) (*response[list[captured]], error) {
	return k.captures(ctx, in.Bin, in.PageQuery)
}

// digestsIn selects digests of one bin.
type digestsIn struct {
	Bin   string `path:"bin" doc:"the bin's name"`
	After uint64 `query:"after" doc:"only captures with a higher seq"`
}

func (k *dashboard) listDigests(ctx context.Context, in *digestsIn) (*response[list[journal.Digest]], error) {
	digests, more, err := k.capture.Digests(ctx, in.Bin, in.After)
	if err != nil {
		return nil, err
	}
	last := uint64(0)
	if more {
		last = digests[len(digests)-1].Seq
	}
	return pageOf(digests, last, more), nil
}

func (k *dashboard) captures(ctx context.Context, bin string, p PageQuery) (*response[list[captured]], error) {
	query := query.Query{
		CaptureQuery: journal.CaptureQuery{Bin: bin, Before: p.Before, After: p.After, Oldest: p.Order == "oldest"},
		Where:        p.Where, Q: p.Q,
	}
	query.Limit = p.Limit
	if !p.WithBody {
		query.Brief = briefBody
	}
	found, err := k.capture.Page(ctx, query, k.largest)
	if err != nil {
		return nil, err
	}
	items := k.newCaptureds(found.Captures)
	for i := range items {
		if !p.WithBody {
			items[i].withoutBody(found.Sizes[i])
		}
	}
	return pageOf(items, found.Next, found.Next > 0), nil
}

// briefBody is how many bytes of a body a list without bodies reads, to find the name of the event.
const briefBody = 1 << 10

// queryHelp returns the help of the query language, in Markdown.
func (k *dashboard) queryHelp(context.Context, *struct{}) (*textOut, error) {
	return &textOut{"text/markdown; charset=utf-8", []byte(query.Help)}, nil
}

func (k *dashboard) getCapture(ctx context.Context, in *captureIn) (*response[captured], error) {
	c, err := k.store.Capture(ctx, in.ID)
	return &response[captured]{k.newCaptured(c)}, err
}

// rawOut is the bytes of a request as received. Its headers make a browser save it as a file
// instead of showing it as a page.
type rawOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (k *dashboard) getRaw(ctx context.Context, in *captureIn) (*rawOut, error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &rawOut{
		ContentType: "application/octet-stream",
		Disposition: fmt.Sprintf(`attachment; filename="%s.http"`, c.ID),
		Body:        c.Bytes(),
	}, nil
}

// verifyBody says how to verify a capture.
type verifyBody struct {
	Provider string   `json:"provider,omitempty" doc:"the provider whose scheme to use; default: the bin's provider, or the one that the request seems to come from"`
	Secret   string   `json:"secret,omitempty" doc:"the secret; default: the bin's secrets, or those of the server's endpoints"`
	Secrets  []string `json:"secrets,omitempty" doc:"more secrets; one of them must match"`
	URL      string   `json:"url,omitempty" doc:"the address as registered with the provider, for schemes that sign it; default: the bin's"`
}

func (k *dashboard) verify(ctx context.Context, in *captureBodyIn) (*response[journal.Verification], error) {
	var b verifyBody
	if len(in.RawBody) > 0 {
		if err := strictly(in.RawBody, &b); err != nil {
			return nil, err
		}
	}
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	with, err := k.signing(ctx, &c, b.Provider, b.Secret, b.Secrets)
	if err != nil {
		return nil, err
	}
	address := cmp.Or(b.URL, with.url, k.received(c))
	return &response[journal.Verification]{capture.Verify(with.provider, c, address, with.secrets...)}, nil
}

// signing is the provider and the secrets to verify or sign a capture with.
type signing struct {
	provider *fixtures.Provider
	secrets  []string
	url      string // as registered with the provider; "" is unknown
	known    bool   // the secrets are those of all endpoints of the server
}

// signing returns what the caller gave, and completes it: first with the bin's provider and
// secrets, then with the provider that the capture seems to come from and the secrets of the
// server's endpoints, those that send to the bin first.
func (k *dashboard) signing(ctx context.Context, c *journal.Capture, name, secret string, secrets []string) (signing, error) {
	set, err := k.capture.Settings(ctx, c.Bin)
	if err != nil {
		return signing{}, err
	}
	with := signing{secrets: secrets, url: set.URL}
	if name = cmp.Or(name, set.Provider, k.senderOf(c)); name == "" {
		return with, fmt.Errorf("%w: bin %s has no provider, which defines the signature scheme: give one, as in {\"provider\": \"neostore\", \"secret\": \"…\"}",
			delivery.ErrInvalid, c.Bin)
	}
	if with.provider, err = k.catalogue.Provider(name); err != nil {
		return with, err
	}
	if secret != "" {
		with.secrets = append([]string{secret}, secrets...)
	}
	if len(with.secrets) == 0 && name == set.Provider {
		with.secrets = set.Secrets
	}
	if len(with.secrets) == 0 {
		with.known = true
		for _, known := range k.providers.Secrets(name, c.Bin) {
			with.secrets = append(with.secrets, known.Value)
		}
	}
	return with, nil
}

// senderOf returns the provider that verified a capture, or else the one that the capture seems to
// come from; "" is none.
func (k *dashboard) senderOf(c *journal.Capture) string {
	if c.Verification != nil {
		return c.Verification.Provider
	}
	if p := k.catalogue.Sender(c.Message); p != nil {
		return p.Name
	}
	return ""
}

// pairIn names two captures.
type pairIn struct {
	ID    string `path:"id" doc:"the first capture's id"`
	Other string `path:"other" doc:"the second capture's id"`
}

// compared is the differences of two captures: in their values, and in the shape of their JSON.
type compared struct {
	diff.Result
	Drift []drift.Change `json:"drift" doc:"how the shape of the second body differs from the first: removed and added members, changed types; empty when either is not JSON"`
}

func (k *dashboard) diff(ctx context.Context, in *pairIn) (*response[compared], error) {
	first, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	second, err := k.store.Capture(ctx, in.Other)
	if err != nil {
		return nil, err
	}
	out := compared{Result: diff.Messages(first.Message, second.Message), Drift: []drift.Change{}}
	var before, after drift.Shape
	if before.Add(content.Decode(&first.Message).Bytes) == nil && after.Add(content.Decode(&second.Message).Bytes) == nil {
		out.Drift = drift.Compare(&before, &after)
	}
	return &response[compared]{out}, nil
}

// received returns the URL that a capture was sent to.
func (k *dashboard) received(c journal.Capture) string {
	if c.TLS != nil {
		return cmp.Or(k.capture.TLSURL(), k.capture.URL()) + c.Target
	}
	return k.capture.URL() + c.Target
}

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

// Page is what every list of captures can be asked for. (Exported because the API reads embedded structs only then.)
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"how many, at most"`
	Before uint64 `query:"before" doc:"only captures with a lower seq"`
	After  uint64 `query:"after" doc:"only captures with a higher seq"`
	Order  string `query:"order" enum:"newest,oldest" default:"newest" doc:"which come first"`
	Where  string `query:"where" doc:"a jq condition over the request: {method, path, query, params, headers, body, form, parts}"`
	Q      string `query:"q" doc:"words, each of which the target, a header or the body holds in any case, and fields: see the API's description"`
	Whole  bool   `query:"body" default:"true" doc:"false leaves the bodies and raw bytes out: size says how long a body is, event what the sender calls it"`
}

// capturesIn asks for captures of all bins.
type capturesIn struct{ Page }

// binCapturesIn asks for those of one.
type binCapturesIn struct {
	Bin string `path:"bin" doc:"the bin's name"`
	Page
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
	return k.captures(ctx, "", in.Page)
}

func (k *dashboard) listBinCaptures(ctx context.Context, in *binCapturesIn) (*response[list[captured]], error) {
	return k.captures(ctx, in.Bin, in.Page)
}

func (k *dashboard) captures(ctx context.Context, bin string, p Page) (*response[list[captured]], error) {
	query := query.Query{
		CaptureQuery: journal.CaptureQuery{Bin: bin, Before: p.Before, After: p.After, Oldest: p.Order == "oldest"},
		Where:        p.Where, Q: p.Q,
	}
	query.Limit = p.Limit
	if !p.Whole {
		query.Brief = briefBody
	}
	found, err := k.capture.Page(ctx, query, k.largest)
	if err != nil {
		return nil, err
	}
	items := k.newCaptureds(found.Captures)
	for i := range items {
		if !p.Whole {
			items[i].withoutBody(found.Sizes[i])
		}
	}
	return page(items, found.Next, found.Next > 0), nil
}

// briefBody is how much of a body is looked at for what a list without bodies says of it, in bytes.
const briefBody = 1 << 10

// queryHelp tells a person how a query is written, in Markdown.
func (k *dashboard) queryHelp(context.Context, *struct{}) (*textOut, error) {
	return &textOut{"text/markdown; charset=utf-8", []byte(query.Help)}, nil
}

func (k *dashboard) getCapture(ctx context.Context, in *captureIn) (*response[captured], error) {
	c, err := k.store.Capture(ctx, in.ID)
	return &response[captured]{k.newCaptured(c)}, err
}

// rawOut is a request as it stood on the wire. It is offered as a file, so that no browser takes it for a page.
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

// verifyBody says what to verify a capture with.
type verifyBody struct {
	Provider string   `json:"provider,omitempty" doc:"whose scheme; left out: the bin's, or the one that the request looks as if it came from"`
	Secret   string   `json:"secret,omitempty" doc:"the secret; without any: the bin's, or those that are known here"`
	Secrets  []string `json:"secrets,omitempty" doc:"more secrets: any may match"`
	URL      string   `json:"url,omitempty" doc:"the address as it is registered, for schemes that sign it; left out: the bin's"`
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

// signing is the provider and the secrets that a capture is verified or signed with.
type signing struct {
	provider *fixtures.Provider
	secrets  []string
	url      string // as it is registered; "": not known
	known    bool   // the secrets are all that are known here
}

// signing is what a caller asks for, with the bin's provider and secrets where that leaves them out; then with the provider that the capture
// looks as if it came from, and the secrets of it that are known here, those of the bin first.
func (k *dashboard) signing(ctx context.Context, c *journal.Capture, name, secret string, secrets []string) (signing, error) {
	set, err := k.capture.Settings(ctx, c.Bin)
	if err != nil {
		return signing{}, err
	}
	with := signing{secrets: secrets, url: set.URL}
	if name = cmp.Or(name, set.Provider, k.senderOf(c)); name == "" {
		return with, fmt.Errorf("%w: bin %s has no provider whose scheme it would be: name one, as in {\"provider\": \"neostore\", \"secret\": \"…\"}",
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

// senderOf is the provider that a capture was verified with, or else the one that it looks as if it came from; "" is none.
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

// compared is how two captures differ: in what they say, and in what their JSON looks like.
type compared struct {
	diff.Result
	Drift []drift.Change `json:"drift" doc:"in what the second body looks otherwise than the first: members that are gone or new, other types; nothing when either is no JSON"`
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

// received is the address that a capture came to.
func (k *dashboard) received(c journal.Capture) string {
	if c.TLS != nil {
		return cmp.Or(k.capture.TLSURL(), k.capture.URL()) + c.Target
	}
	return k.capture.URL() + c.Target
}

package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/capture"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/problem"
	"github.com/hookrig/hookrig/mockserver/provider"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// Page is what every list of captures can be asked for. (Exported because the API reads embedded structs only then.)
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"how many, at most"`
	Before uint64 `query:"before" doc:"only captures with a lower seq"`
	After  uint64 `query:"after" doc:"only captures with a higher seq"`
	Order  string `query:"order" enum:"newest,oldest" default:"newest" doc:"which come first"`
	Where  string `query:"where" doc:"a jq condition over {method, path, query, headers, body}"`
	Q      string `query:"q" doc:"words, each of which the target, a header or the body holds in any case, and fields: see the API's description"`
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

func (k *desk) listCaptures(ctx context.Context, in *capturesIn) (*reply[list[captured]], error) {
	return k.captures(ctx, "", in.Page)
}

func (k *desk) listBinCaptures(ctx context.Context, in *binCapturesIn) (*reply[list[captured]], error) {
	return k.captures(ctx, in.Bin, in.Page)
}

func (k *desk) captures(ctx context.Context, bin string, p Page) (*reply[list[captured]], error) {
	query := capture.Query{
		CaptureQuery: journal.CaptureQuery{Bin: bin, Before: p.Before, After: p.After, Oldest: p.Order == "oldest"},
		Where:        p.Where, Q: p.Q,
	}
	query.Limit = p.Limit
	found, err := k.capture.Page(ctx, query, k.largest)
	if err != nil {
		return nil, err
	}
	return page(newCaptureds(found.Captures), found.Next, found.Next > 0), nil
}

func (k *desk) getCapture(ctx context.Context, in *captureIn) (*reply[captured], error) {
	c, err := k.store.Capture(ctx, in.ID)
	return &reply[captured]{newCaptured(c)}, err
}

// rawOut is a request as it stood on the wire. It is offered as a file, so that no browser takes it for a page.
type rawOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (k *desk) getRaw(ctx context.Context, in *captureIn) (*rawOut, error) {
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
	Provider string   `json:"provider,omitempty" doc:"whose scheme; left out: the bin's"`
	Secret   string   `json:"secret,omitempty" doc:"the secret; without any: the bin's"`
	Secrets  []string `json:"secrets,omitempty" doc:"more secrets: any may match"`
	URL      string   `json:"url,omitempty" doc:"the address as it is registered, for schemes that sign it; left out: the bin's"`
}

func (k *desk) verify(ctx context.Context, in *captureBodyIn) (*reply[journal.Verification], error) {
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
	set, err := k.capture.Settings(ctx, c.Bin)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(b.Provider, set.Provider)
	if name == "" {
		return nil, fmt.Errorf("%w: bin %s has no provider to verify with: name one, as in {\"provider\": \"neostore\", \"secret\": \"…\"}",
			provider.ErrInvalid, c.Bin)
	}
	p, err := k.catalogue.Provider(name)
	if err != nil {
		return nil, err
	}
	secrets := b.Secrets
	if b.Secret != "" {
		secrets = append([]string{b.Secret}, secrets...)
	}
	if len(secrets) == 0 && name == set.Provider {
		secrets = set.Secrets
	}
	address := cmp.Or(b.URL, set.URL, k.capture.URL()+c.Target)
	return &reply[journal.Verification]{capture.Verify(p, c, address, secrets...)}, nil
}

// resendBody says where to send a capture.
type resendBody struct {
	URL string `json:"url" doc:"where to: an absolute http or https URL that the rig may deliver to"`
}

// resendLimit bounds one resending, in time.
const resendLimit = 30 * time.Second

// resend sends a capture's request to another address: the same header lines and body, the new address's target and
// Host.
func (k *desk) resend(ctx context.Context, in *captureBodyIn) (*reply[attempted], error) {
	b, err := strict[resendBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(b.URL)
	if err != nil || to.Host == "" || (to.Scheme != "http" && to.Scheme != "https") {
		p := problem.New(http.StatusUnprocessableEntity, fmt.Sprintf("url %q: want an absolute URL, as in http://127.0.0.1:3000/hooks", b.URL))
		p.Errors = []problem.Part{{Location: "body.url", Message: "not an absolute URL", Value: b.URL}}
		return nil, p
	}
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	m := readdressed(c.Message, to)
	ctx, cancel := context.WithTimeout(ctx, resendLimit)
	defer cancel()
	at := time.Now()
	result := k.wire.Send(ctx, b.URL, m)
	if errors.Is(result.Err, wire.ErrForbidden) {
		return nil, result.Err
	}
	attempt := journal.Attempt{
		N: 1, Due: at, At: at, TookMS: float64(result.Took.Microseconds()) / 1000,
		Outcome: result.Outcome, Status: result.Status, Sent: m,
	}
	if result.Err != nil {
		attempt.Error = result.Err.Error()
	}
	if result.Outcome == wire.GotStatus {
		attempt.Reply = &result.Reply
	}
	return &reply[attempted]{newAttempted(attempt)}, nil
}

// readdressed is m on its way to another address. A body that came in chunks goes in one piece.
func readdressed(m wire.Message, to *url.URL) wire.Message {
	m = m.Clone()
	m.Target = to.RequestURI()
	m.Version = "HTTP/1.1"
	set(&m.Headers, "Host", to.Host)
	if strings.Contains(strings.ToLower(m.Headers.Get("Transfer-Encoding")), "chunked") {
		m.Headers.Del("Transfer-Encoding")
		set(&m.Headers, "Content-Length", strconv.Itoa(len(m.Body)))
	}
	m.Headers.Del("Expect") // it asked for a pause that was had already
	return m
}

// set gives a header line another value; its place and the case of its name stay.
func set(headers *signature.Headers, name, value string) {
	for i := range *headers {
		if line := &(*headers)[i]; strings.EqualFold(line.Name, name) {
			line.Value = value
			return
		}
	}
	headers.Add(name, value)
}

package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/diff"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// resendBody says where to send a capture and what to change.
type resendBody struct {
	URL     string         `json:"url" doc:"the URL to send to: an absolute http or https URL that the server may deliver to"`
	Method  string         `json:"method,omitempty" doc:"replaces the method"`
	Body    []byte         `json:"body,omitempty" doc:"replaces the body; base64"`
	Set     overrides      `json:"set,omitempty" doc:"members of the JSON body to overwrite; the other bytes stay the same"`
	Headers []headerChange `json:"headers,omitempty" doc:"header lines to replace, or to remove with null; a repeated name adds a line"`
	Resign  *resignBody    `json:"resign,omitempty" doc:"sign again, with the current time"`
}

// resignBody says how to sign.
type resignBody struct {
	Provider string   `json:"provider,omitempty" doc:"the provider whose scheme to use; default: the bin's provider, or the one that the request seems to come from"`
	Secret   string   `json:"secret,omitempty" doc:"the secret; default: the bin's secret, or the endpoint's secret that matches the request"`
	Secrets  []string `json:"secrets,omitempty" doc:"more secrets, newest first, for schemes that sign with each"`
	URL      string   `json:"url,omitempty" doc:"the address as registered with the provider, for schemes that sign it; default: the URL to send to"`
	ID       string   `json:"id,omitempty" doc:"the event's id, for schemes that sign it; default: the id in the request"`
}

// headerChange is a change of header lines: [name, value], or [name, null].
type headerChange replay.Header

// UnmarshalJSON reads the pair.
func (h *headerChange) UnmarshalJSON(raw []byte) error {
	var pair []*string
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 || pair[0] == nil {
		return fmt.Errorf("header %s: want a pair [name, value], or [name, null] to remove the line", raw)
	}
	h.Name, h.Value = *pair[0], pair[1]
	return nil
}

// Schema describes the pair.
func (headerChange) Schema(r huma.Registry) *huma.Schema {
	two := 2
	item := &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: "null"}}}
	return &huma.Schema{Type: huma.TypeArray, Items: item, MinItems: &two, MaxItems: &two}
}

// resendLimit bounds the time of one resend.
const resendLimit = 30 * time.Second

// resend sends a capture's request to another URL: the same header lines and body, the target and
// Host of the new URL, and the changes of the body.
func (k *dashboard) resend(ctx context.Context, in *captureBodyIn) (*response[resent], error) {
	b, err := strict[resendBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	change, err := k.change(ctx, &b, &c)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	m, notes, err := change.Apply(c.Message, b.URL, c.At, at)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, resendLimit)
	defer cancel()
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
		attempt.Response = &result.Response
	}
	return &response[resent]{resent{attempt, attempt.Status, attempt.Fault, diff.Messages(c.Message, m).Differences, notes}}, nil
}

// change converts the body to a replay.Change. The bin's provider and secrets are the defaults for
// signing.
func (k *dashboard) change(ctx context.Context, b *resendBody, c *journal.Capture) (*replay.Change, error) {
	change := &replay.Change{Method: b.Method, Body: b.Body, Set: b.Set}
	for _, h := range b.Headers {
		change.Headers = append(change.Headers, replay.Header(h))
	}
	if b.Resign == nil {
		return change, nil
	}
	with, err := k.signing(ctx, c, b.Resign.Provider, b.Resign.Secret, b.Resign.Secrets)
	if err != nil {
		return nil, err
	}
	if with.known && len(with.secrets) > 1 {
		with.secrets = k.matchingSecret(with, c) // sign with one of them only
	}
	change.Resign = &replay.Resign{Provider: with.provider, Secrets: with.secrets, URL: b.Resign.URL, ID: b.Resign.ID}
	return change, nil
}

// matchingSecret returns the secret that a capture was signed with, or else the first one.
func (k *dashboard) matchingSecret(with signing, c *journal.Capture) []string {
	for _, secret := range with.secrets {
		if v := capture.Verify(with.provider, *c, cmp.Or(with.url, k.received(*c)), secret); v.Verdict == signature.Valid {
			return []string{secret}
		}
	}
	return with.secrets[:1]
}

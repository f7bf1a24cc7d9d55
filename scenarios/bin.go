package scenarios

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// bin is a bin of one run.
type bin struct {
	Bin
	label   string // name in the scenario
	name    string // name on the server: the label and a suffix that is unique to the run
	url     string
	secrets []string
}

// makeBins configures the scenario's bins under names that no other run uses.
func (r *run) makeBins(ctx context.Context) error {
	suffix := strings.ToLower(rand.Text()[:8])
	for _, label := range keys(r.scenario.Bins) {
		b := &bin{Bin: r.scenario.Bins[label], label: label, name: label + "-" + suffix}
		if n := child(child(r.scenario.root, "bins"), label); n != nil {
			if err := r.decode(r.scenario.file, n, &b.Bin); err != nil {
				return err
			}
		}
		if b.Secret != "" {
			b.secrets = []string{b.Secret}
		}
		b.url = r.client.BinURL(b.name)
		r.bins[label] = b
		r.scope.bins[label] = map[string]any{"url": b.url, "name": b.name}
		if err := r.configure(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// configure sends the bin's settings to the server. It restarts the bin's sequence of responses.
func (r *run) configure(ctx context.Context, b *bin) error {
	set := mockserver.Settings{Responses: b.Script.toServer()}
	for _, h := range b.Handshakes {
		set.Handshakes = append(set.Handshakes, h.toServer())
	}
	if b.Provider != "" {
		set.Provider, set.Secrets, set.URL = b.Provider, b.secrets, b.url
	}
	if err := r.client.Configure(ctx, b.name, set); err != nil {
		return fmt.Errorf("bin %s: %w", b.label, err)
	}
	return nil
}

// addSecrets adds the secrets of an endpoint to the bin that it delivers to, unless the file gives
// the bin a secret.
func (r *run) addSecrets(ctx context.Context, e mockserver.Endpoint) error {
	for _, b := range r.bins {
		if !leadsTo(e.URL, b.url) || b.Provider != e.Provider || b.Secret != "" {
			continue
		}
		before := len(b.secrets)
		for _, secret := range e.Secrets {
			if !slices.Contains(b.secrets, secret) {
				b.secrets = append(b.secrets, secret)
			}
		}
		if len(b.secrets) == before {
			return nil
		}
		return r.configure(ctx, b)
	}
	return nil
}

// leadsTo reports whether a URL is the bin's URL or below it.
func leadsTo(url, bin string) bool {
	rest, ok := strings.CutPrefix(url, bin)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// respond changes the responses of a bin.
func (r *run) respond(ctx context.Context, with *RespondWith, v *result) error {
	b := r.bin(with.Bin, v)
	if b == nil {
		return nil
	}
	b.Script = with.Script
	v.note("bin %s answers %s", b.label, b.Script.describe())
	return r.configure(ctx, b)
}

// bin returns the bin with a label; "" is the bin that acts as the target. It returns nil and marks
// the result as skipped when the run has a target instead of that bin.
func (r *run) bin(label string, v *result) *bin {
	if label == "" {
		label = r.scenario.Target.Bin
	}
	if label == r.scenario.Target.Bin && r.hasTargetURL() {
		r.binSkipped = true
		v.skip("")
		return nil
	}
	return r.bins[label]
}

// newest returns the sequence number of the bin's newest capture.
func (r *run) newest(ctx context.Context, b *bin) (uint64, error) {
	list, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: b.name, Limit: 1}})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Seq, nil
}

// captures returns the bin's captures after a cursor that match a condition, oldest first.
func (r *run) captures(ctx context.Context, b *bin, after uint64, where Condition) ([]mockserver.Capture, error) {
	var all []mockserver.Capture
	for {
		page, err := r.client.Captures(ctx, mockserver.Query{
			CaptureQuery: mockserver.CaptureQuery{Bin: b.name, After: after, Limit: mockserver.MaxLimit, Oldest: true}, Where: string(where),
		})
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return all, nil
		}
		all, after = append(all, page...), page[len(page)-1].Seq
		if len(page) < mockserver.MaxLimit && where == "" {
			return all, nil
		}
	}
}

// binSummary returns the server's counts for a bin. They are zero for a bin without captures.
func (r *run) binSummary(ctx context.Context, b *bin) (mockserver.BinSummary, error) {
	list, err := r.client.Bins(ctx)
	if err != nil {
		return mockserver.BinSummary{}, err
	}
	for _, current := range list {
		if current.Name == b.name {
			return current, nil
		}
	}
	return mockserver.BinSummary{}, nil
}

// toServer returns the script in the form of package mockserver.
func (s Script) toServer() mockserver.Script {
	out := mockserver.Script{Sequence: sequenceOf(s.Responses), Loop: s.Loop, By: string(s.By)}
	for _, rule := range s.Rules {
		r := mockserver.Rule{Where: string(rule.Where), Sequence: sequenceOf(rule.Responses), Loop: rule.Loop, By: string(rule.By)}
		if rule.Response != nil {
			r.Response = rule.Response.toServer()
		}
		out.Rules = append(out.Rules, r)
	}
	return out
}

func sequenceOf(list []Response) []mockserver.Response {
	var out []mockserver.Response
	for _, response := range list {
		out = append(out, response.toServer())
	}
	return out
}

func (h Handshake) toServer() mockserver.Handshake {
	return mockserver.Handshake{Kind: string(h.Kind), Secret: h.Secret}
}

func (r Response) toServer() mockserver.Response {
	var lines signature.Headers
	for _, line := range r.Lines {
		lines = append(lines, signature.Header(line))
	}
	return mockserver.Response{
		Status: r.Status, Headers: r.Headers, Lines: lines, Body: r.Body,
		Delay: r.Delay.toServer(), Drip: r.Drip.toServer(), Cut: string(r.Cut), Hang: r.Hang, Reset: r.Reset,
	}
}

// describe summarises the responses of the script.
func (s Script) describe() string {
	if len(s.Responses) == 0 && len(s.Rules) == 0 {
		return "200 to all"
	}
	var parts []string
	for _, response := range s.Responses {
		parts = append(parts, response.describe())
	}
	text := strings.Join(parts, ", ")
	if s.By == PerDelivery {
		text += " to each delivery"
	}
	if n := len(s.Rules); n > 0 {
		text = strings.TrimPrefix(fmt.Sprintf("%s, %d by rule", text, n), ", ")
	}
	return text
}

func (r Response) describe() string {
	switch {
	case r.Hang:
		return "nothing"
	case r.Reset:
		return "a reset"
	case r.Cut != "":
		return fmt.Sprintf("%d, reset in the %s", r.status(), r.Cut)
	case r.Delay > 0:
		return fmt.Sprintf("%d after %s", r.status(), r.Delay)
	}
	return fmt.Sprint(r.status())
}

func (r Response) status() int {
	if r.Status == 0 {
		return 200
	}
	return r.Status
}

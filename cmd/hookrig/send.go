package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// sendFlags are the flags of send.
type sendFlags struct {
	to, secret, tenant, retry string
	timeout                   time.Duration
	seed                      seedFlag
	set, faults               []string
	expect                    string
	body                      string
	knowledge                 knowledge
	tls                       trustFlags
	asJSON, verbose           bool
}

func newSend(w World) *cobra.Command {
	var s sendFlags
	cmd := &cobra.Command{
		Use:   "send PROVIDER EVENT --to URL",
		Short: "Send one signed event to a URL, as the provider would",
		Long: `Renders the event, signs it and sends it. The same --seed gives the same body. Without --secret one is
minted as the provider would mint it, and printed. Each attempt is printed as it is made, with the consumer's answer.
Exit code 0: the consumer answered with success, or as --expect says; 1: it did not; 3: interrupted, or nothing could be sent.

Faults (--fault KIND[:ARG], repeatable; KIND[:ARG]@1,3 is for attempts 1 and 3 only):
` + faultHelp(),
		Example: `  hookrig send neostore Pass:Installed --to http://127.0.0.1:3000/hooks --secret S
  hookrig send subscribfy wallet_pass/created --to http://127.0.0.1:3000/hooks --secret S --fault signature:missing
  hookrig send ethpass pass:scan --to http://127.0.0.1:3000/hooks --set /result/platform='"apple"' --json`,
		Args:              exactArgs("PROVIDER", "EVENT"),
		ValidArgsFunction: completeEvent,
		RunE:              func(cmd *cobra.Command, args []string) error { return send(cmd, w, args[0], args[1], &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.to, "to", "", "where to send it, an http or https `URL`")
	f.StringVar(&s.secret, "secret", "", "the `SECRET` that it is signed with")
	f.StringVar(&s.tenant, "tenant", "", "the `NAME` of the tenant, store or project it comes from")
	f.Var(&s.seed, "seed", "the `NUMBER` that fixes the body (default: random, and printed)")
	f.StringArrayVar(&s.set, "set", nil, "overwrite a member of the body, `POINTER=JSON`; repeatable")
	f.StringVar(&s.body, "body", "", "send the bytes of `FILE` (- is standard input) as they are, instead of a rendered body")
	f.StringArrayVar(&s.faults, "fault", nil, "do something wrong on purpose, `KIND[:ARG]`; repeatable")
	f.StringVar(&s.retry, "retry", "", "try again as a retry `PROFILE` of the provider says, on the real clock (default: one attempt)")
	f.DurationVar(&s.timeout, "timeout", 0, "`DURATION` of one attempt (default: the provider's)")
	f.StringVar(&s.expect, "expect", "", "the `STATUS` that the consumer is to answer, a comma list: 401, 4xx (default: success)")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print each request and each answer whole")
	f.BoolVar(&s.asJSON, "json", false, "print the delivery as JSON")
	s.tls.add(f)
	s.knowledge.flags(cmd)
	completeFlag(cmd, "fault", completeFault)
	completeFlag(cmd, "retry", completeRetry)
	return cmd
}

func send(cmd *cobra.Command, w World, name, event string, s *sendFlags) error {
	ctx := cmd.Context()
	known, err := s.knowledge.catalogue()
	if err != nil {
		return err
	}
	p, err := known.Provider(name)
	if err != nil {
		return misuse(err)
	}
	if _, err := p.Event(event); err != nil {
		return misuse(err)
	}
	_, guard, err := target("--to", &s.to)
	if err != nil {
		return err
	}
	emission := mockserver.Emission{Event: event, Tenant: s.tenant, Seed: s.seed.value()}
	if emission.Set, err = parseSettings(s.set); err != nil {
		return err
	}
	if s.body != "" {
		if emission.Body, err = readBody(w, s.body); err != nil {
			return err
		}
	}
	if emission.Faults, err = parseFaults(s.faults); err != nil {
		return err
	}
	expected, err := expectedStatuses(s.expect)
	if err != nil {
		return err
	}
	trust, err := s.tls.trust(cmd, w)
	if err != nil {
		return err
	}
	log, err := logger(cmd, w)
	if err != nil {
		return err
	}
	store := mockserver.NewMemory(mockserver.MemoryOptions{})
	// The dispatcher outlives an interrupt, so that the report says how far the delivery came.
	d, err := mockserver.NewDispatcher(context.WithoutCancel(ctx), mockserver.DispatcherOptions{
		Catalogue: known, Store: store, Wire: &mockserver.HTTPClient{Dial: guard.Dial, Trust: trust}, Log: log,
	})
	if err != nil {
		return inconclusive(err)
	}
	defer store.Close()
	defer d.Close()

	secret := s.secret
	if secret == "" && p.Subscription.Secret.Minted == "provider" {
		secret = p.MintSecret(fixtures.Draw{Seed: *emission.Seed, Stream: "secret"})
	}
	endpoint := mockserver.Endpoint{
		Provider: name, Tenant: s.tenant, URL: s.to, Retry: cmp.Or(s.retry, mockserver.NoRetry), Timeout: mockserver.Duration(s.timeout),
	}
	if secret != "" {
		endpoint.Secrets = []string{secret}
	}
	deliveries, err := d.Deliver(ctx, endpoint, emission)
	if errors.Is(err, mockserver.ErrInvalid) {
		return misuse(plainly(err))
	}
	if err != nil {
		return inconclusive(err)
	}
	about := w.Stdout
	if s.asJSON {
		about = w.Stderr
	}
	if s.secret == "" && secret != "" {
		about.Printf("secret  %s (minted; give --secret to choose it)\n", secret)
	}
	about.Printf("seed    %d\n", *emission.Seed)
	watch := watching{out: w.Stdout, verbose: s.verbose}
	if s.asJSON {
		watch.out = terminal.NewWriter(io.Discard)
	}
	for i := range deliveries {
		if deliveries[i], err = watch.delivery(ctx, store, deliveries[i].ID); err != nil {
			return inconclusive(err)
		}
	}
	if hint := refused(p, deliveries, s.secret, secret); hint != "" && len(expected) == 0 && !s.asJSON {
		w.Stdout.Printf("hint    %s\n", hint)
	}
	if s.asJSON && len(deliveries) == 1 {
		err = w.Stdout.JSON(deliveries[0], "  ")
	} else if s.asJSON {
		err = w.Stdout.JSON(deliveries, "  ")
	}
	if err != nil {
		return inconclusive(err)
	}
	return sendResult(ctx, deliveries, expected)
}

// refused says what to look at when the consumer refused a request whose signature is right; "" when it did not. given
// is the secret of --secret, used the one that signed.
func refused(p *fixtures.Provider, deliveries []mockserver.Delivery, given, used string) string {
	if !slices.ContainsFunc(deliveries, func(d mockserver.Delivery) bool {
		n := len(d.Attempts)
		return n > 0 && d.Attempts[n-1].Fault == "" && (d.Attempts[n-1].Status == 401 || d.Attempts[n-1].Status == 403)
	}) {
		return ""
	}
	look := "; what it has to check: hookrig events " + p.Name
	switch {
	case len(p.Signing.Signatures) == 0:
		return p.Name + " signs nothing, so the consumer cannot ask for a signature" + look
	case used == "":
		return "no secret was given, so nothing is signed: give --secret the one that the consumer has" + look
	case given == "":
		return "the secret was minted, so the consumer cannot know it: give --secret the one that it has" + look
	}
	return "the signature is right for this secret: either the consumer has another one, or it checks other bytes than the body's, as they arrive" + look
}

// readBody reads the body that --body names, at most as much as is sent.
func readBody(w World, name string) ([]byte, error) {
	const most = 16 << 20
	in := w.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, misusef("--body: %w", err)
		}
		defer file.Close()
		in = file
	}
	body, err := io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, misusef("--body %s: %w", name, err)
	case len(body) > most:
		return nil, misusef("--body %s: it has more than %d MiB, the most that is sent", name, most>>20)
	case body == nil:
		body = []byte{}
	}
	return body, nil
}

// expectedStatuses reads --expect: statuses and classes of them.
func expectedStatuses(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	list := strings.Split(text, ",")
	for i, word := range list {
		word = strings.ToLower(strings.TrimSpace(word))
		if len(word) != 3 || word[0] < '1' || word[0] > '9' || word[1:] != "xx" && strings.Trim(word[1:], "0123456789") != "" {
			return nil, misusef("--expect %q: want statuses or classes of them, as in 401 or 4xx,503", text)
		}
		list[i] = word
	}
	return list, nil
}

func isExpected(status int, expected []string) bool {
	text := strconv.Itoa(status)
	return slices.ContainsFunc(expected, func(want string) bool {
		return want == text || strings.HasSuffix(want, "xx") && len(text) == 3 && want[0] == text[0]
	})
}

// sendResult is nil when every delivery was delivered, or dropped as a fault asked; with expected statuses, when each was answered so.
func sendResult(ctx context.Context, deliveries []mockserver.Delivery, expected []string) error {
	var result error
	for _, d := range deliveries {
		last := mockserver.Attempt{}
		if n := len(d.Attempts); n > 0 {
			last = d.Attempts[n-1]
		}
		switch {
		case len(expected) > 0 && last.Status != 0:
			if !isExpected(last.Status, expected) {
				result = failed()
			}
		case len(expected) > 0 && d.State == mockserver.Dropped:
			return inconclusive(errors.New("nothing was sent, so no answer can be checked: leave out the drop fault or --expect"))
		case d.State == mockserver.Delivered || d.State == mockserver.Dropped:
		case d.State == mockserver.Pending && ctx.Err() != nil:
			return inconclusive(fmt.Errorf("interrupted: the delivery is pending after %d of its attempts", len(d.Attempts)))
		case len(d.Attempts) > 0 && last.Sent.Method == "":
			return inconclusive(fmt.Errorf("attempt %d could not be made: %s", last.N, last.Error))
		case last.Outcome == mockserver.NotSent:
			return inconclusive(fmt.Errorf("no consumer at %s: %s", d.URL, last.Error))
		default:
			result = failed()
		}
	}
	return result
}

// parseSettings reads POINTER=JSON; a value that is not JSON is taken as text.
func parseSettings(list []string) ([]fixtures.Setting, error) {
	var settings []fixtures.Setting
	for _, text := range list {
		pointer, value, ok := strings.Cut(text, "=")
		if !ok || !strings.HasPrefix(pointer, "/") {
			return nil, misusef(`--set %q: want POINTER=JSON, as in --set /passId='"p-1"'`, text)
		}
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			raw, _ = json.Marshal(value)
		}
		settings = append(settings, fixtures.Setting{Pointer: pointer, Value: raw})
	}
	return settings, nil
}

// writeJSON prints one value, indented, with nothing escaped that JSON does not ask for.
func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

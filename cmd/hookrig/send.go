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
		Long: `Renders the event, signs it and sends it. The same --seed gives the same body. Without --secret, a secret is
generated as the provider would do, and printed. Each attempt is printed when it is made, with the response.
Exit code 0: the consumer responded with success, or with a status of --expect; 1: it did not; 3: interrupted, or
nothing could be sent.

--fault KIND:ARG[:ARG] does one thing wrong on purpose and may be repeated; KIND:ARG@1,3 does it in attempts 1 and 3
only. hookrig faults lists all.`,
		Example: `  hookrig send neostore Pass:Installed --to http://127.0.0.1:3000/hooks --secret S
  hookrig send subscribfy wallet_pass/created --to http://127.0.0.1:3000/hooks --secret S --fault signature:missing
  hookrig send ethpass pass:scan --to http://127.0.0.1:3000/hooks --set /result/platform='"apple"' --json`,
		Args:              exactArgs("PROVIDER", "EVENT"),
		ValidArgsFunction: completeEvent,
		RunE:              func(cmd *cobra.Command, args []string) error { return send(cmd, w, args[0], args[1], &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.to, "to", "", "http or https `URL` of the consumer")
	f.StringVar(&s.secret, "secret", "", "signing `SECRET`")
	f.StringVar(&s.tenant, "tenant", "", "`NAME` of the tenant, store or project of the event")
	f.Var(&s.seed, "seed", "`NUMBER` that determines the body (default: random, and printed)")
	f.StringArrayVar(&s.set, "set", nil, "overwrite a member of the body, `POINTER=JSON`; repeatable")
	f.StringVar(&s.body, "body", "", "send the exact bytes of `FILE` (- is standard input) instead of a rendered body")
	f.StringArrayVar(&s.faults, "fault", nil, "add a fault, `KIND:ARG[:ARG]`; repeatable")
	f.StringVar(&s.retry, "retry", "", "retry `PROFILE` of the provider, or \"like VENDOR\", in real time (default: one attempt)")
	f.Var((*durationFlag)(&s.timeout), "timeout", "time limit of one attempt, a `DURATION` (default: the provider's)")
	f.StringVar(&s.expect, "expect", "", "expected `STATUS` codes of the response, comma-separated: 401, 4xx (default: success)")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print each request and response in full")
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
	// The dispatcher continues after an interrupt, so that the attempt under way is reported.
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
		return misuse(withoutPrefix(err))
	}
	if err != nil {
		return inconclusive(err)
	}
	about := w.Stdout
	if s.asJSON {
		about = w.Stderr
	}
	if s.secret == "" && secret != "" {
		about.Printf("secret  %s (generated; set it with --secret)\n", secret)
	}
	about.Printf("seed    %d\n", *emission.Seed)
	printer := deliveryPrinter{out: w.Stdout, verbose: s.verbose}
	if s.asJSON {
		printer.out = terminal.NewWriter(io.Discard)
	}
	for i := range deliveries {
		if deliveries[i], err = printer.delivery(ctx, store, deliveries[i].ID); err != nil {
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

// refused returns a hint for a consumer that refused a request with a valid signature, or "". given
// is the secret of --secret, used is the secret that signed.
func refused(p *fixtures.Provider, deliveries []mockserver.Delivery, given, used string) string {
	if !slices.ContainsFunc(deliveries, func(d mockserver.Delivery) bool {
		n := len(d.Attempts)
		return n > 0 && d.Attempts[n-1].Fault == "" && (d.Attempts[n-1].Status == 401 || d.Attempts[n-1].Status == 403)
	}) {
		return ""
	}
	more := "; hookrig events " + p.Name + " shows how to check it"
	switch {
	case len(p.Signing.Signatures) == 0:
		return p.Name + " does not sign, so the consumer cannot require a signature" + more
	case used == "":
		return "there is no secret, so the event is not signed: set the consumer's secret with --secret" + more
	case given == "":
		return "the secret was generated, so the consumer cannot know it: set the consumer's secret with --secret" + more
	}
	return "the signature is valid for this secret: the consumer has another secret, or does not check the exact bytes of the body" + more
}

// readBody reads the file of --body, up to the largest size that is sent.
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
		return nil, misusef("--body %s: the file is larger than %d MiB, the limit", name, most>>20)
	case body == nil:
		body = []byte{}
	}
	return body, nil
}

// expectedStatuses parses --expect: statuses and classes.
func expectedStatuses(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	list := strings.Split(text, ",")
	for i, word := range list {
		word = strings.ToLower(strings.TrimSpace(word))
		if len(word) != 3 || word[0] < '1' || word[0] > '9' || word[1:] != "xx" && strings.Trim(word[1:], "0123456789") != "" {
			return nil, misusef("--expect %q: want statuses or classes, as in 401 or 4xx,503", text)
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

// sendResult returns nil when every delivery was delivered, or dropped by a fault. With expected
// statuses, it returns nil when every response has one of them.
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
			return inconclusive(errors.New("nothing was sent, so there is no response to check: remove the drop fault or --expect"))
		case d.State == mockserver.Delivered || d.State == mockserver.Dropped:
		case d.State == mockserver.Pending && ctx.Err() != nil:
			return inconclusive(fmt.Errorf("interrupted: the delivery is pending after %d of its attempts", len(d.Attempts)))
		case len(d.Attempts) > 0 && last.Sent.Method == "":
			return inconclusive(fmt.Errorf("attempt %d could not be made: %s", last.N, last.Error))
		case last.Outcome == mockserver.NotSent && strings.Contains(last.Error, mockserver.ErrOnPurpose.Error()):
			return inconclusive(fmt.Errorf("nothing was sent, so there is no response to check: %s", last.Error))
		case last.Outcome == mockserver.NotSent:
			return inconclusive(fmt.Errorf("no consumer at %s: %s", d.URL, last.Error))
		default:
			result = failed()
		}
	}
	return result
}

// parseSettings parses POINTER=JSON. A value that is not JSON is a string.
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

// writeJSON writes one value, indented, without HTML escapes.
func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

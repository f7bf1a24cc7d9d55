package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/provider"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// sendFlags are the flags of send.
type sendFlags struct {
	to, secret, tenant, retry string
	timeout                   time.Duration
	seed                      seedFlag
	set, faults               []string
	knowledge                 knowledge
	asJSON                    bool
}

func newSend(w World) *cobra.Command {
	var s sendFlags
	cmd := &cobra.Command{
		Use:   "send PROVIDER EVENT --to URL",
		Short: "Send one signed event to a URL, as the provider would",
		Long: `Renders the event, signs it and sends it. The same --seed gives the same body. Without --secret one is
minted as the provider would mint it, and printed. Exit code 0: the consumer answered with success; 1: it did not;
3: interrupted, or nothing could be sent.

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
	f.Var(&s.seed, "seed", "the `NUMBER` that the body is drawn from (default: drawn and printed)")
	f.StringArrayVar(&s.set, "set", nil, "overwrite a member of the body, `POINTER=JSON`; repeatable")
	f.StringArrayVar(&s.faults, "fault", nil, "do something wrong on purpose, `KIND[:ARG]`; repeatable")
	f.StringVar(&s.retry, "retry", "", "a retry `PROFILE` of the provider, on the real clock (default: the provider's)")
	f.DurationVar(&s.timeout, "timeout", 0, "`DURATION` of one attempt (default: the provider's)")
	f.BoolVar(&s.asJSON, "json", false, "print the delivery as JSON")
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
	_, guard, err := target("--to", s.to)
	if err != nil {
		return err
	}
	emission := provider.Emission{Event: event, Tenant: s.tenant, Seed: s.seed.value()}
	if emission.Set, err = parseSettings(s.set); err != nil {
		return err
	}
	if emission.Faults, err = parseFaults(s.faults); err != nil {
		return err
	}
	log, err := logger(cmd, w)
	if err != nil {
		return err
	}
	store := journal.NewMemory(journal.MemoryOptions{})
	// The dispatcher outlives an interrupt, so that the report says how far the delivery came.
	d, err := provider.New(context.WithoutCancel(ctx), provider.Options{
		Catalogue: known, Store: store, Wire: &wire.Client{Dial: guard.Dial}, Log: log,
	})
	if err != nil {
		return noVerdict(err)
	}
	defer store.Close()
	defer d.Close()

	secret := s.secret
	if secret == "" && p.Subscription.Secret.Minted == "provider" {
		secret = p.MintSecret(fixtures.Draw{Seed: *emission.Seed, Stream: "secret"})
	}
	endpoint := journal.Endpoint{
		Provider: name, Tenant: s.tenant, URL: s.to, Retry: s.retry, Timeout: journal.Duration(s.timeout),
	}
	if secret != "" {
		endpoint.Secrets = []string{secret}
	}
	deliveries, err := d.Deliver(ctx, endpoint, emission)
	if errors.Is(err, provider.ErrInvalid) {
		return misuse(plainly(err))
	}
	if err != nil {
		return noVerdict(err)
	}
	for i := range deliveries {
		if _, err := d.Await(ctx, deliveries[i].ID); err != nil && ctx.Err() == nil {
			return noVerdict(err)
		}
		if deliveries[i], err = store.Delivery(context.WithoutCancel(ctx), deliveries[i].ID); err != nil {
			return noVerdict(err)
		}
	}
	about := w.Stdout
	if s.asJSON {
		about = w.Stderr
	}
	if s.secret == "" && secret != "" {
		fmt.Fprintf(about, "secret  %s (minted; give --secret to choose it)\n", secret)
	}
	fmt.Fprintf(about, "seed    %d\n", *emission.Seed)
	switch {
	case s.asJSON && len(deliveries) == 1:
		err = writeJSON(w.Stdout, deliveries[0])
	case s.asJSON:
		err = writeJSON(w.Stdout, deliveries)
	default:
		err = printDeliveries(w.Stdout, deliveries)
	}
	if err != nil {
		return noVerdict(err)
	}
	return sendVerdict(ctx, deliveries)
}

// sendVerdict is nil when every delivery was delivered, or dropped as a fault asked.
func sendVerdict(ctx context.Context, deliveries []journal.Delivery) error {
	var verdict error
	for _, d := range deliveries {
		last := journal.Attempt{}
		if n := len(d.Attempts); n > 0 {
			last = d.Attempts[n-1]
		}
		switch {
		case d.State == journal.Delivered || d.State == journal.Dropped:
		case d.State == journal.Pending && ctx.Err() != nil:
			return noVerdict(fmt.Errorf("interrupted: the delivery is pending after %d of its attempts", len(d.Attempts)))
		case len(d.Attempts) > 0 && last.Sent.Method == "":
			return noVerdict(fmt.Errorf("attempt %d could not be made: %s", last.N, last.Error))
		default:
			verdict = failed()
		}
	}
	return verdict
}

// printDeliveries says in a few lines what was sent and what came of it.
func printDeliveries(out io.Writer, deliveries []journal.Delivery) error {
	var b strings.Builder
	for _, d := range deliveries {
		fmt.Fprintf(&b, "event   %s %s, id %s, %d bytes\n", d.Provider, d.Event.Name, d.Event.ID, len(d.Event.Body))
		for _, a := range d.Attempts {
			fmt.Fprintf(&b, "attempt %d  %s → ", a.N, strings.TrimSpace(a.Sent.Method+" "+d.URL))
			if a.Status != 0 {
				fmt.Fprintf(&b, "%d", a.Status)
			} else {
				b.WriteString(string(a.Outcome))
			}
			fmt.Fprintf(&b, " in %.1f ms", a.TookMS)
			if a.Fault != "" {
				fmt.Fprintf(&b, ", with %s", a.Fault)
			}
			if a.Error != "" {
				fmt.Fprintf(&b, ": %s", a.Error)
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "state   %s", d.State)
		if d.State == journal.Pending && !d.Next.IsZero() {
			fmt.Fprintf(&b, ", the next attempt is due at %s", d.Next.Local().Format("15:04:05"))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(out, b.String())
	return err
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

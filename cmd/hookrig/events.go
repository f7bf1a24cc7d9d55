package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/handlers"
	"github.com/hookrig/hookrig/internal/terminal"
)

func newEvents(w World) *cobra.Command {
	var (
		seed           seedFlag
		sample, asJSON bool
		code           string
		of             knowledge
	)
	cmd := &cobra.Command{
		Use:   "events [PROVIDER [EVENT]]",
		Short: "List events and how they are signed; --sample shows a body, --code a handler",
		Long: `Lists the events that each provider can send. "assumed" marks facts that the vendor does not document. With PROVIDER
or EVENT the output lists these assumptions, and describes how a consumer checks the signature. With EVENT it also
lists the header lines, with PROVIDER the options, which change assumptions. --code prints a program that receives
and checks the provider's webhooks on port 3000 (PORT), with the secret in the variable WEBHOOK_SECRET.`,
		Example: `  hookrig events
  hookrig events subscribfy
  hookrig events neostore Pass:Created --sample --seed 7
  hookrig events neostore --code python > handler.py`,
		Args:              atMostArgs("PROVIDER", "EVENT"),
		ValidArgsFunction: completeEvent,
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := of.catalogue()
			if err != nil {
				return err
			}
			providers := known.Providers()
			if len(args) > 0 {
				p, err := known.Provider(args[0])
				if err != nil {
					return misuse(err)
				}
				providers = []*fixtures.Provider{p}
			}
			if code != "" {
				return printCode(w, providers, args, code, sample || asJSON)
			}
			draw := fixtures.Draw{Seed: shownSeed, Stream: "sample"}
			if sample || seed.given {
				draw.Seed = *seed.value()
			}
			var list []eventRow
			for _, p := range providers {
				events := p.Events
				if len(args) > 1 {
					e, err := p.Event(args[1])
					if err != nil {
						return misuse(err)
					}
					events = []fixtures.EventType{*e}
				}
				about := p.Authenticity()
				for _, e := range events {
					row := eventRow{
						Provider: p.Name, Name: e.Name, Title: e.Title, When: e.When,
						Documented: e.Documented, Assumed: e.Assumed, Signature: about,
					}
					if list = append(list, row); !sample && !asJSON && len(args) < 2 {
						continue
					}
					ev, err := p.Render(draw, e.Name, fixtures.RenderOptions{})
					if err != nil {
						return inconclusive(err)
					}
					last := &list[len(list)-1]
					if last.Headers, last.Secret, err = shownHeaders(p, ev); err != nil {
						return inconclusive(err)
					}
					if sample {
						last.Sample = string(ev.Body)
					}
				}
			}
			if asJSON {
				return w.Stdout.JSON(list, "  ")
			}
			if sample && len(args) == 2 { // only the body, for pipes
				w.Stderr.Printf("seed %d\n", draw.Seed)
				_, err := io.WriteString(w.Stdout.Exact(), list[0].Sample+"\n")
				return err
			}
			if seed.given {
				w.Stderr.Printf("seed %d\n", draw.Seed)
			}
			var b terminal.Builder
			eventTable(&b, list)
			switch len(args) {
			case 1:
				signatureBlock(&b, providers[0], true)
				var notes []string
				for _, a := range providers[0].Assumed {
					notes = append(notes, a.ID+": "+a.Text)
				}
				assumedBlock(&b, notes)
				providerBlock(&b, providers[0])
			case 2:
				signatureBlock(&b, providers[0], false)
				headerBlock(&b, &list[0], draw.Seed)
				listed := list[0].Signature.Assumed
				assumedBlock(&b, slices.DeleteFunc(slices.Clone(list[0].Assumed), func(text string) bool { return slices.Contains(listed, text) }))
			}
			w.Stdout.Printf("%s", terminal.Lines(b.String()))
			if err := w.Stdout.Err(); err != nil {
				return inconclusive(err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&sample, "sample", false, "render a sample body of each event")
	f.Var(&seed, "seed", "`NUMBER` that determines the samples (default: random, and printed)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.StringVar(&code, "code", "", "print a webhook handler in this `LANGUAGE`: "+strings.Join(languageNames(), ", "))
	of.flags(cmd)
	completeFlag(cmd, "code", completeLanguage)
	return cmd
}

// eventRow is one event in the list.
type eventRow struct {
	Provider   string   `json:"provider"`
	Name       string   `json:"name"`
	Title      string   `json:"title,omitempty"`
	When       string   `json:"when,omitempty"`
	Documented bool     `json:"documented"`
	Assumed    []string `json:"assumed,omitempty"`
	// Signature describes how a consumer checks the request.
	Signature fixtures.Authenticity `json:"signature"`
	// Headers are the header lines of the sample, signed with Secret, without Host and
	// Content-Length.
	Headers []headerRow `json:"headers"`
	Secret  string      `json:"secret,omitempty"`
	// Sample is the exact body.
	Sample string `json:"sample,omitempty"`
}

// eventTable lists events, with their samples below.
func eventTable(b *terminal.Builder, list []eventRow) {
	provider, event := len("PROVIDER"), len("EVENT")
	for _, e := range list {
		provider, event = max(provider, len(e.Provider)), max(event, len(e.Name))
	}
	b.Printf("%-*s  %-*s  %-10s  WHEN\n", provider, "PROVIDER", event, "EVENT", "SOURCE")
	for _, e := range list {
		source := "documented"
		if !e.Documented {
			source = "assumed"
		}
		b.Printf("%-*s  %-*s  %-10s  %s\n", provider, e.Provider, event, e.Name, source, e.When)
		if e.Sample != "" {
			b.Printf("  %s\n", terminal.Lines(e.Sample))
		}
	}
}

// assumedBlock lists what the vendor does not document.
func assumedBlock(b *terminal.Builder, notes []string) {
	for i, note := range notes {
		if i == 0 {
			b.Printf("\nassumed, because the vendor does not document it:\n")
		}
		for i, line := range folded(note, helpWidth-4) {
			b.Printf("%*s%s\n", 2+2*min(i, 1), "", line)
		}
	}
}

// providerBlock lists the options of a provider, and says whether its documentation is incomplete.
func providerBlock(b *terminal.Builder, p *fixtures.Provider) {
	writeOptions(b, p)
	if p.Partial {
		b.Printf("\nthe documentation of %s is incomplete: lists of all providers omit it, but its name works everywhere.\n", p.Name)
	}
}

// printCode prints the program of --code.
func printCode(w World, providers []*fixtures.Provider, args []string, language string, more bool) error {
	switch {
	case len(args) == 0:
		return misusef("--code wants a PROVIDER: hookrig events neostore --code %s", language)
	case more:
		return misusef("--code cannot be combined with --sample and --json")
	}
	text, err := handlers.Code(providers[0], language)
	switch {
	case errors.Is(err, handlers.ErrLanguage):
		return misusef("--code: %w", err)
	case err != nil:
		return misuse(err)
	}
	if _, err := io.WriteString(w.Stdout.Exact(), text); err != nil {
		return inconclusive(err)
	}
	return nil
}

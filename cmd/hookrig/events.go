package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/terminal"
)

func newEvents(w World) *cobra.Command {
	var (
		seed           seedFlag
		sample, asJSON bool
		of             knowledge
	)
	cmd := &cobra.Command{
		Use:   "events [PROVIDER [EVENT]]",
		Short: "List the events each provider sends; --sample shows a body",
		Long:  "Lists what each provider can send. \"assumed\" marks what no document of the vendor states; with PROVIDER or EVENT\nthe notes say what that is. With PROVIDER its options follow: what of that can be decided otherwise.",
		Example: `  hookrig events
  hookrig events subscribfy
  hookrig events neostore Pass:Created --sample --seed 7`,
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
				for _, e := range events {
					row := eventRow{
						Provider: p.Name, Name: e.Name, Title: e.Title, When: e.When,
						Documented: e.Documented, Assumed: e.Assumed,
					}
					if sample {
						ev, err := p.Render(fixtures.Draw{Seed: *seed.value(), Stream: "sample"}, e.Name, fixtures.RenderOptions{})
						if err != nil {
							return noVerdict(err)
						}
						row.Sample = string(ev.Body)
					}
					list = append(list, row)
				}
			}
			if asJSON {
				return w.Stdout.JSON(list, "  ")
			}
			var notes []string // what is assumed: of one event, or of all that one provider does
			switch len(args) {
			case 1:
				for _, a := range providers[0].Assumed {
					notes = append(notes, a.ID+": "+a.Text)
				}
			case 2:
				notes = list[0].Assumed
			}
			if err := printEvents(w, list, notes, sample && len(args) == 2, seed); err != nil || len(args) != 1 {
				return err
			}
			return printProvider(w, providers[0])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&sample, "sample", false, "render a body of each event")
	f.Var(&seed, "seed", "the `NUMBER` that samples are drawn from (default: drawn and printed)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	of.flags(cmd)
	return cmd
}

// eventRow is one line of the catalogue.
type eventRow struct {
	Provider   string   `json:"provider"`
	Name       string   `json:"name"`
	Title      string   `json:"title,omitempty"`
	When       string   `json:"when,omitempty"`
	Documented bool     `json:"documented"`
	Assumed    []string `json:"assumed,omitempty"`
	// Sample is the body's exact text.
	Sample string `json:"sample,omitempty"`
}

// printEvents prints a table; a single sample is printed bare, so that it can be piped.
func printEvents(w World, list []eventRow, notes []string, bare bool, seed seedFlag) error {
	if bare {
		w.Stderr.Printf("seed %d\n", seed.seed)
		_, err := io.WriteString(w.Stdout.Exact(), list[0].Sample+"\n")
		return err
	}
	if seed.given {
		w.Stderr.Printf("seed %d\n", seed.seed)
	}
	provider, event := len("PROVIDER"), len("EVENT")
	for _, e := range list {
		provider, event = max(provider, len(e.Provider)), max(event, len(e.Name))
	}
	var b terminal.Builder
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
	for i, note := range notes {
		if i == 0 {
			b.Printf("\nassumed, as no document states it:\n")
		}
		for i, line := range folded(note, helpWidth-4) {
			b.Printf("%*s%s\n", 2+2*min(i, 1), "", line)
		}
	}
	w.Stdout.Printf("%s", terminal.Lines(b.String()))
	if err := w.Stdout.Err(); err != nil {
		return noVerdict(err)
	}
	return nil
}

// printProvider prints what can be decided about a provider, and whether it is documented in part only.
func printProvider(w World, p *fixtures.Provider) error {
	var b terminal.Builder
	writeOptions(&b, p)
	if p.Partial {
		b.Printf("\n%s is documented in part: it is played by its name only, and left out where all are listed.\n", p.Name)
	}
	w.Stdout.Printf("%s", terminal.Lines(b.String()))
	if err := w.Stdout.Err(); err != nil {
		return noVerdict(err)
	}
	return nil
}

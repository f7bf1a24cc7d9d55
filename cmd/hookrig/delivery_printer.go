package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// deliveryPrinter prints the attempts of deliveries when they are made.
type deliveryPrinter struct {
	out     *terminal.Writer
	verbose bool
}

// delivery prints each attempt of a delivery when it is made. It returns the delivery when it is
// finished or ctx ends.
func (p *deliveryPrinter) delivery(ctx context.Context, store mockserver.Store, id string) (mockserver.Delivery, error) {
	printed := -1 // number of attempts
	watch := store.Watch(mockserver.StoreFilter{Delivery: id})
	defer watch.Close()
	for {
		d, err := store.Delivery(context.WithoutCancel(ctx), id)
		if err != nil {
			return d, err
		}
		if printed < 0 {
			printed = 0
			p.out.Printf("event   %s %s, id %s, %d bytes\n", d.Provider, d.Event.Name, d.Event.ID, len(d.Event.Body))
		}
		for ; printed < len(d.Attempts); printed++ {
			p.attempt(&d, &d.Attempts[printed])
			if d.State == mockserver.Pending && printed == len(d.Attempts)-1 {
				p.out.Printf("        the next attempt is due at %s\n", due(d.Next))
			}
		}
		if d.State != mockserver.Pending || ctx.Err() != nil {
			p.out.Printf("state   %s\n", p.state(&d))
			return d, p.out.Err()
		}
		select {
		case <-watch.C():
		case <-ctx.Done():
		}
	}
}

// due returns a time of day, with the date if it is not today.
func due(t time.Time) string {
	local := t.Local()
	if local.YearDay() == time.Now().YearDay() && local.Year() == time.Now().Year() {
		return local.Format("15:04:05")
	}
	return local.Format("2006-01-02 15:04:05")
}

// state describes the state of a delivery.
func (*deliveryPrinter) state(d *mockserver.Delivery) string {
	switch {
	case d.State == mockserver.Exhausted && len(d.Attempts) == 1:
		return "failed (no retries configured)"
	case d.State == mockserver.Exhausted:
		return fmt.Sprintf("exhausted after %d attempts", len(d.Attempts))
	case d.State == mockserver.Pending && !d.Next.IsZero():
		return "pending, the next attempt is due at " + due(d.Next)
	}
	return string(d.State)
}

// attempt prints an attempt: the request and the response.
func (p *deliveryPrinter) attempt(d *mockserver.Delivery, a *mockserver.Attempt) {
	var b terminal.Builder
	b.Printf("attempt %d  %s", a.N, strings.TrimSpace(a.Sent.Method+" "+d.URL))
	if a.Fault != "" {
		b.Printf(", with %s", a.Fault)
		if member := mockserver.ChangedMember(d.Event.Body, a.Sent.Body); member != "" {
			b.Printf(" (changed %s)", member)
		}
	}
	b.Printf("\n")
	if p.verbose {
		b.Printf("> %s %s %s\n", a.Sent.Method, a.Sent.Target, a.Sent.Version)
		writeMessage(&b, "> ", a.Sent.Headers, a.Sent.Body)
	}
	b.Printf("  ← %s in %.1f ms", statusText(a), a.TookMS)
	switch {
	case a.Error != "":
		b.Printf(": %s", a.Error)
	case a.Response != nil && len(a.Response.Body) > 0 && !p.verbose:
		b.Printf("  %s", beginning(a.Response.Body))
	}
	b.Printf("\n")
	if p.verbose && a.Response != nil {
		writeMessage(&b, "< ", a.Response.Headers, a.Response.Body)
	}
	p.out.Printf("%s", terminal.Lines(b.String()))
}

// statusText returns the status with its name, or the outcome of an attempt without a status.
func statusText(a *mockserver.Attempt) string {
	if a.Outcome != mockserver.GotStatus {
		return string(a.Outcome)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
}

// writeMessage writes header lines and a body, each line after a prefix.
func writeMessage(b *terminal.Builder, mark string, headers signature.Headers, body []byte) {
	for _, h := range headers {
		b.Printf("%s%s: %s\n", mark, h.Name, h.Value)
	}
	b.Printf("%s\n", strings.TrimRight(mark, " "))
	if len(body) > 0 {
		b.Printf("%s\n", terminal.Lines(indented(mark, body)))
	}
}

// indented returns a body with a prefix on each line, so that the body cannot imitate other output.
func indented(prefix string, body []byte) string {
	return prefix + strings.ReplaceAll(string(body), "\n", "\n"+prefix)
}

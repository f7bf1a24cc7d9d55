package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/handlers"
	"github.com/hookrig/hookrig/internal/terminal"
)

// Constants of the sample request. They are fixed, so that other programs can compute the same
// signature.
const (
	shownSeed   = 1
	shownSecret = "S"
	shownURL    = "http://127.0.0.1:3000/hooks"
)

// headerRow is a header line of an event.
type headerRow struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Assumed bool   `json:"assumed,omitempty"`
}

// shownHeaders returns the header lines of an event, without Host and Content-Length, and the
// secret that signs them. If the scheme cannot sign with a text, the secret is "" and the header
// values are placeholders in capitals.
func shownHeaders(p *fixtures.Provider, e fixtures.Event) (rows []headerRow, secret string, err error) {
	m, err := p.Message(shownURL, e, e.At)
	if err != nil {
		return nil, "", err
	}
	c := signature.Context{ID: e.ID, URL: shownURL, SubscriptionID: "subscription-1", Time: e.At, EventTime: e.At}
	if len(p.Signing.Signatures) > 0 {
		for _, try := range []string{shownSecret, p.MintSecret(fixtures.Draw{Seed: shownSeed, Stream: "secret"})} {
			signed := m
			signed.Headers, signed.Body = append(signature.Headers(nil), m.Headers...), append([]byte(nil), m.Body...)
			if try != "" && p.Signing.Sign(&signed, c, try) == nil {
				m, secret = signed, try
				break
			}
		}
		if secret == "" {
			for _, s := range p.Signing.Describe().Signatures {
				for _, at := range s.Places {
					if at.In == "header" {
						m.Headers.Set(at.Name, at.Value)
					}
				}
			}
		}
	}
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, "Host") || strings.EqualFold(h.Name, "Content-Length") {
			continue
		}
		row := headerRow{Name: h.Name, Value: h.Value}
		lines := p.Delivery.Headers
		if event, err := p.Event(e.Name); err == nil {
			lines = slices.Concat(lines, event.Headers)
		}
		for _, line := range lines {
			row.Assumed = row.Assumed || line.Assumed && strings.EqualFold(line.Name, h.Name)
		}
		rows = append(rows, row)
	}
	return rows, secret, nil
}

// signatureBlock describes how a consumer checks the provider's requests. If all assumptions follow
// below, it lists only their ids.
func signatureBlock(b *terminal.Builder, p *fixtures.Provider, allFollows bool) {
	about := p.Authenticity()
	if allFollows {
		about.Assumed = named(about.Assumed)
	}
	b.Printf("\nsignature of %s:\n", p.Name)
	if len(about.Signatures) == 0 {
		writeItem(b, "signed", "nothing, so there is nothing to check")
	}
	for _, s := range about.Signatures {
		for i, at := range s.Places {
			label := at.In
			if i > 0 && s.Places[i-1].In == at.In {
				label = ""
			}
			separator := ": "
			if at.In != "header" {
				separator = " = "
			}
			writeItem(b, label, at.Name+separator+at.Value)
		}
		writeItem(b, "algorithm", s.Algorithm)
		writeItem(b, "signed", s.Signed)
		writeItem(b, "encoding", s.Encoding)
		writeItem(b, "secret", s.Secret)
	}
	writeItem(b, "timestamp", about.Timestamp)
	writeItem(b, "rotation", about.Rotation)
	writeItem(b, "duplicates", about.Duplicates)
	for i, line := range about.Advice {
		label := "instead"
		if i > 0 {
			label = ""
		} else if len(about.Signatures) > 0 {
			label = "also"
		}
		writeItem(b, label, line)
	}
	for i, line := range about.Assumed {
		label := "assumed"
		if i > 0 {
			label = ""
		}
		writeItem(b, label, line)
	}
	if _, err := handlers.Code(p, "go"); err == nil {
		writeItem(b, "code", fmt.Sprintf("hookrig events %s --code %s prints a program that checks this", p.Name, strings.Join(languageNames(), "|")))
	}
}

// named puts the ids of assumptions into one line. It does not change assumptions without an id.
func named(assumed []string) []string {
	var ids, words []string
	for _, text := range assumed {
		if id, _, ok := strings.Cut(text, ": "); ok && !strings.Contains(id, " ") {
			ids = append(ids, id)
		} else {
			words = append(words, text)
		}
	}
	if len(ids) > 0 {
		words = append([]string{strings.Join(ids, ", ") + ", below"}, words...)
	}
	return words
}

// writeItem writes a label and its wrapped text. It writes nothing without a text.
func writeItem(b *terminal.Builder, label, text string) {
	if text == "" {
		return
	}
	const column = 14
	for _, line := range folded(text, helpWidth-column) {
		if label != "" {
			label = "  " + label
		}
		b.Printf("%-*s%s\n", column, label, line)
		label = ""
	}
}

// headerBlock lists the header lines of an event.
func headerBlock(b *terminal.Builder, row *eventRow, seed uint64) {
	of := fmt.Sprintf("for the body of --sample --seed %d", seed)
	if row.Secret != "" {
		of += fmt.Sprintf(", with the secret %s", row.Secret)
	}
	b.Printf("\nheader lines except Host and Content-Length, %s:\n", of)
	for _, h := range row.Headers {
		note := ""
		if h.Assumed {
			note = "  (assumed)"
		}
		b.Printf("  %s: %s%s\n", h.Name, h.Value, note)
	}
}

func languageNames() []string {
	var names []string
	for _, l := range handlers.Languages() {
		names = append(names, l.Name)
	}
	return names
}

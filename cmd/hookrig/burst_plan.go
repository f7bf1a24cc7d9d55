package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// readPlan reads the arguments and flags that say what is sent, and how fast.
func (b *burstFlags) readPlan(args []string) error {
	known, err := b.knowledge.catalogue()
	if err != nil {
		return err
	}
	b.plan.Seed = *b.seed.value()
	for _, arg := range args {
		if err := b.addPart(known, arg); err != nil {
			return err
		}
	}
	if err := b.checkSecrets(); err != nil {
		return err
	}
	if b.rate != "" {
		if b.plan.Shape, err = burst.ParseShape(b.rate); err != nil {
			return misusef("--rate: %w", err)
		}
	}
	if b.overload != "" {
		if b.plan.Overload, err = burst.ParseOverload(b.overload); err != nil {
			return misusef("--overload: %w", err)
		}
	}
	for _, text := range b.faults {
		f, err := burst.ParseFaultShare(text)
		if err != nil {
			return misusef("--fault: %w", err)
		}
		b.plan.Faults = append(b.plan.Faults, f)
	}
	for _, text := range b.thresholds {
		t, err := burst.ParseThreshold(text)
		if err != nil {
			return misusef("--threshold: %w", err)
		}
		b.plan.Thresholds = append(b.plan.Thresholds, t)
	}
	return b.readIndexes()
}

// addPart adds a provider: NAME or NAME=WEIGHT.
func (b *burstFlags) addPart(known *fixtures.Catalogue, arg string) error {
	name, weight, weighted := strings.Cut(arg, "=")
	p, err := known.Provider(name)
	if err != nil {
		return misuse(err)
	}
	part := burst.Part{Provider: p, Events: b.events, Journeys: b.journeys, Population: b.population, Options: fixtures.RenderOptions{Tenant: b.tenant}}
	if weighted {
		if part.Weight, err = strconv.ParseFloat(weight, 64); err != nil || !(part.Weight > 0) {
			return misusef("%s: want a weight above 0, as in %s=3", arg, name)
		}
	}
	part.Secret = b.secretOf(name)
	if part.Secret == "" && p.Subscription.Secret.Minted == "provider" {
		part.Secret = p.MintSecret(fixtures.Draw{Seed: b.plan.Seed, Stream: "secret"})
	}
	b.plan.Parts = append(b.plan.Parts, part)
	return nil
}

// secretOf returns the secret of --secret for a provider: that of PROVIDER=SECRET, or the one that
// names no provider.
func (b *burstFlags) secretOf(provider string) string {
	secret := ""
	for _, text := range b.secrets {
		if of, own := strings.CutPrefix(text, provider+"="); own {
			return of
		}
		if !b.namesProvider(text) {
			secret = text
		}
	}
	return secret
}

// namesProvider reports whether a secret is PROVIDER=SECRET for a provider of the burst.
func (b *burstFlags) namesProvider(secret string) bool {
	return slices.ContainsFunc(b.plan.Parts, func(p burst.Part) bool { return strings.HasPrefix(secret, p.Provider.Name+"=") })
}

// given reports whether --secret has a secret for a provider.
func (b *burstFlags) given(provider string) bool { return b.secretOf(provider) != "" }

// checkSecrets returns an error for more secrets than providers take.
func (b *burstFlags) checkSecrets() error {
	shared := 0
	for _, text := range b.secrets {
		if !b.namesProvider(text) {
			shared++
		}
	}
	if shared > 1 {
		return misusef("--secret is given %d times: want one, or PROVIDER=SECRET for each provider", shared)
	}
	return nil
}

// readIndexes reads the file of --indexes: the first word of each line is a number.
func (b *burstFlags) readIndexes() error {
	if b.indexes == "" {
		return nil
	}
	file, err := os.Open(b.indexes)
	if err != nil {
		return misuse(err)
	}
	defer file.Close()
	b.plan.Only = []uint32{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		i, err := strconv.ParseUint(words[0], 10, 32)
		if err != nil {
			return misusef("%s:%d: %q: want the number of an event", b.indexes, n, words[0])
		}
		b.plan.Only = append(b.plan.Only, uint32(i))
	}
	if err := lines.Err(); err != nil {
		return misuse(err)
	}
	if len(b.plan.Only) == 0 {
		return misusef("--indexes %s: it names no event", b.indexes)
	}
	slices.Sort(b.plan.Only)
	b.plan.Only = slices.Compact(b.plan.Only)
	if b.plan.Count == 0 {
		b.plan.Count = uint64(b.plan.Only[len(b.plan.Only)-1]) + 1
	}
	return nil
}

// guardedDial tries the guards of several URLs: each allows its own host.
func guardedDial(first, second burst.DialFunc) burst.DialFunc {
	if first == nil {
		return second
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := first(ctx, network, addr)
		if err != nil && ctx.Err() == nil {
			return second(ctx, network, addr)
		}
		return conn, err
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/burst/burstpage"
)

// outputs are the files of a report, by their flags.
func (b *burstFlags) outputs() map[string]string {
	return map[string]string{"--json": b.jsonFile, "--html": b.htmlFile, "--junit": b.junitFile, "--csv": b.csvFile, "--hgrm": b.hgrmFile, "--lost": b.lostFile}
}

// checkOutputs checks the files before anything is sent, and reads the report of --compare.
func (b *burstFlags) checkOutputs() (before *burst.Report, err error) {
	for _, file := range b.outputs() {
		if err := checkOut(file); err != nil {
			return nil, misuse(err)
		}
	}
	if b.compared == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(b.compared)
	if err != nil {
		return nil, misusef("--compare: %w", err)
	}
	before = &burst.Report{}
	if err := json.Unmarshal(raw, before); err != nil || before.Outcomes == nil {
		return nil, misusef("--compare %s: want the file that --json of an earlier burst wrote: %v", b.compared, err)
	}
	return before, nil
}

// write prints the report and writes its files.
func (b *burstFlags) write(w World, report, before *burst.Report) error {
	if b.jsonFile == "-" {
		if err := w.Stdout.JSON(report, "  "); err != nil {
			return err
		}
	} else if err := b.print(w, report, before); err != nil {
		return err
	}
	for file, write := range map[string]func(io.Writer) error{
		b.jsonFile:  func(out io.Writer) error { return writeJSON(out, report) },
		b.htmlFile:  func(out io.Writer) error { return burstpage.Write(out, report, before) },
		b.junitFile: report.WriteJUnit,
		b.csvFile:   report.WriteCSV,
		b.hgrmFile:  report.WriteHGRM,
		b.lostFile:  report.WriteLost,
	} {
		if file == "" || file == "-" && file == b.jsonFile {
			continue
		}
		if err := writeOut(file, write); err != nil {
			return err
		}
	}
	return nil
}

// print prints the report, the comparison, and the command that sends lost events again.
func (b *burstFlags) print(w World, report, before *burst.Report) error {
	if err := report.WriteText(w.Stdout); err != nil {
		return err
	}
	if before != nil {
		w.Stdout.Printf("%-22s%12s%12s  %s\n", "compared with before", "before", "now", "ratio")
		for _, c := range burst.Compare(before, report) {
			note := ""
			if c.Worse {
				note = "  worse"
			}
			w.Stdout.Printf("  %-20s%12s%12s  %s%s\n", c.Name, c.Before, c.Now, c.Ratio, note)
		}
	}
	if a := report.Accounting; a != nil && a.Lost > 0 {
		if b.lostFile == "" {
			w.Stdout.Printf("lost events   add --lost FILE to get their numbers and ids\n")
		} else {
			w.Stdout.Printf("lost events   %s has their numbers and ids; send them again: the same command with --seed %d --indexes %s\n", b.lostFile, report.Seed, b.lostFile)
		}
	}
	return nil
}

// reconcile compares the events with the bin, or with the ids that the consumer lists.
func (b *burstFlags) reconcile(ctx context.Context, report *burst.Report, bin *burstBin, had []string) error {
	if bin != nil {
		if err := report.ReconcileDigests(bin.since(ctx), bin.capture(ctx)); err != nil {
			return fmt.Errorf("reconcile with bin %q: %w", bin.name, err)
		}
		return nil
	}
	if b.effect == "" {
		return nil
	}
	ids, err := b.ids(ctx)
	if err != nil {
		return err
	}
	earlier := map[string]int{}
	for _, id := range had {
		earlier[id]++
	}
	return report.ReconcileIDs(func(yield func(string, error) bool) {
		for _, id := range ids {
			if earlier[id] > 0 {
				earlier[id]--
			} else if !yield(id, nil) {
				return
			}
		}
	})
}

// idsBefore returns the ids that the consumer lists before the burst.
func (b *burstFlags) idsBefore(ctx context.Context, bin *burstBin) ([]string, error) {
	if b.effect == "" {
		return nil, nil
	}
	ids, err := b.ids(ctx)
	if err != nil {
		return nil, inconclusive(err)
	}
	return ids, nil
}

// maxIDs bounds the response of --effect, in bytes.
const maxIDs = 1 << 30

// ids reads the list of --effect.
func (b *burstFlags) ids(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	fail := func(err error) ([]string, error) { return nil, fmt.Errorf("--effect %s: %w", b.effect, err) }
	address := strings.TrimSpace(strings.TrimPrefix(b.effect, "http "))
	_, guard, err := target("--effect", &address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(err)
	}
	transport := &http.Transport{DialContext: guard.Dial, TLSClientConfig: b.plan.Trust.Config(), DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fail(fmt.Errorf("status %d: want 200 and a list of ids", resp.StatusCode))
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxIDs+1))
	if err != nil {
		return fail(err)
	}
	if len(raw) > maxIDs {
		return fail(errors.New("the list has more than 1 GiB"))
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err == nil {
		return list, nil
	}
	var object struct {
		IDs *[]string `json:"ids"`
	}
	if err := json.Unmarshal(raw, &object); err != nil || object.IDs == nil {
		return fail(errors.New(`want a JSON list of ids, or an object with the list "ids"`))
	}
	return slices.Clone(*object.IDs), nil
}

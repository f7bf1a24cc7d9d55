package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// newCopy returns the command that moves a server's data to another place.
func newCopy(w World) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "copy --from DATA --to DATA",
		Short: "Copy the data of a server to another folder or database",
		Long: `Copies all that a server has stored, byte for byte: requests and deliveries with their numbers and
ids, settings, endpoints, tenants, and all counts. DATA is a folder or
postgres://USER:PASSWORD@HOST/DATABASE, as for --data of "hookrig serve". HOOKRIG_FROM and
HOOKRIG_TO take it too, so that the list of processes does not show a password.

Stop the servers of both first: a folder or database that is in use is refused. The destination
must be empty. If the copy is interrupted, run the same command again: it goes on where it stopped.
Until it is complete no server opens it. At the end the copy is read back and compared.`,
		Example: `  hookrig copy --from ~/.local/share/hookrig --to postgres://hookrig:PASSWORD@db.internal/hookrig
  hookrig copy --from postgres://hookrig:PASSWORD@db.internal/hookrig --to ./server`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source, err := openArchive(cmd.Context(), "--from", from, false)
			if err != nil {
				return err
			}
			destination, err := openArchive(cmd.Context(), "--to", to, true)
			if err != nil {
				return errors.Join(err, source.Close())
			}
			show, end := watchCopy(w)
			copied, err := mockserver.CopyArchive(cmd.Context(), source, destination, show)
			end()
			if err := errors.Join(copyError(err), destination.Close(), source.Close()); err != nil {
				return err
			}
			printCopied(w, copied)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "copy this `DATA` of a server")
	f.StringVar(&to, "to", "", "copy it to this `DATA`, which is empty or does not exist")
	return cmd
}

// openArchive opens the folder or database that a flag names.
func openArchive(ctx context.Context, flag, data string, create bool) (archive mockserver.Archive, err error) {
	switch {
	case data == "":
		return nil, misusef("%s is missing: want a folder, or postgres://USER:PASSWORD@HOST/DATABASE", flag)
	case data == "memory":
		return nil, misusef("%s memory: want a folder, or postgres://USER:PASSWORD@HOST/DATABASE", flag)
	case isPostgres(data) && create:
		archive, err = postgres.CreateArchive(ctx, data)
	case isPostgres(data):
		archive, err = postgres.OpenArchive(ctx, data)
	case create:
		archive, err = sqlite.CreateArchive(ctx, data)
	default:
		archive, err = sqlite.OpenArchive(ctx, data)
	}
	switch {
	case err == nil:
		return archive, nil
	case errors.Is(err, context.Canceled):
		return nil, copyError(err)
	case errors.Is(err, postgres.ErrAddress), errors.Is(err, fs.ErrNotExist):
		return nil, misusef("%s: %w", flag, err)
	case errors.Is(err, sqlite.ErrInUse):
		return nil, inconclusive(fmt.Errorf("%s %s: %w: stop the other hookrig first", flag, data, err))
	}
	return nil, inconclusive(fmt.Errorf("%s: %w", flag, err))
}

// copyError returns an error of a copy with its exit code.
func copyError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return inconclusive(errors.New("interrupted: the same command goes on where this one stopped"))
	case errors.Is(err, mockserver.ErrExists):
		return misusef("--to: %w", err)
	}
	return inconclusive(err)
}

func printCopied(w World, c mockserver.Copied) {
	w.Stdout.Printf("captures    %d in %s\n", c.Captures, countOf(uint64(c.Bins), "bin"))
	w.Stdout.Printf("deliveries  %d, %d pending, with %s\n", c.Deliveries, c.Pending, countOf(uint64(c.Attempts), "attempt"))
	w.Stdout.Printf("documents   %d\n", c.Documents)
	w.Stdout.Printf("size        %s\n", sizeText(c.Bytes))
	w.Stdout.Printf("numbers     go on after capture %d and delivery %d\n", c.Numbers.Capture, c.Numbers.Delivery)
	if c.Resumed.Capture > 0 || c.Resumed.Delivery > 0 {
		w.Stdout.Printf("resumed     after capture %d and delivery %d\n", c.Resumed.Capture, c.Resumed.Delivery)
	}
	if c.Missing > 0 {
		w.Stdout.Printf("missing     %s that bins counted and that count as evicted now\n", countOf(uint64(c.Missing), "capture"))
	}
	digest, _ := c.Digest.MarshalText()
	w.Stdout.Printf("verified    SHA-256 %s of all records, as read and as stored\n", string(digest))
}

// sizeText returns a size in its largest unit, with one digit after the point.
func sizeText(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f%s", float64(n)/float64(u.size), u.name)
		}
	}
	return strictyaml.FormatSize(n)
}

// watchCopy returns what shows the progress of a copy as that of a burst is shown, and a function
// that ends it.
func watchCopy(w World) (show func(mockserver.CopyProgress), end func()) {
	if w.Stderr.IsTerminal() && w.Getenv("TERM") != "dumb" {
		line := &liveLine{w: w, width: cmp.Or(w.width(), 80)}
		next := time.Duration(0)
		return func(p mockserver.CopyProgress) {
			if p.Elapsed >= next {
				next = p.Elapsed + redrawEvery
				line.show(copyProgressText(p))
			}
		}, line.end
	}
	next := plainEvery
	return func(p mockserver.CopyProgress) {
		if p.Elapsed >= next {
			next = p.Elapsed.Truncate(plainEvery) + plainEvery
			w.Stderr.Printf("%s\n", copyProgressText(p))
		}
	}, func() {}
}

// redrawEvery is the time between two changes of a line of a terminal.
const redrawEvery = 100 * time.Millisecond

// copyProgressText is the progress on one line.
func copyProgressText(p mockserver.CopyProgress) string {
	done := "copied"
	if p.Verifying {
		done = "compared"
	}
	return fmt.Sprintf("%s  %d of %s, %d deliveries, %s %s", p.Elapsed.Truncate(time.Second), p.Captures, countOf(uint64(p.Of), "capture"), p.Deliveries, sizeText(p.Bytes), done)
}

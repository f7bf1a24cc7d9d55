package main

import (
	"errors"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/mockserver"
)

func newLearn(w World) *cobra.Command {
	var (
		server     serverFlags
		knowledge  knowledge
		name, file string
	)
	cmd := &cobra.Command{
		Use:   "learn BIN|FILE|- --name NAME",
		Short: "Turn recorded requests into a scenario",
		Long: `Writes a scenario that delivers the recorded events again, byte for byte, each with a new signature, and expects the
responses that your consumer gave. Retries of one event are one step. Requests that are no events of a known
provider are listed as comments. REDACTED replaces secrets ("hookrig help redaction").

The requests come from a file (JSON Lines, HAR, the journal of hookrig run --journal, captures of the API), from
standard input (-), or from a bin of the running server. To record your consumer, let a bin forward to it:

  hookrig listen recorder --forward http://127.0.0.1:3000/hooks`,
		Example: `  hookrig learn recorder --name orders && hookrig run orders.yaml --target http://127.0.0.1:3000/hooks
  hookrig learn browser.har --name orders -o -`,
		Args: exactArgs("BIN|FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return misusef("--name is missing: want the name of the scenario, such as orders")
			}
			if file == "" {
				file = name + ".yaml"
				if _, err := os.Stat(file); err == nil {
					return misusef("%s exists: remove it, or choose another file with -o", file)
				}
			}
			format, err := mockserver.FindFormat("scenario")
			if err != nil {
				return err
			}
			known, err := knowledge.catalogue()
			if err != nil {
				return err
			}
			captures, closing, err := recorded(cmd, w, args[0], &server)
			if err != nil {
				return err
			}
			defer closing()
			err = writeExport(w, file, func(out io.Writer) error {
				err := format.Write(out, captures, mockserver.FileOptions{Name: name, Catalogue: known})
				if errors.Is(err, mockserver.ErrFile) {
					return misuse(err)
				}
				return captureErrorOrNil(err)
			})
			if err == nil && file != "-" {
				w.Stderr.Printf("wrote %s: hookrig run %[1]s --target URL\n", file)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "`NAME` of the scenario")
	f.StringVarP(&file, "output", "o", "", "output `FILE` (- is standard output; default: NAME.yaml)")
	server.add(cmd)
	knowledge.flags(cmd)
	return cmd
}

// recorded returns the captures of a file, of standard input (-) or of a bin of the server.
func recorded(cmd *cobra.Command, w World, from string, server *serverFlags) (captures iter.Seq2[mockserver.Capture, error], closing func(), err error) {
	nothing := func() {}
	if isFile(from) {
		f, err := openCaptures(w, from)
		if err != nil {
			return nil, nothing, err
		}
		return f.captures(w), func() { _ = f.Close() }, nil
	}
	client, err := server.dial(cmd, w)
	if err != nil {
		return nil, nothing, err
	}
	return func(yield func(mockserver.Capture, error) bool) {
		q := mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: from, Limit: mockserver.MaxLimit, Oldest: true}}
		for {
			page, err := client.Captures(cmd.Context(), q)
			if err != nil {
				yield(mockserver.Capture{}, err)
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			q.After = page[len(page)-1].Seq
		}
	}, nothing, nil
}

// isFile reports whether an argument is a file or standard input (-), and no bin.
func isFile(from string) bool {
	_, err := os.Stat(from)
	return from == "-" || err == nil || strings.ContainsAny(from, "./\\")
}

// captures yields the captures of the file, and prints what is wrong with the others.
func (f *captureFile) captures(w World) iter.Seq2[mockserver.Capture, error] {
	return func(yield func(mockserver.Capture, error) bool) {
		for record := range f.records() {
			switch {
			case record.Err != nil && !errors.Is(record.Err, mockserver.ErrFile) && !errors.Is(record.Err, mockserver.ErrNotHTTP):
				yield(record.Capture, record.Err)
				return
			case record.Err != nil:
				w.Stderr.Printf("%s: skipped: %v\n", f.location(&record), record.Err)
				continue
			}
			if !yield(record.Capture, nil) {
				return
			}
		}
	}
}

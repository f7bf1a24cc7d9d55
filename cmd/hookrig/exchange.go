package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// serverFlags say which running server.
type serverFlags struct {
	server, token string
	tls           trustFlags
}

func (r *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.server, "server", "http://127.0.0.1:8080", "the dashboard's `URL` of the running server")
	cmd.Flags().StringVar(&r.token, "token", "", "that server's `TOKEN`")
	r.tls.add(cmd.Flags())
}

// dial connects to the server.
func (r *serverFlags) dial(cmd *cobra.Command, w World) (*mockserver.Client, error) {
	trust, err := r.tls.trust(cmd, w)
	if err != nil {
		return nil, err
	}
	return dialServer(r.server, r.token, trust)
}

func newExport(w World) *cobra.Command {
	var (
		server                serverFlags
		query                 mockserver.Query
		format, file, secrets string
	)
	cmd := &cobra.Command{
		Use:   "export BIN --format FORMAT",
		Short: "Write a bin's captures as a file",
		Long: `Asks a running server for the captures of a bin, oldest first, and writes them in a format:

` + formatHelp() + `
Secrets are replaced by ` + mockserver.Redacted + ` (a number by 0), and every format but raw says which; --secrets keep leaves them. Taken for secrets is what goes by one of
the names below in header lines, also malformed ones, trailers, queries, fragments, ;name=value, forms, multipart fields, JSON, XML and lines of text,
of the request and of the response; users and passwords of URLs, wherever they stand; private keys in PEM; what follows Bearer or Basic; and a
provider's secret where that is sent as it is. Lengths are made right again. A body in a content coding that holds a secret is
written decoded. Signatures stay, but for those in a URL, which open what it leads to.

Names are read word by word: X-Auth-Key, authKey and auth_key are the words auth and key. Names about a secret (token_type,
max_tokens, password_changed_at) are none.

` + redact.Manual(),
		Example: `  hookrig export inbox --format har -o inbox.har
  hookrig export inbox --format curl --where '.body.id == 7' | sh`,
		Args:              exactArgs("BIN"),
		ValidArgsFunction: noMore,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format == "" {
				return misusef("--format is missing: want one of %s", strings.Join(mockserver.FormatNames(nil), ", "))
			}
			f, err := mockserver.FindFormat(format)
			if err != nil {
				return misusef("--format: %w", err)
			}
			if secrets != "redact" && secrets != "keep" {
				return misusef("--secrets %q: want redact or keep", secrets)
			}
			client, err := server.dial(cmd, w)
			if err != nil {
				return err
			}
			query.Bin = args[0]
			return writeExport(w, file, func(out io.Writer) error {
				seen := &redactions{Writer: out}
				err := client.Export(cmd.Context(), query, f, secrets == "keep", seen)
				if seen.any && secrets != "keep" {
					w.Stderr.Printf("%s replaces each secret: --secrets keep leaves them\n", mockserver.Redacted)
				}
				if exit := (*exitError)(nil); errors.As(err, &exit) {
					return exit
				}
				if errors.Is(err, mockserver.ErrFile) {
					return misuse(err)
				}
				return captureErrorOrNil(err)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "", "the `FORMAT`: "+strings.Join(mockserver.FormatNames(nil), ", "))
	f.StringVarP(&file, "output", "o", "-", "the `FILE` to write (- is standard output)")
	f.StringVar(&query.Where, "where", "", "only captures for which a jq `CONDITION` over {method, path, query, params, headers, body, form, parts} holds")
	f.StringVar(&query.Q, "q", "", "only what matches this `QUERY`: words and fields")
	f.Uint64Var(&query.After, "after", 0, "only captures behind the one with that `SEQ`")
	f.Uint64Var(&query.Before, "before", 0, "only captures before the one with that `SEQ`")
	f.StringVar(&secrets, "secrets", "redact", "`WHAT` to do with secrets: redact or keep")
	server.add(cmd)
	completeFlag(cmd, "format", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return startingWith(typed, mockserver.FormatNames(nil)), noFiles
	})
	completeFlag(cmd, "secrets", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return startingWith(typed, []string{"redact", "keep"}), noFiles
	})
	return cmd
}

// redactions notices whether something was redacted.
type redactions struct {
	io.Writer
	end string // of what was written
	any bool
}

func (r *redactions) Write(text []byte) (int, error) {
	if !r.any {
		r.end += string(text)
		r.any = strings.Contains(r.end, mockserver.Redacted)
		r.end = r.end[max(0, len(r.end)-len(mockserver.Redacted)):]
	}
	return r.Writer.Write(text)
}

// formatHelp lists the formats, a line each.
func formatHelp() string {
	var b terminal.Builder
	for _, f := range mockserver.FileFormats() {
		b.Printf("  %-10s%s\n", f.Name, f.Text)
	}
	return b.String()
}

func newImport(w World) *cobra.Command {
	var (
		server serverFlags
		skip   bool
	)
	cmd := &cobra.Command{
		Use:   "import BIN FILE|-",
		Short: "Add the captures of a file to a bin",
		Long: `Adds the captures of a file, or of standard input (-), to a bin of a running server: HAR, JSON Lines, captures as the API answers them, or one
raw HTTP request. They keep their bytes and their times, and get new numbers. What is wrong is left out, and so is what never was HTTP, such as a
data: URL in a browser's archive; each is printed with its place. Exit code 0: all that is HTTP was added; 1: some was wrong and is left out
(0 with --skip-invalid); 2: nothing could be added.`,
		Example:           "  hookrig import inbox inbox.har",
		Args:              exactArgs("BIN", "FILE"),
		ValidArgsFunction: completeFirst(noMore, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openCaptures(w, args[1])
			if err != nil {
				return err
			}
			defer file.Close()
			format, text, err := file.importable()
			if err != nil {
				return err
			}
			client, err := server.dial(cmd, w)
			if err != nil {
				return err
			}
			done, err := client.Import(cmd.Context(), args[0], format, text)
			if err != nil {
				return captureErrorOrNil(fmt.Errorf("%s: %w", file.name, err))
			}
			return printImported(w, file.name, &done, skip)
		},
	}
	cmd.Flags().BoolVar(&skip, "skip-invalid", false, "that some records are wrong and left out is no failure")
	server.add(cmd)
	return cmd
}

// printImported prints what became of a file, and says whether that is a failure.
func printImported(w World, name string, done *mockserver.Imported, skip bool) error {
	for _, note := range done.Notes {
		w.Stderr.Printf("%s: %s\n", placeOf(name, note.Line, note.Record), note.Why)
	}
	for _, s := range done.Skipped {
		w.Stderr.Printf("%s: %s\n", placeOf(name, s.Line, s.Record), s.Why)
	}
	if done.Unlisted > 0 {
		w.Stderr.Printf("%s: %d more records are wrong\n", name, done.Unlisted)
	}
	skipped := len(done.Skipped) + done.Unlisted
	line := fmt.Sprintf("imported  %d, skipped %d", done.Imported, skipped)
	if done.LeftOut > 0 {
		line += fmt.Sprintf(", never HTTP %d", done.LeftOut)
	}
	w.Stdout.Printf("%s\n", line)
	if err := w.Stdout.Err(); err != nil {
		return inconclusive(err)
	}
	if skipped > 0 && !skip {
		return failed()
	}
	return nil
}

// noMore completes nothing.
func noMore(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, noFiles
}

// captureErrorOrNil is captureError of an error that there may not be.
func captureErrorOrNil(err error) error {
	if err == nil {
		return nil
	}
	return captureError(err)
}

// writeExport writes a file, or standard output for "-". What stood there before stays until the new file is whole.
func writeExport(w World, name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(w.Stdout.Exact())
	}
	out, err := createOut(name)
	if err != nil {
		return misuse(err)
	}
	if err := write(out); err != nil {
		out.Discard()
		return err
	}
	if err := out.Commit(); err != nil {
		return inconclusive(fmt.Errorf("write %s: %w", name, err))
	}
	return nil
}

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

// serverFlags select a running server.
type serverFlags struct {
	server, token string
	tls           trustFlags
}

func (r *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.server, "server", "http://127.0.0.1:8080", "`URL` of the dashboard of the running server")
	cmd.Flags().StringVar(&r.token, "token", "", "`TOKEN` of that server")
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
		Long: `Reads the captures of a bin from a running server, oldest first, and writes them in a format:

` + formatHelp() + `
Secrets are replaced by ` + mockserver.Redacted + ` (numbers by 0), and every format except raw lists the replacements; with
--secrets keep they are not replaced. These values of requests and responses are secrets:

  - values with one of the names below in header lines (also malformed ones), trailers, queries, fragments,
    ;name=value, forms, multipart fields, JSON, XML and lines of text
  - users and passwords in URLs
  - private keys in PEM
  - values after Bearer or Basic
  - a provider's secret if it is sent in plain text

Lengths are corrected. An encoded body (Content-Encoding) that contains a secret is written decoded. Signatures
are not replaced, except those in URLs, because such a URL gives access.

Names are split into words: X-Auth-Key, authKey and auth_key are the words auth and key. Names that only describe
a secret (token_type, max_tokens, password_changed_at) do not count.

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
					w.Stderr.Printf("%s replaces each secret: --secrets keep includes them\n", mockserver.Redacted)
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
	f.StringVar(&format, "format", "", "`FORMAT`: "+strings.Join(mockserver.FormatNames(nil), ", "))
	f.StringVarP(&file, "output", "o", "-", "output `FILE` (- is standard output)")
	f.StringVar(&query.Where, "where", "", "only captures that match a jq `CONDITION` over {method, path, query, params, headers, body, form, parts}")
	f.StringVar(&query.Q, "q", "", "only captures that match this `QUERY`; see hookrig help queries")
	f.Uint64Var(&query.After, "after", 0, "only captures after the sequence number `SEQ`")
	f.Uint64Var(&query.Before, "before", 0, "only captures before the sequence number `SEQ`")
	f.StringVar(&secrets, "secrets", "redact", "`WHAT` to do with secrets: redact, or keep them in the file")
	server.add(cmd)
	completeFlag(cmd, "format", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return startingWith(typed, mockserver.FormatNames(nil)), noFiles
	})
	completeFlag(cmd, "secrets", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return startingWith(typed, []string{"redact", "keep"}), noFiles
	})
	return cmd
}

// redactions records whether the output contains a redaction.
type redactions struct {
	io.Writer
	end string // end of the output so far
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

// formatHelp lists the formats, one per line.
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
		Long: `Adds the captures of a file, or of standard input (-), to a bin of a running server: HAR, JSON Lines, captures in
the JSON form of the API, or one raw HTTP request. Their bytes and times do not change; they get new ids. Wrong
records are skipped, and so are records that are not HTTP, such as a data: URL in a browser's archive; each is
printed with its location. Exit code 0: all HTTP records were added; 1: wrong records were skipped (0 with
--skip-invalid); 2: nothing could be added.`,
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
	cmd.Flags().BoolVar(&skip, "skip-invalid", false, "exit with 0 if wrong records were skipped")
	server.add(cmd)
	return cmd
}

// printImported prints the result of an import. It returns an error if records were wrong.
func printImported(w World, name string, done *mockserver.Imported, skip bool) error {
	for _, note := range done.Notes {
		w.Stderr.Printf("%s: %s\n", locationOf(name, note.Line, note.Record), note.Why)
	}
	for _, s := range done.Skipped {
		w.Stderr.Printf("%s: %s\n", locationOf(name, s.Line, s.Record), s.Why)
	}
	if done.Unlisted > 0 {
		w.Stderr.Printf("%s: %d more records are wrong\n", name, done.Unlisted)
	}
	skipped := len(done.Skipped) + done.Unlisted
	line := fmt.Sprintf("imported  %d, skipped %d", done.Imported, skipped)
	if done.NotHTTP > 0 {
		line += fmt.Sprintf(", not HTTP %d", done.NotHTTP)
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

// captureErrorOrNil is captureError, but returns nil for nil.
func captureErrorOrNil(err error) error {
	if err == nil {
		return nil
	}
	return captureError(err)
}

// writeExport writes a file, or standard output for "-". It replaces an existing file only when the
// new file is complete.
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

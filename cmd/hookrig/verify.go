package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// maxVerifyInput is the largest input of verify: a body of the capture limit in base64, and its
// head.
const maxVerifyInput = 32 << 20

func newVerify(w World) *cobra.Command {
	var (
		secrets []string
		of      knowledge
		url     string
		at      string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "verify PROVIDER --secret S FILE|-",
		Short: "Check the signature of a request, and explain the result",
		Long: `Reads a raw HTTP request (head and body, as the API returns it at /captures/ID/raw) or a capture in JSON, from a file
or from standard input (-). Exit code 0: the signature is valid; 1: it is not. The explanation says what would make it
valid, if that is found.`,
		Example: "  hookrig verify neostore --secret S request.http\n  curl -s http://127.0.0.1:8080/api/v1/captures/$ID/raw | hookrig verify neostore --secret S -",
		Args:    exactArgs("PROVIDER", "FILE"),

		ValidArgsFunction: completeFirst(completeProvider, cobra.ShellCompDirectiveDefault),
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := of.catalogue()
			if err != nil {
				return err
			}
			p, err := known.Provider(args[0])
			if err != nil {
				return misuse(err)
			}
			if err := canCheck(p); err != nil {
				return err
			}
			if len(secrets) == 0 {
				return misusef("--secret is missing: want the secret that the request should be signed with")
			}
			checkAt := time.Time{}
			if at != "" {
				if checkAt, err = time.Parse(time.RFC3339Nano, at); err != nil {
					return misusef("--at %q: want a time as in 2026-01-15T09:00:00Z", at)
				}
			}
			raw, err := readInput(w, args[1])
			if err != nil {
				return err
			}
			c, err := parseCapture(raw)
			if err != nil {
				return misusef("%s: %w", inputName(args[1]), err)
			}
			if !checkAt.IsZero() {
				c.At = checkAt
			}
			v := mockserver.Verify(p, c, url, secrets...)
			if asJSON {
				err = w.Stdout.JSON(v, "  ")
			} else {
				w.Stdout.Printf("%s\n", v.Verdict)
				if v.Explanation != "" {
					w.Stdout.Printf("%s\n", terminal.Lines(v.Explanation))
				}
				err = w.Stdout.Err()
			}
			if err != nil {
				return inconclusive(err)
			}
			if v.Verdict != signature.Valid {
				return failed()
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&secrets, "secret", nil, "signing `SECRET`; repeatable, one of them must match")
	f.StringVar(&url, "url", "", "registered `URL`, for providers that sign it")
	f.StringVar(&at, "at", "", "check the timestamp of the signature at this `TIME` (default: that of the capture, or now)")
	of.flags(cmd)
	f.BoolVar(&asJSON, "json", false, "print {provider, verdict, explanation}")
	return cmd
}

// canCheck returns an error if the provider has no signature scheme.
func canCheck(p *fixtures.Provider) error {
	if len(p.Signing.Signatures) == 0 {
		return misusef("%s: its signature scheme is not documented, so there is nothing to verify", p.Name)
	}
	return nil
}

// readInput reads a file, or standard input for "-", up to maxVerifyInput.
func readInput(w World, name string) ([]byte, error) {
	in := w.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, misuse(err)
		}
		defer file.Close()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxVerifyInput+1))
	if err != nil {
		return nil, misuse(err)
	}
	if len(raw) > maxVerifyInput {
		return nil, misusef("%s is larger than %d MiB", inputName(name), maxVerifyInput>>20)
	}
	if len(raw) == 0 {
		return nil, misusef("%s is empty: want a raw HTTP request, or a capture in JSON", inputName(name))
	}
	return raw, nil
}

func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// parseCapture parses a capture in JSON, or a raw request.
func parseCapture(raw []byte) (mockserver.Capture, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] == '{' {
		var c mockserver.Capture
		if err := json.Unmarshal(trimmed, &c); err != nil {
			return c, fmt.Errorf("capture: %w", err)
		}
		if c.Method == "" {
			return c, errors.New("not a capture: it has no method")
		}
		if c.At.IsZero() {
			c.At = time.Now()
		}
		return c, nil
	}
	m, err := mockserver.ParseRequest(raw)
	return mockserver.Capture{Message: m, At: time.Now()}, err
}

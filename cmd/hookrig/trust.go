package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/mockserver"
)

// trustFlags select the server certificates that https clients accept.
type trustFlags struct {
	files []string
	skip  bool
}

func (t *trustFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&t.files, "cacert", nil, "for https, also trust the certificates in this PEM `FILE`; repeatable")
	f.BoolVar(&t.skip, "skip-verify", false, "for https, do not check certificates")
}

// given reports whether any of the flags is set.
func (t *trustFlags) given() bool { return len(t.files) > 0 || t.skip }

// trust reads the files. It prints a warning if certificates are not checked.
func (t *trustFlags) trust(cmd *cobra.Command, w World) (mockserver.Trust, error) {
	trust := mockserver.Trust{SkipVerify: t.skip}
	if len(t.files) == 0 && cmd.Flags().Changed("cacert") {
		return trust, misusef("--cacert is empty: leave it out, or write --cacert FILE; is it set from an unset variable in a script?")
	}
	for _, name := range t.files {
		text, err := readCertificates(name)
		if err == nil {
			err = trust.AddPEM(text)
		}
		if err != nil {
			return trust, misusef("--cacert %s: %w", name, err)
		}
	}
	if t.skip {
		w.Stderr.Printf("%s\n", "hookrig: warning: --skip-verify: certificates are not checked; anybody on the network path can read and change the requests")
	}
	return trust, nil
}

// readCertificates reads a file of certificates. It refuses pipes and devices, because reading them
// may never end.
func readCertificates(name string) ([]byte, error) {
	const (
		most = 1 << 20
		want = "want a file of certificates in PEM"
	)
	info, err := os.Stat(name)
	switch {
	case err != nil:
		// without the path, which the caller adds
		return nil, fmt.Errorf("%w: %s", errors.Unwrap(err), want)
	case info.IsDir():
		return nil, errors.New("it is a folder: " + want)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is a pipe or a device: " + want)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", errors.Unwrap(err), want)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("it has more than %d MiB: %s", most>>20, want)
	}
	return text, err
}

// checkServer returns an error if the flags have no effect because a running server makes all
// requests. They have an effect if the command calls the server by https, or makes other requests
// itself (others).
func (t *trustFlags) checkServer(w World, server string, others bool) error {
	switch {
	case !t.given():
		return nil
	case !others && !strings.HasPrefix(server, "https://"):
		return misusef("--cacert and --skip-verify do not apply to the server at --server: give them to its hookrig serve")
	}
	w.Stderr.Printf("%s\n", "hookrig: --cacert and --skip-verify apply to the requests of this command; the server at --server uses the flags of its hookrig serve")
	return nil
}

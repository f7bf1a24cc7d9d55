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

// trustFlags say which certificates are taken of those who are called by https.
type trustFlags struct {
	files []string
	skip  bool
}

func (t *trustFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&t.files, "cacert", nil, "for https, trust the certificates in this PEM `FILE` besides the system's; repeatable")
	f.BoolVar(&t.skip, "skip-verify", false, "for https, do not check certificates")
}

// given says whether any of the flags is set.
func (t *trustFlags) given() bool { return len(t.files) > 0 || t.skip }

// trust reads the files, and warns where certificates are not checked.
func (t *trustFlags) trust(cmd *cobra.Command, w World) (mockserver.Trust, error) {
	trust := mockserver.Trust{SkipVerify: t.skip}
	if len(t.files) == 0 && cmd.Flags().Changed("cacert") {
		return trust, misusef("--cacert is empty: leave it out, or write --cacert FILE; an unset variable in a script often leaves it so")
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
		w.Stderr.Printf("%s\n", "hookrig: warning: --skip-verify: certificates are not checked; anybody in between can read and change the requests")
	}
	return trust, nil
}

// readCertificates reads a file of certificates. Only an ordinary one is opened: a pipe might never be written to, and a device never end.
func readCertificates(name string) ([]byte, error) {
	const (
		most = 1 << 20
		want = "want a file of certificates in PEM"
	)
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s", errors.Unwrap(err), want) // without the path, which the caller names
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

// checkServer refuses the flags where a server elsewhere makes the calls that they are about, unless this command makes some too: the one of
// the server itself when that is https, or others.
func (t *trustFlags) checkServer(w World, server string, others bool) error {
	switch {
	case !t.given():
		return nil
	case !others && !strings.HasPrefix(server, "https://"):
		return misusef("--cacert and --skip-verify: the server at --server checks the certificates of whom it calls as it was told itself: give them to the hookrig serve that runs it")
	}
	w.Stderr.Printf("%s\n", "hookrig: --cacert and --skip-verify are for what this command calls itself; the server at --server delivers and forwards with those of its hookrig serve")
	return nil
}

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// knowledge is what a command is to know of providers, besides what is built in.
type knowledge struct {
	folders []string // of provider folders, or such folders themselves
	options []string
}

// flags adds --provider-dir and --option.
func (k *knowledge) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&k.options, "option", nil,
		"override a default that is assumed, `PROVIDER.NAME=VALUE`; repeatable (hookrig events PROVIDER)")
	completeFlag(cmd, "option", completeOption)
	cmd.Flags().StringSliceVar(&k.folders, "provider-dir", nil,
		"a provider of your own: a `DIR` with a provider.yaml, or one of such folders; repeatable")
	completeFlag(cmd, "provider-dir", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
}

// given says whether any of the flags is set.
func (k *knowledge) given() bool { return len(k.folders)+len(k.options) > 0 }

// catalogue is what hookrig knows, with the options set.
func (k *knowledge) catalogue() (*fixtures.Catalogue, error) {
	known := fixtures.Builtin()
	for _, dir := range k.folders {
		more, err := loadDir(dir)
		if err == nil {
			known, err = known.Join(more)
		}
		if err != nil {
			return nil, misusef("--provider-dir %s: %w", dir, err)
		}
	}
	var list []fixtures.OptionSetting
	for _, text := range k.options {
		s, err := fixtures.ParseOption(text)
		if err != nil {
			return nil, misusef("--option: %w", err)
		}
		list = append(list, s)
	}
	known, err := known.With(list...)
	if err != nil {
		return nil, misusef("--option: %w", err)
	}
	return known, nil
}

// loadDir reads a provider's folder, or those that stand in a folder. The files that its error names are paths from here.
func loadDir(dir string) (*fixtures.Catalogue, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, errors.Unwrap(err) // without the path, which the caller names
	} else if !info.IsDir() {
		return nil, errors.New("want a folder, not a file")
	}
	root, folders := dir, []string(nil)
	switch _, err := os.Stat(filepath.Join(dir, "provider.yaml")); {
	case err == nil:
		whole, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		root, folders = filepath.Dir(whole), []string{filepath.Base(whole)}
		dir = filepath.Dir(dir)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	known, err := fixtures.Load(os.DirFS(root), folders...)
	var problems strictyaml.Problems
	if errors.As(err, &problems) {
		for i := range problems {
			problems[i].File = filepath.Join(dir, filepath.FromSlash(problems[i].File))
		}
	}
	return known, err
}

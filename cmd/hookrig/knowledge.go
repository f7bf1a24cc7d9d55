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

// knowledge are the flags that add providers and set their options.
type knowledge struct {
	folders []string // provider folders, or folders of provider folders
	options []string
}

// flags adds --provider-dir and --option.
func (k *knowledge) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&k.options, "option", nil,
		"override an assumption about a provider, `PROVIDER.NAME=VALUE`; repeatable (hookrig events PROVIDER lists them)")
	completeFlag(cmd, "option", completeOption)
	cmd.Flags().StringSliceVar(&k.folders, "provider-dir", nil,
		"add your own provider: a `DIR` with a provider.yaml, or a folder of such folders; repeatable")
	completeFlag(cmd, "provider-dir", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
}

// given reports whether any of the flags is set.
func (k *knowledge) given() bool { return len(k.folders)+len(k.options) > 0 }

// catalogue returns all providers, with the options set.
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

// loadDir reads a provider folder, or the provider folders in a folder. Paths in its errors are
// relative to the working directory.
func loadDir(dir string) (*fixtures.Catalogue, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, errors.Unwrap(err) // without the path, which the caller adds
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

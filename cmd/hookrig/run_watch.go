package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios"
)

// watchInterval is how often --watch looks for changed files.
const watchInterval = 200 * time.Millisecond

// runAgain plays the scenarios, and again whenever one of their files changes, until the context
// ends. It then returns the result of the last run.
func (r *runFlags) runAgain(cmd *cobra.Command, w World, args []string, known *fixtures.Catalogue) error {
	ctx := cmd.Context()
	var read []string
	for {
		before := stampsOf(args, read)
		list, err := loadScenarios(args, known)
		if err == nil {
			read = read[:0]
			for _, s := range list {
				read = append(read, s.Files()...)
			}
			before = withMissing(before, stampsOf(args, read))
			err = r.run(cmd, w, list, known)
		}
		if ctx.Err() != nil {
			return err
		}
		var exit *exitError
		if errors.As(err, &exit) && strings.TrimSpace(exit.text()) != "" {
			w.Stderr.Printf("hookrig: %s\n", terminal.Lines(exit.text()))
		}
		w.Stderr.Printf("\nwaiting for changes; Ctrl-C ends\n")
		changed := awaitChange(ctx, before, func() map[string]stamp { return stampsOf(args, read) })
		if changed == "" {
			return withoutText(err)
		}
		w.Stderr.Printf("\n%s changed\n", changed)
	}
}

// withoutText returns an error with the exit code only, because its text was printed.
func withoutText(err error) error {
	var exit *exitError
	if errors.As(err, &exit) {
		return &exitError{code: exit.code}
	}
	return err
}

// stamp is the state of a file: its time of change and its size. The zero value is no file.
type stamp struct {
	changed time.Time
	size    int64
}

// stampsOf returns the states of the files that were read, and of all scenario files of the
// arguments, by path. Files that are not there are missing.
func stampsOf(args, read []string) map[string]stamp {
	paths := slices.Clone(read)
	for _, arg := range args {
		files, err := scenarios.Files(arg)
		if err != nil {
			continue // it is in the library, or was removed
		}
		paths = append(paths, files...)
	}
	stamps := map[string]stamp{}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			stamps[path] = stamp{info.ModTime(), info.Size()}
		}
	}
	return stamps
}

// withMissing adds the states of files that were not known before.
func withMissing(before, now map[string]stamp) map[string]stamp {
	for path, s := range now {
		if _, ok := before[path]; !ok {
			before[path] = s
		}
	}
	return before
}

// awaitChange waits until the files differ from before, and then until they no longer change, since
// editors save in several steps. It returns the path of a changed file, or "" when the context
// ends.
func awaitChange(ctx context.Context, before map[string]stamp, now func() map[string]stamp) string {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	last, found := before, ""
	for {
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
		current := now()
		if found != "" && maps.Equal(current, last) {
			return found
		}
		if path := difference(before, current); path != "" {
			found = path
		}
		last = current
	}
}

// difference returns the first path whose states differ, or "".
func difference(a, b map[string]stamp) string {
	paths := slices.Sorted(maps.Keys(a))
	for path := range b {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if a[path] != b[path] {
			return path
		}
	}
	return ""
}

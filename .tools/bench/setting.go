package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings are what the environment chooses.
type Settings struct {
	// Rounds is how often each sender is run; ROUNDS, 5 by default.
	Rounds int `json:"rounds"`
	// Seconds is how long one run is; SECONDS, 4 by default.
	Seconds int `json:"seconds"`
	// PacedSeconds is how long one run at a fixed rate is: 10, or 60 with BENCH=long.
	PacedSeconds int `json:"paced_seconds"`
	// Only has the keys of the comparisons to run; ONLY=A,C. Empty means all.
	Only []string `json:"only,omitempty"`
	// Root is the repository; Folder, below it, keeps the tools that were built and the results.
	Root   string `json:"-"`
	Folder string `json:"-"`
}

func readSettings(root string, env func(string) string) (Settings, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return Settings{}, err
	}
	s := Settings{Rounds: 5, Seconds: 4, PacedSeconds: 10, Root: root, Folder: filepath.Join(root, "bin", "bench")}
	if env("BENCH") == "long" {
		s.PacedSeconds = 60
	}
	for name, value := range map[string]*int{"ROUNDS": &s.Rounds, "SECONDS": &s.Seconds} {
		text := env(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return Settings{}, fmt.Errorf("%s=%s: want a number from 1 to 1000", name, text)
		}
		*value = n
	}
	for key := range strings.SplitSeq(env("ONLY"), ",") {
		if key = strings.ToUpper(strings.TrimSpace(key)); key != "" {
			s.Only = append(s.Only, key)
		}
	}
	for _, key := range s.Only {
		if !slices.ContainsFunc(comparisons(), func(c Comparison) bool { return c.Key == key }) {
			return Settings{}, fmt.Errorf("ONLY=%s: there is no comparison %s", env("ONLY"), key)
		}
	}
	return s, os.MkdirAll(s.Folder, 0o755)
}

// wants says whether a comparison was asked for.
func (s Settings) wants(key string) bool { return len(s.Only) == 0 || slices.Contains(s.Only, key) }

// resultsFile is another one for a part of the comparisons, so that the whole can be rendered again.
func (s Settings) resultsFile() string {
	return filepath.Join(s.Folder, strings.Join(append([]string{"results"}, s.Only...), "-")+".json")
}

// length is how long one run is.
func (s Settings) length(paced bool) time.Duration {
	if paced {
		return time.Duration(s.PacedSeconds) * time.Second
	}
	return time.Duration(s.Seconds) * time.Second
}

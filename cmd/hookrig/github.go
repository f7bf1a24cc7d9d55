package main

import (
	"crypto/rand"
	"errors"
	"io"
	"os"

	"github.com/hookrig/hookrig/internal/terminal"
)

// github writes annotations and a summary when the program runs in GitHub Actions.
type github struct {
	World
	on  bool
	out *terminal.Writer
	// token ends the part of the output in which the runner ignores workflow commands; "" outside
	// of that part.
	token string
}

// newGithub begins the output of a run or an exam. The runner takes every line that begins with ::
// as a command, so commands are stopped while text from a consumer is written. toStderr writes the
// annotations to stderr, because stdout is a report file.
func newGithub(w World, toStderr bool) *github {
	g := &github{World: w, on: w.Getenv("GITHUB_ACTIONS") == "true", out: w.Stdout}
	switch {
	case g.on && toStderr:
		g.out = w.Stderr
	case g.on:
		g.token = "hookrig-" + rand.Text()
		g.out.Printf("::stop-commands::%s\n", g.token)
	}
	return g
}

// resume ends the part of the output without commands.
func (g *github) resume() {
	if g.token != "" {
		g.out.Printf("::%s::\n", g.token)
		g.token = ""
	}
}

// report writes annotations, and a summary to the file that the runner names. A summary that cannot
// be written changes no result.
func (g *github) report(annotate, summarize func(io.Writer) error) {
	if !g.on {
		return
	}
	g.resume()
	err := annotate(g.out)
	if name := g.Getenv("GITHUB_STEP_SUMMARY"); name != "" {
		err = errors.Join(err, appendTo(name, summarize))
	}
	if err != nil {
		g.Stderr.Printf("hookrig: the summary for GitHub is incomplete: %v\n", err)
	}
}

// appendTo writes to the end of a file.
func appendTo(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

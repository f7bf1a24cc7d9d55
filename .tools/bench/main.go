// Command bench compares hookrig with other tools that do the same work, on one machine and in one
// run, and writes what came of it as BENCHMARKS.md.
//
// The path through it: find the tools, go through the comparisons (comparison.go), play each in
// rounds (round.go), keep every run (result.go), write the report (report.go). A file per tool has
// its command and the parser of its output.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	render := flag.Bool("render", false, "write the report of the last run again, without measuring")
	root := flag.String("root", ".", "`DIR` of the repository, with bin/hookrig in it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, *root, *render)
	if ctx.Err() != nil {
		err = errors.New("interrupted; BENCHMARKS.md is as it was")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, render bool) error {
	s, err := readSettings(root, os.Getenv)
	if err != nil {
		return err
	}
	if render {
		results, err := readResults(s.resultsFile())
		if err != nil {
			return err
		}
		return write(s, results)
	}
	results, err := measure(ctx, s)
	if err != nil {
		return err
	}
	if err := results.write(s.resultsFile()); err != nil {
		return err
	}
	return write(s, results)
}

// measure plays every comparison that was asked for. An interrupted one is not reported: its rounds
// would not be of the same number.
func measure(ctx context.Context, s Settings) (Results, error) {
	work, err := os.MkdirTemp(s.Folder, "work-")
	if err != nil {
		return Results{}, err
	}
	defer os.RemoveAll(work)
	tools, err := findTools(ctx, s)
	if err != nil {
		return Results{}, err
	}
	b := &Bench{Settings: s, Work: work, Tools: tools}
	if err := b.captureRequest(ctx); err != nil {
		return Results{}, err
	}
	results := Results{
		Date: time.Now().UTC(), Machine: readMachine(work), Settings: s, Tools: tools, RequestBytes: b.Request.Bytes(),
		BodyBytes: len(b.Request.Body),
	}
	for _, c := range comparisons() {
		if !s.wants(c.Key) {
			continue
		}
		fmt.Printf("%s. %s\n", c.Key, c.Title)
		runs, err := b.rounds(ctx, c)
		if err != nil {
			return Results{}, err
		}
		results.Runs = append(results.Runs, runs...)
	}
	return results, nil
}

// write renders the report: into the repository when everything was measured, beside the results
// when only a part was, so that a part never replaces the whole.
func write(s Settings, results Results) error {
	file := filepath.Join(s.Root, "BENCHMARKS.md")
	if len(results.Settings.Only) > 0 {
		file = filepath.Join(s.Folder, "BENCHMARKS.md")
	}
	text := report(results)
	if text == "" {
		return errors.New("nothing was measured")
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	fmt.Println("wrote", file)
	return nil
}

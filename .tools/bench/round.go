package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Bench is what a comparison needs while it runs.
type Bench struct {
	Settings Settings
	// Work is the folder that the programs run in; what they store is below it.
	Work    string
	Tools   map[string]Tool
	Request Request
}

// Runs of one round are next to each other, so that what slows the machine for a while slows all of
// them; each round begins with another row, so that no row is always first.
func (b *Bench) rounds(ctx context.Context, c Comparison) ([]Run, error) {
	var rows []Row
	for _, row := range c.Rows {
		if b.missing(row) == "" {
			rows = append(rows, row)
		}
	}
	rounds := b.Settings.Rounds
	if c.Paced {
		rounds = min(rounds, pacedRounds)
	}
	var runs []Run
	for round := range rounds {
		for i := range rows {
			row := rows[(round+i)%len(rows)]
			run := b.run(ctx, c, row, round)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			fmt.Printf("  round %d of %d  %-28s %s\n", round+1, rounds, row.Key, run.line())
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// pacedRounds are enough for runs whose rate is given.
const pacedRounds = 2

// missing says which tool of a row is not there.
func (b *Bench) missing(row Row) string {
	for _, name := range []string{row.Generator.Tool, row.Server.Tool} {
		if b.Tools[name].Path == "" {
			return name
		}
	}
	return ""
}

// run is one run against a new server. What goes wrong is part of the run, and the rounds go on.
func (b *Bench) run(ctx context.Context, c Comparison, row Row, round int) Run {
	run := Run{Comparison: c.Key, Row: row.Key, Round: round}
	if err := b.play(ctx, c, row, &run); err != nil {
		run.Error = err.Error()
	}
	return run
}

func (b *Bench) play(ctx context.Context, c Comparison, row Row, run *Run) error {
	s, err := b.serve(ctx, row.Server)
	if err != nil {
		return err
	}
	load := Load{URL: s.url, Connections: row.Connections, Rate: row.Rate, Length: b.Settings.length(c.Paced), Request: b.Request}
	out, err := b.generate(ctx, row.Generator, load, run)
	s.stop()
	run.ServerCPU, run.ServerMemory = s.process.usage().CPU, s.process.usage().Memory
	run.ServerCommand = b.shown(s.process.cmd.Args)
	if err != nil {
		return err
	}
	if run.Measured, err = row.Generator.Parse(out); err != nil {
		return err
	}
	if run.accepted() == 0 || run.Seconds == 0 {
		return fmt.Errorf("%.0f of %d requests with a 2xx in %g s", run.accepted(), run.Requests, run.Seconds)
	}
	run.Rate = run.accepted() / run.Seconds
	if row.Server.Counts {
		return run.compareCount(s, row.Connections)
	}
	return nil
}

// compareCount holds what the tool says against the number that the server counted: requests under
// way at the end may be counted by one of them only.
func (r *Run) compareCount(s *server, connections int) error {
	received, err := s.received()
	if err != nil {
		return fmt.Errorf("the server printed no number: %w", err)
	}
	difference := int64(received) - int64(r.Requests)
	if allowed := int64(received/100) + int64(connections); difference > allowed || difference < -allowed {
		return fmt.Errorf("the tool says %d requests, and the server received %d", r.Requests, received)
	}
	return nil
}

// generate runs a tool and returns what it printed.
func (b *Bench) generate(ctx context.Context, g Generator, load Load, run *Run) ([]byte, error) {
	args := g.Command(load)
	for i, a := range args { // a shell's pipe names programs by these words
		for name, tool := range b.Tools {
			a = strings.ReplaceAll(a, "${"+name+"}", tool.Path)
		}
		args[i] = a
	}
	if !g.Shell {
		args = append([]string{b.Tools[g.Tool].Path}, args...)
	}
	p, err := start(ctx, b.Work, args...)
	if err != nil {
		return nil, err
	}
	err = p.wait(load.Length + 60*time.Second)
	run.CPU, run.Memory, run.Command = p.usage().CPU, p.usage().Memory, b.shown(args)
	if err != nil {
		return nil, err
	}
	if g.Report == nil {
		return p.stdout.Bytes(), nil
	}
	p, err = start(ctx, b.Work, append([]string{b.Tools[g.Tool].Path}, g.Report...)...)
	if err != nil {
		return nil, err
	}
	err = p.wait(60 * time.Second)
	return p.stdout.Bytes(), err
}

// shown is a command as a reader would type it: without this machine's folders.
func (b *Bench) shown(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		for name, tool := range b.Tools {
			if tool.Path != "" {
				a = strings.ReplaceAll(a, tool.Path, name)
			}
		}
		a = folderOf.ReplaceAllString(strings.ReplaceAll(a, b.Work+"/", ""), "DIR")
		if a == "" || strings.ContainsAny(a, " \"'$&|;<>(){}") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words[i] = a
	}
	return addressOf.ReplaceAllString(strings.Join(words, " "), "${1}PORT")
}

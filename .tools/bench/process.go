package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Usage is what a process and the children that it waited for took.
type Usage struct {
	// CPU is the user and system time, in seconds.
	CPU float64
	// Memory is the largest resident set, in bytes.
	Memory int64
}

// Process is a program that was started. It has a process group of its own, so that what it starts
// ends with it.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{}
	err            error
}

// start runs a program until it ends, Stop, or the end of ctx.
func start(ctx context.Context, dir string, args ...string) (*Process, error) {
	p := &Process{done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) }
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		// What it started and left behind has its group still.
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		close(p.done)
	}()
	return p, nil
}

// wait waits for the end, and kills the process when it takes longer than limit.
func (p *Process) wait(limit time.Duration) error {
	select {
	case <-p.done:
	case <-time.After(limit):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
		return fmt.Errorf("%s: killed after %v", p.cmd.Path, limit)
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w: %s", p.cmd.Path, p.err, lastLine(p.stderr.String()+p.stdout.String()))
	}
	return nil
}

// stop ends the process: politely, and after five seconds by force.
func (p *Process) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	_ = p.wait(5 * time.Second)
}

// usage is valid after the end.
func (p *Process) usage() Usage {
	state := p.cmd.ProcessState
	if state == nil {
		return Usage{}
	}
	u := Usage{CPU: (state.UserTime() + state.SystemTime()).Seconds()}
	if ru, ok := state.SysUsage().(*syscall.Rusage); ok {
		u.Memory = memory(ru)
	}
	return u
}

// listening waits until a connection to the address is accepted, or the process has ended.
func (p *Process) listening(ctx context.Context, address string) error {
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-again.C:
		case <-p.done:
			return fmt.Errorf("%s ended: %v: %s", p.cmd.Path, p.err, lastLine(p.stderr.String()+p.stdout.String()))
		case <-limit.C:
			return fmt.Errorf("%s: nothing listens at %s after 10 s", p.cmd.Path, address)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// freeAddresses returns two loopback addresses that nothing listens at.
func freeAddresses() (first, second string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer l.Close()
	other, err := net.Listen("tcp", "127.0.0.1:0") // while the first is taken, so that it differs
	if err != nil {
		return "", "", err
	}
	defer other.Close()
	return l.Addr().String(), other.Addr().String(), nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// ServerKind is a server that requests are sent to. Each run has a new one, with an empty folder.
type ServerKind struct {
	// Name is what the report calls it.
	Name string
	Tool string
	// Args has the arguments, given the address, a second free one, and an empty folder.
	Args func(address, other, folder string) []string
	Path string
	// Counts says that the server prints the number of requests at its end.
	Counts bool
}

var (
	bareFasthttp = ServerKind{
		Name: "bare fasthttp handler", Tool: "sink", Path: "/hook", Counts: true,
		Args: func(address, _, _ string) []string { return []string{"-mode", "fasthttp", "-listen", address} },
	}
	bareNetHTTP = ServerKind{
		Name: "bare net/http handler", Tool: "sink", Path: "/hook", Counts: true,
		Args: func(address, _, _ string) []string { return []string{"-mode", "nethttp", "-listen", address} },
	}
	durableBin = ServerKind{
		Name: "hookrig serve --data", Tool: "hookrig", Path: "/load",
		Args: func(address, other, folder string) []string {
			return []string{"serve", "--data", folder, "--capture", address, "--dashboard", other}
		},
	}
	webhookTester = ServerKind{
		Name: "webhook-tester, files", Tool: "webhook-tester", Path: "/11111111-1111-4111-8111-111111111111",
		Args: func(address, _, folder string) []string {
			host, port, _ := net.SplitHostPort(address)
			return []string{
				"start", "--addr", host, "--port", port, "--storage-driver", "fs", "--fs-storage-dir", folder, "--max-requests", "0",
				"--auto-create-sessions",
			}
		},
	}
	requestBaskets = ServerKind{
		Name: "request-baskets, Bolt", Tool: "request-baskets", Path: "/load",
		Args: func(address, _, folder string) []string {
			host, port, _ := net.SplitHostPort(address)
			return []string{"-l", host, "-p", port, "-db", "bolt", "-file", folder + "/baskets.db", "-basket", "load"}
		},
	}
)

// server is one that runs.
type server struct {
	kind    ServerKind
	process *Process
	url     string
	folder  string
}

// serve starts a server and waits until it accepts connections.
func (b *Bench) serve(ctx context.Context, kind ServerKind) (*server, error) {
	address, other, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(b.Work, "data-")
	if err != nil {
		return nil, err
	}
	s := &server{kind: kind, folder: folder, url: "http://" + address + kind.Path}
	s.process, err = start(ctx, b.Work, append([]string{b.Tools[kind.Tool].Path}, kind.Args(address, other, folder)...)...)
	if err != nil {
		return nil, err
	}
	if err := s.process.listening(ctx, address); err != nil {
		s.stop()
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// ready sends one request, so that a bin exists before it is measured.
func (s *server) ready(ctx context.Context) error {
	if s.kind.Counts || s.kind.Tool == "hookrig" {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", s.kind.Name, response.Status)
	}
	return nil
}

// stop ends the server and removes what it stored.
func (s *server) stop() {
	s.process.stop()
	_ = os.RemoveAll(s.folder)
}

// received is the number of requests that a server counted, after its end.
func (s *server) received() (uint64, error) {
	return strconv.ParseUint(strings.TrimSpace(s.process.stdout.String()), 10, 64)
}

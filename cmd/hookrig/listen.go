package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// listenFlags are the flags of listen.
type listenFlags struct {
	settings      mockserver.Settings
	address       string
	server, token string
	allow         []string
	knowledge     knowledge
	known         *fixtures.Catalogue
	q, where      string
	asJSON, body  bool
	insecure      bool
	keep          keepFlags
	tls           trustFlags
}

func newListen(w World) *cobra.Command {
	var l listenFlags
	cmd := &cobra.Command{
		Use:   "listen [BIN]",
		Short: "Show a bin's captures as they arrive, and forward them",
		Long: `Opens a capture address (or uses the server at --server) and prints a line for every request to the bin, until
interrupted. With --provider and --secret, signatures are checked on arrival. With --forward, each request is
forwarded unchanged, and the sender gets the consumer's response. With --q and --where, only matching requests are
shown; all are recorded.

` + mockserver.QueryHelp,
		Example: `  hookrig listen
  hookrig listen orders --forward http://127.0.0.1:3000/hooks --provider neostore --secret S
  hookrig listen --json | jq .target
  hookrig listen orders --q 'method:POST -status:2xx'`,
		Args:              atMostArgs("BIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			bin := "inbox"
			if len(args) == 1 {
				bin = args[0]
			}
			return listen(cmd, w, bin, &l)
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.settings.Forward, "forward", "", "forward every request to this `URL`")
	f.StringVar(&l.settings.Provider, "provider", "", "check signatures with the scheme of this `PROVIDER`")
	f.StringArrayVar(&l.settings.Secrets, "secret", nil, "signing `SECRET`; repeatable")
	f.StringVar(&l.address, "capture", "127.0.0.1:8081", "capture address, `HOST:PORT`, without --server")
	f.StringSliceVar(&l.allow, "allow-target", nil, "also permit forwarding to this `CIDR|HOST`, not only to loopback; repeatable")
	f.BoolVar(&l.insecure, "insecure", false, "permit addresses other than loopback")
	f.StringVar(&l.q, "q", "", "show only requests that match this `QUERY`; see hookrig help queries")
	f.StringVar(&l.where, "where", "", "show only requests that match this jq `CONDITION`")
	f.StringVar(&l.server, "server", "", "`URL` of the dashboard of a running server")
	f.StringVar(&l.token, "token", "", "`TOKEN` of that server")
	f.BoolVar(&l.body, "body", false, "also print headers and bodies")
	f.BoolVar(&l.asJSON, "json", false, "print each capture as one line of JSON")
	l.keep.add(f)
	l.tls.add(f)
	l.knowledge.flags(cmd)
	completeFlag(cmd, "provider", completeProvider)
	return cmd
}

func listen(cmd *cobra.Command, w World, bin string, l *listenFlags) error {
	ctx := cmd.Context()
	if l.settings.Forward != "" {
		host, _, err := target("--forward", &l.settings.Forward)
		if err != nil {
			return err
		}
		l.allow = append(l.allow, host)
	}
	client, stop, err := l.connect(cmd, w, bin)
	if err != nil {
		return err
	}
	defer stop()
	if l.settings.Forward != "" || l.settings.Provider != "" || len(l.settings.Secrets) > 0 {
		if err := client.Configure(ctx, bin, l.settings); err != nil {
			return captureError(err)
		}
	}
	settings, err := client.Settings(ctx, bin) // a running server's bin may forward already
	if err != nil {
		return captureError(err)
	}
	l.settings.Forward = settings.Forward
	shown := &shown{listenFlags: l, w: w, client: client, bin: bin, unanswered: map[uint64]string{}}
	o := mockserver.FollowOptions{FollowOptions: mockserver.FeedOptions{Kind: mockserver.KindCapture, Bin: bin}, Q: l.q, Where: l.where}
	err = client.Follow(ctx, o, func(u mockserver.Update) error { return shown.update(ctx, u) })
	if ctx.Err() != nil {
		return nil // an interrupt is the normal end
	}
	return captureError(err)
}

// captureError returns a usage error for invalid names and settings, and an inconclusive error for
// other errors of the server.
func captureError(err error) error {
	if errors.Is(err, mockserver.ErrInvalidBin) || errors.Is(err, mockserver.ErrForbidden) {
		return misuse(err)
	}
	return inconclusive(err)
}

// connect returns a client of the server at --server, or of a new server that runs as long as the
// command.
func (l *listenFlags) connect(cmd *cobra.Command, w World, bin string) (*mockserver.Client, func(), error) {
	known, err := l.knowledge.catalogue()
	if err != nil {
		return nil, nil, err
	}
	l.known = known
	trust, err := l.tls.trust(cmd, w)
	if err != nil {
		return nil, nil, err
	}
	if l.server != "" {
		if l.knowledge.given() {
			return nil, nil, misusef("--option and --provider-dir do not apply to the server at --server: give them to its hookrig serve")
		}
		if l.keep.given() {
			return nil, nil, misusef("--keep-captures, --keep-bytes, --keep-for and --max-body do not apply to the server at --server: give them to its hookrig serve")
		}
		if err := l.tls.checkServer(w, l.server, false); err != nil {
			return nil, nil, err
		}
		client, err := dialServer(l.server, l.token, trust)
		if err != nil {
			return nil, nil, err
		}
		return client, func() {}, nil
	}
	// the server reports an unknown provider
	if p, err := known.Provider(l.settings.Provider); err == nil {
		if err := canCheck(p); err != nil {
			return nil, nil, err
		}
	}
	log, err := logger(cmd, w)
	if err != nil {
		return nil, nil, err
	}
	if err := l.keep.check(); err != nil {
		return nil, nil, err
	}
	store := mockserver.NewMemory(mockserver.MemoryOptions(l.keep.limits()))
	limits := store.Limits()
	limitMemory(limits, true)
	// The server continues after the command's context ends, so that requests under way get a
	// response.
	server, err := mockserver.Start(context.WithoutCancel(cmd.Context()), mockserver.Options{
		Capture: l.address, AllowTargets: l.allow, RealClock: true, Log: log, Insecure: l.insecure, Catalogue: known,
		Store: store, MaxBody: l.keep.maxBody(limits.Bytes), Trust: trust,
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; if a hookrig serve uses it, listen there: set --server to the URL of its dashboard", err)
	}
	if err != nil {
		return nil, nil, startError(err)
	}
	watching, end := context.WithCancel(cmd.Context())
	var otherBins sync.WaitGroup
	otherBins.Go(func() { reportOtherBins(watching, w, store, bin) })
	return server.Client(), func() { end(); otherBins.Wait(); server.Close(); store.Close() }, nil
}

// print prints a capture. In JSON mode it prints a forwarded capture only when it has its response.
func (l *listenFlags) print(w World, c mockserver.Capture) error {
	if l.asJSON {
		if c.Response == nil && l.settings.Forward != "" {
			return nil
		}
		return writeLine(w, recordOf(c))
	}
	out := &terminal.Builder{}
	out.Printf("%s  %s  %s %s", c.At.Local().Format("15:04:05.000"), c.ID, c.Method, c.Target)
	if event := l.event(c); event != "" {
		out.Printf("  %s", event)
	}
	out.Printf("  %d bytes", len(c.Body))
	if contentType := c.Headers.Get("Content-Type"); contentType != "" {
		out.Printf("  %s", contentType)
	}
	if c.Response != nil {
		out.Printf("  → %s", responseText(c.Response))
	}
	if v := c.Verification; v != nil {
		out.Printf("  %s signature %s", v.Provider, v.Verdict)
		if v.Explanation != "" && v.Verdict != "valid" {
			out.Printf(": %s", v.Explanation)
		}
	}
	for _, problem := range c.Problems {
		out.Printf("  ! %s", problem)
	}
	out.Printf("\n")
	if l.body {
		for _, h := range c.Headers {
			out.Printf("    %s: %s\n", h.Name, h.Value)
		}
		out.Printf("\n%s\n\n", terminal.Lines(indented("    ", c.Body)))
	}
	w.Stdout.Printf("%s", terminal.Lines(out.String()))
	return w.Stdout.Err()
}

// event returns the name of the capture's event, or "" when its provider is not known.
func (l *listenFlags) event(c mockserver.Capture) string {
	if c.Verification == nil {
		return ""
	}
	p, err := l.known.Provider(c.Verification.Provider)
	if err != nil {
		return "" // the server at --server may have more providers
	}
	event, _ := p.Recognise(c.Message)
	return event.Name
}

// printResponse prints the consumer's response to a capture that was printed before.
func (l *listenFlags) printResponse(w World, c mockserver.Capture) error {
	if l.asJSON {
		return writeLine(w, recordOf(c))
	}
	w.Stdout.Printf("%s  %s  %s → %s\n", time.Now().Format("15:04:05.000"), c.ID, mockserver.ForwardURL(l.settings.Forward, c.Target), responseText(c.Response))
	return w.Stdout.Err()
}

// responseText summarises a response. The status 0 is 200.
func responseText(r *mockserver.Response) string {
	if why, ok := mockserver.WhyNoResponse(*r); ok {
		return fmt.Sprintf("no response, the sender got %d: %s", r.Status, why)
	}
	switch {
	case r.Hang:
		return "no response"
	case r.Reset:
		return "reset"
	case r.Cut != "":
		return "reset in the " + r.Cut
	case r.Status == 0:
		return "200"
	}
	return strconv.Itoa(r.Status)
}

// listenRecord is a capture with its body in a form that jq can read: as JSON, or otherwise as
// text.
type listenRecord struct {
	mockserver.Capture
	JSON json.RawMessage `json:"json,omitempty"`
	Text string          `json:"text,omitempty"`
}

func recordOf(c mockserver.Capture) listenRecord {
	record := listenRecord{Capture: c}
	body := content.Decode(&c.Message)
	switch {
	case body.Problem != "":
	case json.Valid(body.Bytes):
		record.JSON = body.Bytes
	case utf8.Valid(body.Bytes):
		record.Text = string(body.Bytes)
	}
	return record
}

func writeLine(w World, record any) error {
	return w.Stdout.JSON(record, "")
}

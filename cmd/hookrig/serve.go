package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

func newServe(w World) *cobra.Command {
	var (
		o     mockserver.Options
		data  string
		clock string
		of    knowledge
		own   vendorAPIFlags
		keep  keepFlags
		tls   trustFlags
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: capture address, dashboard (HTTP API and page), providers",
		Long: `Runs until interrupted. Every bin is a path of the capture address, made on first use:
http://127.0.0.1:8081/any-name/any/path. Captures are on disk before their sender gets a response.

What is kept has a bound: the oldest captures and deliveries make room for new ones, and are counted as evicted. What can
make no room, such as deliveries still to be made beyond half of --keep-bytes, is refused with 507.`,
		Example: "  hookrig serve\n  hookrig serve --data ./server --capture 127.0.0.1:9001 --dashboard 127.0.0.1:9000",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := logger(cmd, w)
			if err != nil {
				return err
			}
			switch clock {
			case "real":
				o.RealClock = true
			case "virtual":
			default:
				return misusef("--clock %q: want real or virtual", clock)
			}
			if o.Catalogue, err = of.catalogue(); err != nil {
				return err
			}
			if err := own.apply(&o); err != nil {
				return err
			}
			if err := keep.check(); err != nil {
				return err
			}
			if o.Trust, err = tls.trust(cmd, w); err != nil {
				return err
			}
			store, where, err := openStore(cmd.Context(), data, keep.limits(), log)
			if err != nil {
				return err
			}
			if data != "memory" {
				o.CADir = where
			}
			limits := store.Limits()
			o.MaxBody = keep.maxBody(limits.Bytes)
			limitMemory(limits, data == "memory")
			pages, err := manualPages()
			if err != nil {
				return inconclusive(errors.Join(err, store.Close()))
			}
			o.Store, o.Log, o.Dashboard, o.Version = store, log, dashboard.WithManual(pages), version
			server, err := mockserver.Start(cmd.Context(), o)
			if err != nil {
				return startError(errors.Join(err, store.Close()))
			}
			w.Stdout.Printf("capture    %s/<bin>\ndashboard  %s\ndata       %s\n", server.CaptureURL(), server.DashboardURL(), where)
			if url := server.CaptureTLSURL(); url != "" {
				ca := server.DashboardURL() + "/api/v1/ca.pem"
				if o.CADir != "" {
					ca = filepath.Join(o.CADir, "ca.pem")
				}
				w.Stdout.Printf("TLS        %s/<bin>\nCA         %s\n", url, ca)
			}
			own.print(w.Stdout, server)
			w.Stdout.Printf("keeps      %s\n", describeKept(limits, o.MaxBody))
			if err := own.seed(cmd.Context(), server); err != nil {
				return inconclusive(errors.Join(err, server.Close(), store.Close()))
			}
			w.Stderr.Printf(serveHint, server.CaptureURL(), server.DashboardURL())
			<-cmd.Context().Done()
			w.Stderr.Printf("hookrig: stopping\n")
			if err := errors.Join(server.Close(), store.Close()); err != nil {
				return inconclusive(fmt.Errorf("stop: %w", err))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Capture, "capture", "127.0.0.1:8081", "capture address, `HOST:PORT`")
	f.StringVar(&o.CaptureTLS, "capture-tls", "", "a second capture address that speaks TLS, `HOST:PORT`, with a certificate authority kept with the data")
	f.StringVar(&o.DashboardAddress, "dashboard", "127.0.0.1:8080", "address of the dashboard (API and page), `HOST:PORT`")
	f.StringVar(&o.CaptureURL, "capture-url", "", "the `URL` that the capture address has from outside: behind a proxy, or published by a container (default: http:// and --capture)")
	f.StringVar(&o.DashboardURL, "dashboard-url", "", "the `URL` that the dashboard has from outside; it may have a path (default: http:// and --dashboard)")
	f.StringVar(&data, "data", defaultData(w), "where records are kept: a `DIR`, or \"memory\"")
	f.StringVar(&clock, "clock", "real", "the retry schedule's `CLOCK`: real, or virtual (it moves when told to)")
	f.StringSliceVar(&o.AllowTargets, "allow-target", nil, "a `CIDR|HOST` besides loopback that may be delivered to; repeatable")
	f.StringVar(&o.Token, "token", "", "the `TOKEN` that callers of the dashboard must show; needed for an address other than loopback")
	f.BoolVar(&o.Insecure, "insecure", false, "listen on other addresses than loopback without a token")
	keep.add(f)
	tls.add(f)
	own.add(f)
	of.flags(cmd)
	return cmd
}

// serveHint tells a person how to go on.
const serveHint = `
capture something:  curl -d '{"hello":"world"}' %[1]s/inbox
send a real event:  hookrig send neostore Pass:Installed --to %[1]s/inbox
look at it:         open %[2]s in a browser; ctrl-C stops

`

// openStore opens what --data names and says where it is.
func openStore(ctx context.Context, data string, limits mockserver.Limits, log *slog.Logger) (mockserver.Store, string, error) {
	switch {
	case data == "memory":
		return mockserver.NewMemory(mockserver.MemoryOptions(limits)), "memory", nil
	case strings.HasPrefix(data, "postgres://"), strings.HasPrefix(data, "postgresql://"):
		return nil, "", misusef("--data %q: this build keeps records in a directory or in memory; Postgres is not supported", data)
	case data == "":
		return nil, "", misusef("--data is empty: want a directory, or \"memory\"")
	}
	dir, err := filepath.Abs(data)
	if err != nil {
		return nil, "", misuse(err)
	}
	store, err := sqlite.Open(ctx, dir, sqlite.Options{PerBin: limits.PerBin, Deliveries: limits.Deliveries, Bytes: limits.Bytes, For: limits.For, Log: log})
	switch {
	case errors.Is(err, sqlite.ErrInUse):
		return nil, "", inconclusive(fmt.Errorf("--data %s: %w\nstop the hookrig that has it open, or give another folder", data, err))
	case errors.Is(err, syscall.ENOTDIR):
		return nil, "", misusef("--data %q: want a directory, or \"memory\": %w", data, err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, fs.ErrExist):
		return nil, "", misusef("--data %q: want a directory, or \"memory\"; this is a link that leads to none", data)
	case err != nil:
		return nil, "", inconclusive(fmt.Errorf("--data %s: %w", data, err))
	}
	return store, dir, nil
}

// defaultData is $XDG_DATA_HOME/hookrig, ~/.local/share/hookrig, or the working directory's .hookrig.
func defaultData(w World) string {
	if dir := w.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "hookrig")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "hookrig")
	}
	return ".hookrig"
}

// startError tells a wrong option, which is misuse, from a port that is taken, which is not.
func startError(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return inconclusive(err)
	}
	if errors.Is(err, context.Canceled) {
		return inconclusive(errors.New("interrupted while starting"))
	}
	return misuse(err)
}

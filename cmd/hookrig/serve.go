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
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst/shard"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
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
		seed  seedFlag

		burstWorkers int
		drain        drainFlag
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: capture address, dashboard (HTTP API and page), providers",
		Long: `Runs until interrupted. A bin is the first segment of a path at the capture address, and is made on
first use: http://127.0.0.1:8081/any-name/any/path. Captures are on disk before their sender gets a
response.

Storage is limited: the oldest captures and deliveries are evicted to make room for new ones, and
are counted. Requests for which no room can be made are refused with 507, such as those that would
make pending deliveries larger than half of --keep-bytes.`,
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
			if address := strings.TrimSpace(data); isPostgres(address) {
				data = address // of a file with an empty line at its end
			}
			if burstWorkers < 0 || burstWorkers > 0 && !isPostgres(data) {
				return misusef("--burst-workers %d: want 1 or more, and --data postgres://…", burstWorkers)
			}
			o.BurstWorkers = burstWorkers
			if err := drain.check(); err != nil {
				return err
			}
			work, err := workOptions(burstWorkers, o.AllowTargets, o.Catalogue, o.Trust)
			if err != nil {
				return err
			}
			store, where, err := openStore(cmd.Context(), data, keep.limits(), log)
			if err != nil {
				return err
			}
			if data != "memory" && !isPostgres(data) {
				o.CADir = where
				addThreads()
			}
			limits := store.Limits()
			o.MaxBody = keep.maxBody(limits.Bytes)
			limitMemory(limits, data == "memory")
			pages, err := manualPages()
			if err != nil {
				return inconclusive(errors.Join(err, store.Close()))
			}
			o.Store, o.Log, o.Dashboard, o.Version, o.Seed = store, log, dashboard.WithManual(pages), version, seed.seed
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
			w.Stdout.Printf("keeps      %s\n", describeLimits(limits, o.MaxBody))
			if err := own.seed(cmd.Context(), server); err != nil {
				return inconclusive(errors.Join(err, server.Close(), store.Close()))
			}
			w.Stderr.Printf(serveHint, server.CaptureURL(), server.DashboardURL())
			ending := drain.after(cmd.Context(), w, server)
			err = workUntil(cmd.Context(), w, data, work)
			drained := ending()
			w.Stderr.Printf("hookrig: stopping\n")
			if err != nil {
				return errors.Join(err, drained, server.Close(), store.Close())
			}
			if err := errors.Join(drained, server.Close(), store.Close()); err != nil {
				return inconclusive(fmt.Errorf("stop: %w", err))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Capture, "capture", "127.0.0.1:8081", "capture address, `HOST:PORT`")
	f.StringVar(&o.CaptureTLS, "capture-tls", "", "second capture address with TLS, `HOST:PORT`; its certificate authority is stored with the data")
	f.StringVar(&o.DashboardAddress, "dashboard", "127.0.0.1:8080", "address of the dashboard (API and page), `HOST:PORT`")
	f.StringVar(&o.CaptureURL, "capture-url", "", "public `URL` of the capture address, behind a proxy or in a container (default: http:// and --capture)")
	f.StringVar(&o.DashboardURL, "dashboard-url", "", "public `URL` of the dashboard; it may have a path (default: http:// and --dashboard)")
	f.StringVar(&data, "data", defaultData(w), "`DIR` for stored requests and deliveries, \"memory\" to store nothing on disk, or postgres://USER:PASSWORD@HOST/DATABASE, which several servers may share")
	f.StringVar(&clock, "clock", "real", "`CLOCK` of the retry schedule: real, or virtual (POST /api/v1/clock/advance moves it)")
	f.Var(&seed, "seed", "`NUMBER` that determines the events for which a caller gives no seed (default: 0)")
	f.StringSliceVar(&o.AllowTargets, "allow-target", nil, "also permit deliveries to this `CIDR|HOST`, not only to loopback; repeatable")
	f.StringVar(&o.Token, "token", "", "`TOKEN` that the dashboard requires; needed for addresses other than loopback")
	f.BoolVar(&o.Insecure, "insecure", false, "permit addresses other than loopback without a token")
	f.IntVar(&burstWorkers, "burst-workers", 0, "send up to this `NUMBER` of shards at a time of bursts on the database of --data, as hookrig worker does")
	drain.add(f)
	keep.add(f)
	tls.add(f)
	own.add(f)
	of.flags(cmd)
	return cmd
}

// serveHint tells a new user what to try next.
const serveHint = `
capture a request:   curl -d '{"hello":"world"}' %[1]s/inbox
send a signed event: hookrig send neostore Pass:Installed --to %[1]s/inbox
see both:            open %[2]s in a browser; ctrl-C stops the server

`

// workUntil sends shards of bursts until ctx ends, if there are workers to.
func workUntil(ctx context.Context, w World, address string, work shard.WorkOptions) error {
	if work.Workers == 0 {
		<-ctx.Done()
		return nil
	}
	work.Log = func(text string) { w.Stderr.Printf("%s\n", text) }
	return shardError("--data", shard.Work(ctx, address, work))
}

// openStore opens the store that --data names. It returns its location too.
func openStore(ctx context.Context, data string, limits mockserver.Limits, log *slog.Logger) (mockserver.Store, string, error) {
	switch {
	case data == "memory":
		return mockserver.NewMemory(mockserver.MemoryOptions(limits)), "memory", nil
	case isPostgres(data):
		return openPostgres(ctx, data, limits, log)
	case data == "":
		return nil, "", misusef("--data is empty: want a directory, \"memory\", or postgres://…")
	case otherAddress().MatchString(data):
		return nil, "", misusef("--data is no directory, and not the address of a database as hookrig reads it: want postgres://USER:PASSWORD@HOST/DATABASE, in small letters")
	}
	dir, err := filepath.Abs(data)
	if err != nil {
		return nil, "", misuse(err)
	}
	store, err := sqlite.Open(ctx, dir, sqlite.Options{PerBin: limits.PerBin, Deliveries: limits.Deliveries, Bytes: limits.Bytes, For: limits.For, Log: log})
	switch {
	case errors.Is(err, sqlite.ErrInUse):
		return nil, "", inconclusive(fmt.Errorf("--data %s: %w\nstop the other hookrig, or choose another folder", data, err))
	case errors.Is(err, syscall.ENOTDIR):
		return nil, "", misusef("--data %q: want a directory, or \"memory\": %w", data, err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, fs.ErrExist):
		return nil, "", misusef("--data %q: want a directory, or \"memory\"; this is a symbolic link without a target", data)
	case err != nil:
		return nil, "", inconclusive(fmt.Errorf("--data %s: %w", data, err))
	}
	return store, dir, nil
}

// isPostgres reports whether --data names a PostgreSQL database.
func isPostgres(data string) bool {
	return strings.HasPrefix(data, "postgres://") || strings.HasPrefix(data, "postgresql://")
}

// otherAddress matches addresses of databases in other forms, and misspelled ones. A folder with
// such a name would have the password in its name, and in what is printed.
func otherAddress() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*(jdbc:|postgres(ql)?:|[a-z][a-z0-9+.-]+:/)|(^|[\s?&;])(password|dbname)\s*=`)
}

// openPostgres opens the store in a PostgreSQL database. It returns the address without password
// too.
func openPostgres(ctx context.Context, address string, limits mockserver.Limits, log *slog.Logger) (mockserver.Store, string, error) {
	store, err := postgres.Open(ctx, address, postgres.Options{PerBin: limits.PerBin, Deliveries: limits.Deliveries, Bytes: limits.Bytes, For: limits.For, Log: log})
	switch {
	case errors.Is(err, postgres.ErrAddress):
		return nil, "", misusef("--data: %w", err)
	case err != nil:
		return nil, "", inconclusive(fmt.Errorf("--data %w", err))
	}
	return store, postgres.Name(address), nil
}

// defaultData returns $XDG_DATA_HOME/hookrig, ~/.local/share/hookrig, or .hookrig in the working
// directory.
func defaultData(w World) string {
	if dir := w.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "hookrig")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "hookrig")
	}
	return ".hookrig"
}

// startError returns a usage error for a wrong option, and an inconclusive error for a port in use.
func startError(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return inconclusive(err)
	}
	if errors.Is(err, context.Canceled) {
		return inconclusive(errors.New("interrupted while starting"))
	}
	return misuse(err)
}

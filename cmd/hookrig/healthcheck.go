package main

import (
	"context"
	"fmt"
	"net/http"
	neturl "net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/mockserver"
)

// newHealthcheck returns the command healthcheck, which asks a running server for its health. It is
// for container images without a shell.
func newHealthcheck(w World) *cobra.Command {
	var (
		url   string
		every time.Duration
		tls   trustFlags
	)
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running server whether it is healthy",
		Long: `Asks the dashboard at --server for its health. Exit code 0: it is healthy; 1: it is not, or there is no response.

--every is for the health check of a container image. An engine makes the first check when the interval has passed, so
that only a short interval finds out soon after the start that the server is healthy. With --every DURATION, checks are
rare from the first second on: each takes half of the time that has passed since then, at most DURATION. A server that
does not answer is asked again until DURATION has passed.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 0 {
				return misusef("--every %s: want a positive duration", every)
			}
			trust, err := tls.trust(cmd, w)
			if err != nil {
				return err
			}
			if u, err := neturl.Parse(url); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
				return misusef("--server %q: want the dashboard's URL, as in http://127.0.0.1:8080", url)
			}
			h := health{url: strings.TrimRight(url, "/") + "/healthz", client: &http.Client{
				Timeout:   3 * time.Second,
				Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust.Config(), DisableKeepAlives: true},
			}}
			if err := h.check(cmd.Context(), every); err != nil {
				return err
			}
			w.Stdout.Printf("ok\n")
			return nil
		},
	}
	cmd.Flags().StringVar(&url, "server", "http://127.0.0.1:8080", "`URL` of the dashboard")
	cmd.Flags().DurationVar(&every, "every", 0, "take up to `DURATION`, because the check is repeated soon after it ends")
	tls.add(cmd.Flags())
	return cmd
}

// health asks a server for its health.
type health struct {
	url    string
	client *http.Client
}

// check asks once, or for up to a duration until the server answers. If the server has been up for
// more than a second, it then waits half of the time since, at most the duration, and asks again.
func (h *health) check(ctx context.Context, every time.Duration) error {
	const (
		again = 20 * time.Millisecond // after no answer
		soon  = time.Second
	)
	var (
		uptime time.Duration
		err    error
	)
	for began := time.Now(); ; {
		if uptime, err = h.ask(ctx); err == nil || time.Since(began) >= every {
			break
		}
		if err := pause(ctx, again); err != nil {
			return err
		}
	}
	if err != nil || every == 0 || uptime <= soon {
		return err
	}
	if err := pause(ctx, min(every, (uptime-soon)/2)); err != nil {
		return err
	}
	_, err = h.ask(ctx)
	return err
}

// ask asks once. It returns how long the server has been up; 0 is unknown.
func (h *health) ask(ctx context.Context) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url, nil)
	if err != nil {
		return 0, misuse(err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, &exitError{code: exitFailed, err: mockserver.ExplainError(err)}
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, &exitError{code: exitFailed, err: fmt.Errorf("%s answered %s", h.url, resp.Status)}
	}
	ms, _ := strconv.ParseInt(resp.Header.Get("Hookrig-Uptime"), 10, 64) // an older server does not say it
	return time.Duration(ms) * time.Millisecond, nil
}

// pause waits. It returns an error if the context ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return inconclusive(fmt.Errorf("interrupted: %w", ctx.Err()))
	}
}

package main

import (
	"fmt"
	"net/http"
	neturl "net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/mockserver"
)

// newHealthcheck returns the command healthcheck, which asks a running server for its health. It is
// for container images without a shell.
func newHealthcheck(w World) *cobra.Command {
	var (
		url string
		tls trustFlags
	)
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running server whether it is healthy",
		Long:  "Asks the dashboard at --server for its health. Exit code 0: it is healthy; 1: it is not, or there is no response.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			trust, err := tls.trust(cmd, w)
			if err != nil {
				return err
			}
			if u, err := neturl.Parse(url); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
				return misusef("--server %q: want the dashboard's URL, as in http://127.0.0.1:8080", url)
			}
			url = strings.TrimRight(url, "/")
			client := &http.Client{
				Timeout:   3 * time.Second,
				Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust.Config(), DisableKeepAlives: true},
			}
			req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, url+"/healthz", nil)
			if err != nil {
				return misuse(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				return &exitError{code: exitFailed, err: mockserver.ExplainError(err)}
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return &exitError{code: exitFailed, err: fmt.Errorf("%s/healthz answered %s", url, resp.Status)}
			}
			w.Stdout.Printf("ok\n")
			return nil
		},
	}
	cmd.Flags().StringVar(&url, "server", "http://127.0.0.1:8080", "`URL` of the dashboard")
	tls.add(cmd.Flags())
	return cmd
}

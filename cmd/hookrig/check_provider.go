package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// checkProviderFlags are the flags of check-provider.
type checkProviderFlags struct {
	server    serverFlags
	knowledge knowledge
	options   sender.Options
	skip      []string
	all       bool
}

func newCheckProvider(w World) *cobra.Command {
	var c checkProviderFlags
	cmd := &cobra.Command{
		Use:   "check-provider BIN|FILE [PROVIDER]",
		Short: "Check a sender of webhooks: signatures, retries, order",
		Long: `Grades the sender whose requests a bin recorded, by the provider's file: whether it signs, retries and stops as that
says. Without PROVIDER it is compared with the Standard Webhooks specification.`,
		Example: `  hookrig check-provider inbox --secret whsec_…`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return checkProvider(cmd, w, args, &c)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.options.Secrets, "secret", nil, "signing `SECRET` of the sender; repeatable")
	f.StringVar(&c.options.URL, "url", "", "registered `URL`, for providers that sign it")
	f.StringVar(&c.options.Retry, "retry", "", "documented retry `PROFILE` of the provider, or \"like NAME\" (default: the provider's)")
	f.StringArrayVar(&c.skip, "skip", nil, "leave out a check, `ID=WHY`; repeatable")
	f.BoolVar(&c.all, "all", false, "list every check")
	c.server.add(cmd)
	c.knowledge.flags(cmd)
	return cmd
}

// standardWebhooks is the provider that a sender is compared with by default.
const standardWebhooks = "standard-webhooks"

func checkProvider(cmd *cobra.Command, w World, args []string, c *checkProviderFlags) error {
	known, err := c.knowledge.catalogue()
	if err != nil {
		return err
	}
	name := standardWebhooks
	if len(args) == 2 {
		name = args[1]
	}
	o := c.options
	if o.Provider, err = known.Provider(name); err != nil {
		return misuse(err)
	}
	if o.Skip, err = skips(c.skip); err != nil {
		return err
	}
	captures, closing, err := recorded(cmd, w, args[0], &c.server)
	if err != nil {
		return err
	}
	defer closing()
	var list []mockserver.Capture
	for one, err := range captures {
		if err != nil {
			return captureError(err)
		}
		list = append(list, one)
	}
	o.Bin, o.Now = args[0], time.Now()
	report, err := sender.Grade(list, o)
	if errors.Is(err, sender.ErrOptions) || errors.Is(err, fixtures.ErrUnknownRetry) {
		return misuse(err)
	}
	if err != nil {
		return inconclusive(err)
	}
	if err := sender.WriteText(w.Stdout, report, sender.TextOptions{Color: w.Color(), All: c.all}); err != nil {
		return inconclusive(err)
	}
	if report.Score.Must.Failed+report.Score.Should.Failed > 0 {
		return failed()
	}
	return nil
}

// skips reads --skip.
func skips(list []string) (map[string]string, error) {
	skip := map[string]string{}
	for _, text := range list {
		id, why, ok := strings.Cut(text, "=")
		if !ok || id == "" || why == "" {
			return nil, misusef("--skip %q: want ID=WHY, with a reason", text)
		}
		skip[id] = why
	}
	return skip, nil
}

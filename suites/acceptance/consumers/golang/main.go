// Command golang runs the consumer in Go, right or with a mistake.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string) error {
	var o consumers.Options
	flags := flag.NewFlagSet("golang", flag.ContinueOnError)
	address := flags.String("address", "127.0.0.1:0", "listen on `HOST:PORT`")
	list := flags.Bool("mistakes", false, "list the mistakes, with the checks that are about them")
	flags.StringVar(&o.Provider, "provider", "", "`NAME`, one of "+strings.Join(consumers.Providers(), ", "))
	flags.Func("secret", "`SECRET`; repeat it for older ones that are still valid", func(s string) error {
		o.Secrets = append(o.Secrets, s)
		return nil
	})
	flags.StringVar(&o.Mistake, "mistake", "", "make the mistake `NAME`")
	flags.Func("limit", "`SECONDS` that a sender may take for a body (default 10)", func(s string) (err error) {
		o.Limit, err = time.ParseDuration(s + "s")
		return err
	})
	flags.DurationVar(&o.Delay, "delay", 0, "`TIME` that the work takes where a mistake works slowly (default 1s)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: want flags only", flags.Arg(0))
	}
	if *list {
		for _, m := range consumers.Mistakes() {
			fmt.Printf("%-28s %s %s %s\n", m.Name, m.Text, m.Checks, strings.Join(m.Providers, ", "))
		}
		return nil
	}
	c, err := consumers.New(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s/hooks\n", listener.Addr())
	return c.Serve(ctx, listener)
}

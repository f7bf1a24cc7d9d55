// Command sink is the bare server that requests are sent to: it reads each request, counts it, and
// answers 200 without a body. It prints the number when it is ended.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/valyala/fasthttp"
)

func main() {
	mode := flag.String("mode", "fasthttp", "`SERVER` to use: fasthttp or nethttp")
	address := flag.String("listen", "127.0.0.1:0", "`HOST:PORT` to listen at")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	l, err := net.Listen("tcp", *address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		os.Exit(1)
	}
	var requests atomic.Uint64
	switch *mode {
	case "fasthttp":
		go fasthttp.Serve(l, func(*fasthttp.RequestCtx) { requests.Add(1) })
	case "nethttp":
		go http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			requests.Add(1)
		}))
	default:
		fmt.Fprintf(os.Stderr, "sink: -mode %s: want fasthttp or nethttp\n", *mode)
		os.Exit(2)
	}
	<-ctx.Done()
	fmt.Println(requests.Load())
}

package dashboard

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// serverInfo describes a server to its clients.
type serverInfo struct {
	Capture string `json:"capture" doc:"the capture URL; a bin's URL is this URL, a slash and its name"`
	// CaptureTLS is "" without TLS.
	CaptureTLS string         `json:"capture_tls" doc:"the capture URL that speaks TLS; empty without TLS"`
	Clock      delivery.Clock `json:"clock"`
	Providers  []string       `json:"providers" doc:"the names of the providers"`
	// VendorAPIs is never nil.
	VendorAPIs map[string]string `json:"vendor_apis" doc:"where the vendor APIs are, by provider: the URL of a separate address, or else a path of the dashboard; the dashboard serves all of them"`
	Limits     limits            `json:"limits" doc:"the limits of the journal; the oldest captures and deliveries make room for new ones"`
	Usage      journal.Stats     `json:"usage" doc:"how much is kept, and how much was evicted to make room"`
}

// limits are those of the server's journal and of its capture address.
type limits struct {
	Captures   int              `json:"captures" doc:"the most captures of a bin"`
	Deliveries int              `json:"deliveries" doc:"the most deliveries"`
	Bytes      int64            `json:"bytes" doc:"the most bytes of all records together"`
	For        journal.Duration `json:"for" doc:"how long records are kept; 0s means for ever"`
	MaxBody    int              `json:"max_body" doc:"the most bytes of a request's body; a bin responds to a larger one with 413"`
}

func (k *dashboard) server(ctx context.Context, _ *struct{}) (*response[serverInfo], error) {
	stats, err := k.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	l := k.store.Limits()
	out := serverInfo{Capture: k.capture.URL(), CaptureTLS: k.capture.TLSURL(), Clock: k.providers.Clock(), Providers: []string{}, VendorAPIs: map[string]string{}}
	out.Usage = stats
	out.Limits = limits{Captures: l.PerBin, Deliveries: l.Deliveries, Bytes: l.Bytes, For: journal.Duration(l.For), MaxBody: k.capture.MaxBody()}
	maps.Copy(out.VendorAPIs, k.vendorAPIs)
	for _, p := range k.catalogue.Providers() {
		out.Providers = append(out.Providers, p.Name)
	}
	return &response[serverInfo]{out}, nil
}

// textOut is a plain text response.
type textOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// ca returns the certificate that clients of the TLS capture address must trust.
func (k *dashboard) ca(context.Context, *struct{}) (*textOut, error) {
	cert := k.capture.CA()
	if cert == nil {
		return nil, problem.New(http.StatusNotFound, "this server has no TLS capture address: start it with --capture-tls HOST:PORT")
	}
	return &textOut{"application/x-pem-file", cert}, nil
}

func (k *dashboard) health(context.Context, *struct{}) (*textOut, error) {
	return &textOut{"text/plain; charset=utf-8", []byte("ok\n")}, nil
}

// alive serves the health at /healthz, where load balancers and containers look for it. The header
// Hookrig-Uptime says how long the dashboard has been up, in milliseconds.
func alive(since time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Hookrig-Uptime", strconv.FormatInt(time.Since(since).Milliseconds(), 10))
		_, _ = w.Write([]byte("ok\n")) // the client has left
	}
}

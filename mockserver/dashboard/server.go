package dashboard

import (
	"context"
	"maps"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// serverInfo is what a client wants to know of a server first.
type serverInfo struct {
	Capture string `json:"capture" doc:"the capture address: a bin's is this, a slash, its name"`
	// CaptureTLS is "" without TLS.
	CaptureTLS string         `json:"capture_tls" doc:"the capture address that speaks TLS; empty when there is none"`
	Clock      delivery.Clock `json:"clock"`
	Providers  []string       `json:"providers" doc:"the names of the providers that it plays"`
	// VendorAPIs is never nil.
	VendorAPIs map[string]string `json:"vendor_apis" doc:"where the systems' own APIs are, by provider: an address, or else a path of the dashboard; every one is at its path besides"`
	Limits     limits            `json:"limits" doc:"what bounds what is kept; the oldest captures and deliveries make room"`
	Usage      journal.Stats     `json:"usage" doc:"what is kept, and what was evicted to make room"`
}

// limits are those of the server's journal and of its capture address.
type limits struct {
	Captures   int              `json:"captures" doc:"captures that a bin keeps"`
	Deliveries int              `json:"deliveries" doc:"deliveries that are kept"`
	Bytes      int64            `json:"bytes" doc:"bytes of all records together"`
	For        journal.Duration `json:"for" doc:"how long records are kept; 0s is for ever"`
	MaxBody    int              `json:"max_body" doc:"bytes of the body of a request to a bin; a larger one is answered 413"`
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

// textOut is a plain text.
type textOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// ca is the certificate to trust at the capture address that speaks TLS.
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

// alive is health where a load balancer or a container looks for it.
func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // whoever asked is gone: nobody is left to tell
}

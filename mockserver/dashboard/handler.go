package dashboard

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// dashboard has the parts of one server that the handlers use.
type dashboard struct {
	providers  *delivery.Dispatcher
	entities   *entities.Registry
	capture    *capture.Server
	store      journal.Store
	catalogue  *fixtures.Catalogue
	wire       *wire.Client
	vendorAPIs map[string]string
	largest    int // the size of the largest page, in bytes
	streams    *streams
	tally      tally
	manual     []ManualPage
	nodes      func(context.Context) ([]journal.Node, error)
	readiness  func() error
}

// Handler returns the dashboard of a server: the API under /api, the page at /. Requests that wait
// or stream end when their context ends, so cancel it when the server closes.
func Handler(p vendorapi.Parts) http.Handler { return newDashboard(p).handler() }

func newDashboard(p vendorapi.Parts) *dashboard {
	kept := byteLimit(p.Store)
	return &dashboard{
		providers: p.Dispatcher, entities: p.Entities, capture: p.Capture, store: p.Store, catalogue: p.Catalogue, wire: p.Wire, vendorAPIs: p.VendorAPIs,
		largest: pageBytes(kept), streams: newStreams(kept), nodes: p.Nodes, readiness: p.Ready,
	}
}

func (k *dashboard) handler() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, config())
	k.routes(api)
	serveDocument(mux, api)
	servePage(mux)
	serveManual(mux, k.manual)
	mux.HandleFunc("GET /healthz", alive(time.Now()))
	mux.HandleFunc("GET /readyz", k.probe)
	mux.HandleFunc("GET /metrics", k.scrape)
	mux.HandleFunc("/", notFound(mux))
	return withSecurityHeaders(limitConcurrency(slotsFor(byteLimit(k.store)), mux))
}

// routes adds all routes of the API.
func (k *dashboard) routes(api huma.API) {
	get, put, post, del := http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete

	route(api, get, "/server", "get-server", "The server's addresses, providers, limits and usage", k.server)
	route(api, get, "/nodes", "list-nodes", "The servers that share the database of this one, the oldest first; without others, this one", k.listNodes)
	register(api, get, "/query", "get-query", "How to write a query (q)", k.queryHelp, respondsWith("text/markdown"))
	register(api, get, "/ca.pem", "get-ca", "The certificate authority of the capture address that speaks TLS", k.ca, respondsWith("application/x-pem-file"))
	register(api, get, "/healthz", "get-health", "Whether the server is alive: 200 OK", k.health, respondsWith("text/plain"))
	register(api, get, "/readyz", "get-readiness", "Whether the server may get requests: 200 OK, or 503 while it drains or its database is away", k.ready, respondsWith("text/plain"))
	register(api, get, "/metrics", "get-metrics", "Counts, in the Prometheus text format", k.metrics, respondsWith("text/plain"))
	register(api, get, "/stream", "get-stream", "New captures and deliveries as server-sent events", k.stream, streamed)

	route(api, get, "/bins", "list-bins", "Bins that have or had a capture", k.listBins)
	route(api, get, "/bins/{bin}", "get-bin", "A bin's settings", k.getBin)
	route(api, put, "/bins/{bin}", "put-bin", "Replace a bin's settings; its responses start from the first one", k.putBin, accepts[settingsBody])
	route(api, http.MethodPatch, "/bins/{bin}", "patch-bin", "Change some of a bin's settings", k.patchBin, accepts[settingsBody])
	route(api, del, "/bins/{bin}", "delete-bin", "Delete a bin's captures", k.clearBin)
	route(api, get, "/bins/{bin}/stats", "get-stats", "What happened to every request for a bin", k.getStats)
	route(api, get, "/bins/{bin}/sender", "get-sender", "What a bin's captures show about the program that sent them", k.getSender)
	route(api, get, "/bins/{bin}/responses", "get-responses", "A bin's responses", k.getResponses)
	route(api, put, "/bins/{bin}/responses", "put-responses", "Set a bin's responses", k.putResponses, accepts[responses])
	route(api, post, "/bins/{bin}/responses", "post-responses", "Set a bin's responses", k.putResponses, accepts[responses])
	route(api, del, "/bins/{bin}/responses", "delete-responses", "Reset a bin's responses to 200", k.deleteResponses)
	route(api, get, "/bins/{bin}/captures", "list-bin-captures", "A bin's captures, newest first", k.listBinCaptures)
	route(api, get, "/bins/{bin}/digests", "list-digests", "Numbers and SHA-256 of the bodies of a bin's captures, oldest first", k.listDigests)
	route(api, del, "/bins/{bin}/captures", "delete-captures", "Delete a bin's captures, or those that a query selects", k.deleteCaptures)
	register(api, get, "/bins/{bin}/export", "export-bin", "A bin's captures as a file", k.exportBin, exports)
	route(api, post, "/bins/{bin}/import", "import-into-bin", "Add the captures of a file to a bin", k.importInto, acceptsFile)
	register(api, get, "/bins/{bin}/wait", "wait-in-bin", "Wait for captures, with parameters", k.getWait, mayTimeOut)
	register(api, post, "/bins/{bin}/wait", "post-wait-in-bin", "Wait for captures, with a body", k.postWait, acceptsOptional[waitBody], mayTimeOut)

	route(api, get, "/captures", "list-captures", "Captures of all bins, newest first", k.listCaptures)
	route(api, get, "/captures/{id}", "get-capture", "One capture", k.getCapture)
	route(api, del, "/captures/{id}", "delete-capture", "Delete one capture", k.deleteCapture)
	route(api, get, "/captures/{id}/content", "get-content", "A capture's body decoded: compression, character set, form fields, parts", k.content)
	register(api, get, "/captures/{id}/raw", "get-capture-raw", "The request's bytes, head and body", k.getRaw, respondsWith("application/octet-stream"))
	route(api, get, "/captures/{id}/attempts", "list-attempts", "The captures of the same delivery, oldest first", k.attempts)
	route(api, get, "/captures/{id}/schema", "check-schema", "Check a capture's body against the schema of its event", k.schema)
	route(api, post, "/captures/{id}/verify", "verify-capture", "Check a capture's signature", k.verify, acceptsOptional[verifyBody])
	route(api, post, "/captures/{id}/resend", "resend-capture", "Send a capture again, unchanged, changed or signed again", k.resend, accepts[resendBody])
	register(api, get, "/captures/{id}/export", "export-capture", "A capture as a file", k.exportCapture, exports)
	route(api, get, "/captures/{id}/diff/{other}", "diff-captures", "How two captures differ", k.diff)

	route(api, get, "/providers", "list-providers", "The providers that the server plays", k.listProviders)
	route(api, get, "/providers/{provider}", "get-provider", "One provider", k.getProvider)
	route(api, get, "/providers/{provider}/events", "list-events", "The events that a provider sends", k.listEvents)
	route(api, post, "/providers/{provider}/events", "emit", "Emit one or several events", k.emit, accepts[emissions])
	route(api, post, "/providers/{provider}/send", "send", "Send one event to a URL that need not be registered", k.send, accepts[sendBody])
	route(api, get, "/providers/{provider}/endpoints", "list-provider-endpoints", "A provider's endpoints, oldest first", k.listEndpoints)
	route(api, post, "/providers/{provider}/endpoints", "register-endpoint", "Register an endpoint", k.register, accepts[endpointBody], requires("url"), creates)
	route(api, get, "/providers/{provider}/endpoints/{endpoint}", "get-endpoint", "One endpoint", k.getEndpoint)
	register(api, del, "/providers/{provider}/endpoints/{endpoint}", "remove-endpoint", "Remove an endpoint", k.removeEndpoint)
	route(api, get, "/providers/{provider}/options", "list-options", "A provider's options and their current values", k.listOptions)
	route(api, get, "/providers/{provider}/tenants", "list-tenants", "A provider's tenants, with their keys of the vendor API", k.listTenants)
	route(api, put, "/providers/{provider}/tenants/{tenant}", "put-tenant", "Add a tenant, or replace its keys", k.putTenant, accepts[tenantBody])
	register(api, del, "/providers/{provider}/tenants/{tenant}", "remove-tenant", "Remove a tenant and its keys", k.removeTenant)
	route(api, get, "/providers/{provider}/entities", "list-entities", "A tenant's entities, oldest first", k.listEntities)
	route(api, post, "/providers/{provider}/entities", "create-entity", "Create an entity and emit its first events", k.createEntity, accepts[entityBody], creates)
	route(api, get, "/providers/{provider}/entities/{kind}/{id}", "get-entity", "One entity, and the events that can happen to it", k.getEntity)
	route(api, post, "/providers/{provider}/entities/{kind}/{id}/events", "happen", "Make an event happen to an entity", k.trigger, accepts[stepBody])
	register(api, del, "/providers/{provider}/entities/{kind}/{id}", "delete-entity", "Delete an entity without an event", k.deleteEntity)
	route(api, get, "/endpoints", "list-endpoints", "The endpoints of all providers, oldest first", k.listAllEndpoints)
	route(api, get, "/notices", "list-notices", "What delivery policies did to endpoints, newest first", k.listNotices)

	route(api, get, "/deliveries", "list-deliveries", "Deliveries with their attempts, newest first", k.listDeliveries)
	route(api, get, "/deliveries/{id}", "get-delivery", "One delivery with its attempts", k.getDelivery)
	route(api, post, "/deliveries/{id}/redeliver", "redeliver", "Deliver the same event again", k.redeliver, creates)

	route(api, get, "/clock", "get-clock", "The clock that retries follow", k.getClock)
	route(api, post, "/clock", "post-clock", "Move a virtual clock forward", k.advance, acceptsOptional[advanceBody])
	route(api, post, "/clock/advance", "advance-clock", "Move a virtual clock forward", k.advance, acceptsOptional[advanceBody])
	route(api, post, "/clock/settle", "settle", "Wait until no attempt is due", k.settle)

	route(api, post, "/runs", "begin-run", "Begin a run, with its own endpoints and clock", k.beginRun, acceptsOptional[delivery.RunOptions], creates)
	register(api, del, "/runs/{id}", "end-run", "End a run and remove its endpoints", k.endRun)
	route(api, get, "/runs/{id}/clock", "get-run-clock", "A run's clock", k.getRunClock)
	route(api, post, "/runs/{id}/clock/advance", "advance-run", "Move a run's virtual clock forward", k.advanceRun, acceptsOptional[advanceBody])
	route(api, post, "/runs/{id}/clock/settle", "settle-run", "Wait until no attempt of a run is due", k.settleRun)
}

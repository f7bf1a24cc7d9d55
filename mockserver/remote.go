package mockserver

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// remote is the transport to a server elsewhere. It calls the dashboard's HTTP API.
type remote struct {
	api     string // http://host:port/api/v1
	token   string
	capture string // the capture URL that the server reports
	http    *http.Client
}

// dialLimit bounds the one request of Dial.
const dialLimit = 10 * time.Second

// Dial returns a client of the dashboard at server, such as http://127.0.0.1:8080. It calls the
// dashboard once, so it reports a wrong address (ErrNoServer) or a wrong token at once. Close the
// client when you are done. You may give at most one Trust, which says which certificates of an
// https dashboard to accept.
func Dial(server, token string, trust ...Trust) (*Client, error) {
	var t Trust
	switch len(trust) {
	case 0:
	case 1:
		t = trust[0]
	default:
		return nil, fmt.Errorf("server %s: got %d Trusts, want at most one", server, len(trust))
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("server %q: want the dashboard's URL, such as http://127.0.0.1:8080", server)
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     30 * time.Second,
		TLSClientConfig:     t.Config(),
		ForceAttemptHTTP2:   true, // a TLSClientConfig turns it off otherwise
	}
	r := &remote{
		api:   u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/") + "/api/v1",
		token: token,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialLimit)
	defer cancel()
	type serverAbout struct {
		Capture string `json:"capture"`
	}
	about, err := answer[serverAbout](ctx, r, http.MethodGet, path("server"), nil)
	if err != nil {
		r.Close()
		if p := (*problem.Problem)(nil); errors.As(err, &p) && p.Status == http.StatusUnauthorized {
			return nil, fmt.Errorf("server %s: %w", server, err)
		}
		if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
			// err says what to do
			return nil, fmt.Errorf("server %s: %w: %w", server, ErrNoServer, err)
		}
		return nil, fmt.Errorf("server %s: %w: %w: start one with \"hookrig serve\", and give the dashboard's address", server, ErrNoServer, err)
	}
	r.capture = about.Capture
	return &Client{transport: r}, nil
}

func (r *remote) Close() error {
	r.http.CloseIdleConnections()
	return nil
}

func (r *remote) BinURL(bin string) string { return r.capture + "/" + bin }

func (r *remote) Register(ctx context.Context, e Endpoint) (Endpoint, error) {
	return answer[Endpoint](ctx, r, http.MethodPost, path("providers", e.Provider, "endpoints"), e)
}

func (r *remote) Remove(ctx context.Context, provider, endpoint string) error {
	return r.do(ctx, http.MethodDelete, path("providers", provider, "endpoints", endpoint), nil, nil)
}

func (r *remote) Endpoints(ctx context.Context, provider string) ([]Endpoint, error) {
	where := path("endpoints")
	if provider != "" {
		where = path("providers", provider, "endpoints")
	}
	return items[Endpoint](ctx, r, http.MethodGet, where, nil)
}

func (r *remote) Notices(ctx context.Context, provider string) ([]Notice, error) {
	v := parameters{}
	v.text("provider", provider)
	return items[Notice](ctx, r, http.MethodGet, path("notices")+v.String(), nil)
}

func (r *remote) Emit(ctx context.Context, name string, e ...Emission) ([]Delivery, error) {
	var in any = e
	switch len(e) {
	case 0:
		return nil, fmt.Errorf("%w: no event to emit", delivery.ErrInvalid)
	case 1:
		in = e[0]
	}
	return items[Delivery](ctx, r, http.MethodPost, path("providers", name, "events"), in)
}

func (r *remote) Delivery(ctx context.Context, id string) (Delivery, error) {
	return answer[Delivery](ctx, r, http.MethodGet, path("deliveries", id), nil)
}

func (r *remote) Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error) {
	v := parameters{}
	v.text("provider", q.Provider)
	v.text("endpoint", q.Endpoint)
	v.text("state", string(q.State))
	v.text("event_id", q.EventID)
	v.number("before", q.Before)
	v.number("after", q.After)
	return pages[Delivery](ctx, r, path("deliveries"), v, "before", q.Limit)
}

func (r *remote) Redeliver(ctx context.Context, id string) (Delivery, error) {
	return answer[Delivery](ctx, r, http.MethodPost, path("deliveries", id, "redeliver"), nil)
}

func (r *remote) Nodes(ctx context.Context) ([]Node, error) {
	return items[Node](ctx, r, http.MethodGet, path("nodes"), nil)
}

func (r *remote) Clock(ctx context.Context, run string) (Clock, error) {
	return answer[Clock](ctx, r, http.MethodGet, clockPath(run), nil)
}

func (r *remote) Advance(ctx context.Context, run string, by time.Duration) (Clock, error) {
	in := map[string]Duration{"by": Duration(by)}
	return answer[Clock](ctx, r, http.MethodPost, clockPath(run)+path("advance"), in)
}

func (r *remote) WaitIdle(ctx context.Context, run string) error {
	return r.do(ctx, http.MethodPost, clockPath(run)+path("settle"), nil, nil)
}

// clockPath returns the path of a run's clock; "" is the server's.
func clockPath(run string) string {
	if run == "" {
		return path("clock")
	}
	return path("runs", run, "clock")
}

func (r *remote) BeginRun(ctx context.Context, o RunOptions) (string, error) {
	type begun struct {
		ID string `json:"id"`
	}
	out, err := answer[begun](ctx, r, http.MethodPost, path("runs"), o)
	return out.ID, err
}

func (r *remote) EndRun(ctx context.Context, run string) error {
	return r.do(ctx, http.MethodDelete, path("runs", run), nil, nil)
}

func (r *remote) Configure(ctx context.Context, bin string, set Settings) error {
	return r.do(ctx, http.MethodPut, path("bins", bin), set, nil)
}

func (r *remote) Change(ctx context.Context, bin string, c SettingsChange) (Settings, error) {
	return answer[Settings](ctx, r, http.MethodPatch, path("bins", bin), c)
}

func (r *remote) Settings(ctx context.Context, bin string) (Settings, error) {
	return answer[Settings](ctx, r, http.MethodGet, path("bins", bin), nil)
}

func (r *remote) Bins(ctx context.Context) ([]BinSummary, error) {
	return items[BinSummary](ctx, r, http.MethodGet, path("bins"), nil)
}

func (r *remote) Stats(ctx context.Context, bin string) (BinStats, error) {
	return answer[BinStats](ctx, r, http.MethodGet, path("bins", bin, "stats"), nil)
}

func (r *remote) Sender(ctx context.Context, bin string) (Sender, error) {
	return answer[Sender](ctx, r, http.MethodGet, path("bins", bin, "sender"), nil)
}

func (r *remote) Captures(ctx context.Context, q Query) ([]Capture, error) {
	v := captureQuery(q)
	if q.Oldest {
		v.text("order", "oldest")
	}
	where := path("captures")
	if q.Bin != "" {
		where = path("bins", q.Bin, "captures")
	}
	last := "before"
	if q.Oldest {
		last = "after"
	}
	return pages[Capture](ctx, r, where, v, last, q.Limit)
}

func (r *remote) Capture(ctx context.Context, id string) (Capture, error) {
	return answer[Capture](ctx, r, http.MethodGet, path("captures", id), nil)
}

func (r *remote) Digests(ctx context.Context, bin string, after uint64) ([]Digest, bool, error) {
	v := parameters{}
	v.number("after", after)
	page, err := answer[list[Digest]](ctx, r, http.MethodGet, path("bins", bin, "digests")+v.String(), nil)
	return page.Items, page.Next != nil, err
}

func (r *remote) Wait(ctx context.Context, bin string, w Wait) (Waited, error) {
	resp, err := r.send(ctx, http.MethodPost, path("bins", bin, "wait"), w)
	if err != nil {
		return Waited{}, err
	}
	defer drain(resp)
	// Both are results of a wait: 200 when it succeeded, 408 when it ran out of time.
	if resp.StatusCode != http.StatusOK && !(resp.StatusCode == http.StatusRequestTimeout && isJSON(resp)) {
		return Waited{}, problem.Read(resp)
	}
	var out Waited
	err = decode(resp, &out)
	out.OK = resp.StatusCode == http.StatusOK
	return out, err
}

func (r *remote) ClearBin(ctx context.Context, bin string) (int, error) {
	return r.deleted(ctx, path("bins", bin, "captures"))
}

func (r *remote) DeleteCaptures(ctx context.Context, q Query) (int, error) {
	v := captureQuery(q)
	if len(v) == 0 { // this clears the bin in one step
		return r.ClearBin(ctx, q.Bin)
	}
	return r.deleted(ctx, path("bins", q.Bin, "captures")+v.String())
}

func (r *remote) deleted(ctx context.Context, path string) (int, error) {
	type cleared struct {
		Deleted int `json:"deleted"`
	}
	out, err := answer[cleared](ctx, r, http.MethodDelete, path, nil)
	return out.Deleted, err
}

// captureQuery returns the URL parameters that select captures.
func captureQuery(q Query) parameters {
	v := parameters{}
	v.number("before", q.Before)
	v.number("after", q.After)
	v.text("where", q.Where)
	v.text("q", q.Q)
	return v
}

// list is the JSON of every list of the API.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *uint64 `json:"next"`
}

// parameters collects the URL parameters that have a value.
type parameters url.Values

func (q parameters) text(name, value string) {
	if value != "" {
		url.Values(q).Set(name, value)
	}
}

func (q parameters) number(name string, value uint64) {
	if value != 0 {
		url.Values(q).Set(name, strconv.FormatUint(value, 10))
	}
}

// String returns the query with its question mark, or "".
func (q parameters) String() string {
	if len(q) == 0 {
		return ""
	}
	return "?" + url.Values(q).Encode()
}

// path joins escaped segments to a path below the API.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// answer calls the API and returns the decoded response. An error response becomes a
// *problem.Problem.
func answer[T any](ctx context.Context, r *remote, method, path string, in any) (out T, err error) {
	err = r.do(ctx, method, path, in, &out)
	return out, err
}

// items calls the API and returns the items of a list.
func items[T any](ctx context.Context, r *remote, method, path string, in any) ([]T, error) {
	out, err := answer[list[T]](ctx, r, method, path, in)
	return out.Items, err
}

// pages returns the records that a query selects, up to limit. The server ends a page early when
// its records are large. The next page starts at the parameter last, which is "before" or "after".
func pages[T any](ctx context.Context, r *remote, path string, v parameters, last string, limit int) ([]T, error) {
	limit = journal.PageSize(limit)
	var all []T
	for {
		v.number("limit", uint64(limit-len(all)))
		page, err := answer[list[T]](ctx, r, http.MethodGet, path+v.String(), nil)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil || len(all) >= limit {
			return all, nil
		}
		v.number(last, *page.Next)
	}
}

// do calls the API and decodes the response into out; nil discards it.
func (r *remote) do(ctx context.Context, method, path string, in, out any) error {
	resp, err := r.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer drain(resp)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return problem.Read(resp)
	}
	if out == nil {
		return nil
	}
	return decode(resp, out)
}

func (r *remote) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	if strings.Contains(path, "//") {
		return nil, fmt.Errorf("%s %s: a name in the path is empty: %w", method, path, journal.ErrNotFound)
	}
	if in == nil {
		return r.sendFile(ctx, method, path, "", nil)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return r.sendFile(ctx, method, path, "application/json", bytes.NewReader(raw))
}

func (r *remote) sendFile(ctx context.Context, method, path, mediaType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.api+path, body)
	if err != nil {
		return nil, err
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := r.http.Do(req)
	return resp, ExplainError(err)
}

func decode(resp *http.Response, out any) error {
	if !isJSON(resp) {
		return fmt.Errorf("%s %s answered %s: want JSON", resp.Request.Method, resp.Request.URL,
			cmp.Or(resp.Header.Get("Content-Type"), "without a content type"))
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: read the response: %w", resp.Request.Method, resp.Request.URL, err)
	}
	return nil
}

func isJSON(resp *http.Response) bool {
	mediaType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(mediaType) == "application/json"
}

// drain reads the rest of the body, so that the connection can be used again.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	resp.Body.Close()
}

package ethpass_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/ethpass"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a server that plays ethpass, as a client sees it.
type server struct {
	*mockserver.Server
	t          testing.TB
	dispatcher *delivery.Dispatcher
	entities   *entities.Registry
	handler    http.Handler
	url, key   string
}

// play starts a server with options of ethpass such as "network=number".
func play(t testing.TB, options ...string) *server { return playOn(t, nil, options...) }

func playOn(t testing.TB, store journal.Store, options ...string) *server {
	t.Helper()
	var settings []fixtures.OptionSetting
	for _, text := range options {
		s, err := fixtures.ParseOption("ethpass." + text)
		if err != nil {
			t.Fatal(err)
		}
		settings = append(settings, s)
	}
	catalogue, err := fixtures.Builtin().With(settings...)
	if err != nil {
		t.Fatal(err)
	}
	r := &server{t: t, key: entities.DemoKey}
	r.Server = mockserver.StartT(t, mockserver.Options{
		Store: store, Catalogue: catalogue, Demo: true, Addresses: map[string]string{"ethpass": "127.0.0.1:0"},
		Dashboard: func(vendorapi.Parts) http.Handler {
			return http.NotFoundHandler()
		},
		VendorAPIs: map[string]vendorapi.Factory{"ethpass": func(ctx context.Context, server vendorapi.Backend) (http.Handler, error) {
			var err error
			r.dispatcher, r.entities = server.Dispatcher, server.Entities
			r.handler, err = ethpass.New(ctx, server)
			return r.handler, err
		}},
	})
	r.url = r.VendorAPIURL("ethpass")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return r
}

// as is the same server for another project.
func (r *server) as(project string) *server {
	r.t.Helper()
	other := *r
	other.key = "key-of-" + project
	if _, err := r.entities.PutTenant(r.t.Context(), entities.Tenant{
		Provider: "ethpass", Name: project, Keys: []entities.Key{{Key: other.key}},
	}); err != nil {
		r.t.Fatal(err)
	}
	return &other
}

// answer is what the API answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) get(path string) string { return gjson.Get(a.body, path).String() }

// request makes a call without checking the answer; a body is JSON.
func (r *server) request(method, path, body string, headers ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("X-API-KEY", r.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// call makes a call that must succeed.
func (r *server) call(method, path, body string) answer {
	r.t.Helper()
	a := r.request(method, path, body)
	if a.status/100 != 2 {
		r.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

// make makes a pass with a token; more are further members of the order, as in
// `"platform":"google"`.
func (r *server) make(more ...string) answer {
	r.t.Helper()
	members := append([]string{
		`"wallet":{"chain":{"name":"evm","network":1},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"}`,
		`"nft":{"contractAddress":"0x79C1d53f15e34895d608ff47ee56ad1f0f3f45d3","tokenId":"315"}`,
	}, more...)
	return r.call("POST", "/v0/passes", "{"+strings.Join(members, ",")+"}")
}

// receiver is a program behind a bare socket: it has every byte that was sent.
type receiver struct {
	url string
	got chan arrival
}

// arrival is one request: the lines of its head as they came, and its body.
type arrival struct {
	head []string
	body []byte
}

func (d arrival) get(path string) string { return gjson.GetBytes(d.body, path).String() }

func (d arrival) event() string { return d.get("event") }

func (d arrival) result() string { return gjson.GetBytes(d.body, "result").Raw }

// lines are the head's lines of a header, name and all.
func (d arrival) lines(name string) (found []string) {
	for _, line := range d.head {
		if before, _, ok := strings.Cut(line, ":"); ok && strings.EqualFold(before, name) {
			found = append(found, line)
		}
	}
	return found
}

// receive starts a receiver. What look does with a delivery is done before it is answered.
func receive(t testing.TB, look func(arrival)) *receiver {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{"http://" + listener.Addr().String() + "/hooks", make(chan arrival, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if d, err := readDelivery(conn); err == nil {
				if look != nil {
					look(d)
				}
				r.got <- d
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return r
}

func readDelivery(conn net.Conn) (d arrival, err error) {
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return d, err
		}
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			break
		}
		d.head = append(d.head, line)
		if name, value, _ := strings.Cut(line, ": "); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(value); err != nil {
				return d, err
			}
		}
	}
	d.body = make([]byte, length)
	_, err = io.ReadFull(in, d.body)
	return d, err
}

// next waits for the next delivery.
func (r *receiver) next(t testing.TB) arrival {
	t.Helper()
	select {
	case d := <-r.got:
		return d
	case <-time.After(30 * time.Second):
		t.Fatal("no delivery came")
		return arrival{}
	}
}

// nothing fails the test when something came, after all that is due was sent.
func (r *receiver) nothing(t testing.TB, from *server) {
	t.Helper()
	if err := from.Client().WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case d := <-r.got:
		t.Fatalf("%s was delivered: %s", d.event(), d.body)
	default:
	}
}

func (r *server) hook(url, authorization string) {
	r.t.Helper()
	body, err := json.Marshal(map[string]string{"endpoint": url, "authorization": authorization})
	if err != nil {
		r.t.Fatal(err)
	}
	r.call("PUT", "/v0/project/webhook", string(body))
}

func compact(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func path(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// ethpassProvider is the provider file as it comes.
func ethpassProvider(t testing.TB) *fixtures.Provider {
	t.Helper()
	p, err := fixtures.Builtin().Provider("ethpass")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

package servertest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// clients runs a test against both transports, each with its own server.
func clients(t *testing.T, o mockserver.Options, test func(t *testing.T, client *mockserver.Client, server *mockserver.Server)) {
	t.Parallel()
	o.Dashboard = dashboard.Handler
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		server := mockserver.StartT(t, o)
		test(t, server.Client(), server)
	})
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		o := o // the other test starts its server at the same time
		o.Token = "open sesame"
		server := mockserver.StartT(t, o)
		client, err := mockserver.Dial(server.DashboardURL()+"/", o.Token)
		if err != nil {
			t.Fatal(err)
		}
		closeClient(t, client)
		test(t, client, server)
	})
}

// Both kinds of clients return the records of the journal.
func TestClientSeesTheRecords(t *testing.T) {
	clients(t, mockserver.Options{Seed: 3}, func(t *testing.T, client *mockserver.Client, server *mockserver.Server) {
		ctx := t.Context()
		url := client.BinURL("inbox")
		if want := server.CaptureURL() + "/inbox"; url != want {
			t.Errorf("bin at %s, want %s", url, want)
		}
		set := capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Status: 500, Delay: journal.Duration(time.Millisecond)}, {Status: 202}}}}
		if err := client.Configure(ctx, "inbox", set); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Settings(ctx, "inbox"); err != nil || !cmp.Equal(set, got, cmpopts.EquateEmpty()) {
			t.Errorf("settings (%v), -want +got:\n%s", err, cmp.Diff(set, got, cmpopts.EquateEmpty()))
		}

		endpoint, err := client.Register(ctx, journal.Endpoint{
			Provider: "neostore", URL: url, Events: []string{"Pass:*"}, Description: "é", Timeout: journal.Duration(2 * time.Second),
		})
		if err != nil {
			t.Fatal(err)
		}
		if endpoint.ID == "" || len(endpoint.Secrets) != 1 || endpoint.Created.IsZero() || endpoint.Description != "é" || endpoint.Timeout != journal.Duration(2*time.Second) {
			t.Errorf("registered %+v", endpoint)
		}
		for _, provider := range []string{"neostore", ""} {
			all, err := client.Endpoints(ctx, provider)
			if err != nil || len(all) != 1 || all[0].ID != endpoint.ID {
				t.Errorf("endpoints of %q: %+v, %v", provider, all, err)
			}
		}
		if all, err := client.Endpoints(ctx, "ethpass"); err != nil || len(all) != 0 {
			t.Errorf("endpoints of ethpass: %+v, %v", all, err)
		}

		seed := uint64(9)
		made, err := client.Emit(ctx, "neostore", delivery.Emission{
			Event: "Pass:Created", Seed: &seed, Set: []fixtures.Setting{{Pointer: "/passId", Value: []byte(`"p-1"`)}},
		})
		if err != nil || len(made) != 1 {
			t.Fatalf("emitted %+v, %v", made, err)
		}
		waited, err := client.Wait(ctx, "inbox", query.Wait{Count: 1, Where: `.body.passId == "p-1"`})
		if err != nil || !waited.OK || len(waited.Matched) != 1 {
			t.Fatalf("waited: %+v, %v", waited, err)
		}
		first := waited.Matched[0]
		if diff := cmp.Diff(made[0].Event.Body, first.Body); diff != "" {
			t.Errorf("body, -sent +received:\n%s", diff)
		}
		inJournal := must(server.Client().Capture(ctx, first.ID))(t)
		if got := must(client.Capture(ctx, first.ID))(t); !cmp.Equal(inJournal, got, cmpopts.EquateEmpty()) {
			t.Errorf("capture, -journal +client:\n%s", cmp.Diff(inJournal, got))
		}

		// The bin answered 500, so the next attempt is due on the virtual clock.
		if err := client.WaitIdle(ctx); err != nil {
			t.Fatal(err)
		}
		clock := must(client.Clock(ctx))(t)
		if !clock.Virtual {
			t.Errorf("clock %+v, want a virtual one", clock)
		}
		later := must(client.Advance(ctx, time.Hour))(t)
		if got := later.Now.Sub(clock.Now); got != time.Hour {
			t.Errorf("the clock moved by %s, want 1h", got)
		}
		again, err := client.Redeliver(ctx, made[0].ID)
		if err != nil || again.ID == made[0].ID || again.Event.ID != made[0].Event.ID {
			t.Errorf("redelivered %+v, %v", again, err)
		}
		if err := client.WaitIdle(ctx); err != nil {
			t.Fatal(err)
		}
		deliveries := must(client.Deliveries(ctx, journal.DeliveryQuery{Provider: "neostore", EventID: made[0].Event.ID}))(t)
		if len(deliveries) != 2 || deliveries[0].ID != again.ID || deliveries[1].ID != made[0].ID {
			t.Errorf("deliveries %+v, want the new one, then the old one", deliveries)
		}
		stored := must(server.Client().Delivery(ctx, made[0].ID))(t)
		if got := must(client.Delivery(ctx, made[0].ID))(t); !cmp.Equal(stored, got, cmpopts.EquateEmpty()) {
			t.Errorf("delivery, -journal +client:\n%s", cmp.Diff(stored, got, cmpopts.EquateEmpty()))
		}
		if len(stored.Attempts) == 0 || stored.Attempts[0].Status != 500 {
			t.Errorf("attempts %+v, want the first to be answered 500", stored.Attempts)
		}
		if got := must(client.Deliveries(ctx, journal.DeliveryQuery{State: journal.Dropped}))(t); len(got) != 0 {
			t.Errorf("dropped: %+v", got)
		}

		bins := must(client.Bins(ctx))(t)
		if len(bins) != 1 || bins[0].Name != "inbox" || bins[0].Count < 2 {
			t.Errorf("bins %+v", bins)
		}
		if got := must(client.Stats(ctx, "inbox"))(t); got.Bin != "inbox" || got.Kept != uint64(bins[0].Count) || got.Received != got.Kept || !got.Complete {
			t.Errorf("stats %+v", got)
		}
		if got := must(client.Sender(ctx, "inbox"))(t); got.Captures != bins[0].Count || !got.Complete || len(got.Findings) == 0 {
			t.Errorf("sender %+v", got)
		}
		digested := 0
		for d, err := range client.Digests(ctx, "inbox", first.Seq) {
			if err != nil {
				t.Fatal(err)
			}
			if c := must(client.Capture(ctx, journal.CaptureID(d.Seq)))(t); c.Digest() != d || d.Seq <= first.Seq {
				t.Errorf("digest %+v of %+v", d, c)
			}
			digested++
		}
		if digested != bins[0].Count-1 {
			t.Errorf("%d digests after the first capture, want %d", digested, bins[0].Count-1)
		}
		for _, err := range client.Digests(ctx, "no/bin", 0) {
			if !errors.Is(err, capture.ErrInvalid) {
				t.Errorf("digests of no bin: %v, want ErrInvalidBin", err)
			}
		}
		query := query.Query{CaptureQuery: journal.CaptureQuery{Bin: "inbox"}, Q: "method:POST p-1 -status:200"}
		found := must(client.Captures(ctx, query))(t)
		if len(found) != bins[0].Count {
			t.Errorf("%s selects %d captures, want %d", query.Q, len(found), bins[0].Count)
		}
		query.Before, query.Where = found[len(found)-1].Seq+1, ".body.passId == \"p-1\""
		if n, err := client.DeleteCaptures(ctx, query); err != nil || n != 1 {
			t.Errorf("deleted %d (%v), want the oldest one", n, err)
		}
		query.Q = "metod:POST"
		if n, err := client.DeleteCaptures(ctx, query); n != 0 || !errors.Is(err, capture.ErrInvalid) || !strings.Contains(err.Error(), `did you mean "method"?`) {
			t.Errorf("deleted %d with %s: %v, want ErrInvalid that names the field", n, query.Q, err)
		}
		if waited, err := client.Wait(ctx, "inbox", mockserver.Wait{Count: 1, Q: "p-1 header.content-type:json"}); err != nil || !waited.OK {
			t.Errorf("waited with a query: %+v, %v", waited, err)
		}
		bins[0].Count--
		if n, err := client.ClearBin(ctx, "inbox"); err != nil || n != bins[0].Count {
			t.Errorf("cleared %d (%v), want %d", n, err, bins[0].Count)
		}
		if err := client.Remove(ctx, "neostore", endpoint.ID); err != nil {
			t.Error(err)
		}
		if all := must(client.Endpoints(ctx, "neostore"))(t); len(all) != 0 {
			t.Errorf("endpoints after the removal: %+v", all)
		}
	})
}

// Pages continue each other, in both directions, with and without a filter.
func TestClientPages(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, server *mockserver.Server) {
		ctx := t.Context()
		for i := range 7 {
			post(t, client.BinURL([]string{"even", "odd"}[i%2]), strings.Repeat("x", i))
		}
		lengths := func(q query.Query) (got []int) {
			for _, c := range must(client.Captures(ctx, q))(t) {
				got = append(got, len(c.Body))
			}
			return got
		}
		newest := must(client.Captures(ctx, query.Query{CaptureQuery: journal.CaptureQuery{Bin: "even", Limit: 2}}))(t)
		middle := newest[1].Seq
		for _, c := range []struct {
			query query.Query
			want  []int
		}{
			{query.Query{}, []int{6, 5, 4, 3, 2, 1, 0}},
			{query.Query{CaptureQuery: journal.CaptureQuery{Bin: "even"}}, []int{6, 4, 2, 0}},
			{query.Query{CaptureQuery: journal.CaptureQuery{Bin: "even", Oldest: true, Limit: 3}}, []int{0, 2, 4}},
			{query.Query{CaptureQuery: journal.CaptureQuery{Bin: "even", Before: middle}}, []int{2, 0}},
			{query.Query{CaptureQuery: journal.CaptureQuery{After: middle}}, []int{6, 5}},
			{query.Query{CaptureQuery: journal.CaptureQuery{Bin: "none"}}, nil},
			{query.Query{Where: `.body == "xxx"`}, []int{3}},
			{query.Query{Q: "xxxxx"}, []int{6, 5}},
		} {
			if got := lengths(c.query); !cmp.Equal(got, c.want) {
				t.Errorf("%+v: %v, want %v", c.query, got, c.want)
			}
		}
	})
}

// A wait that runs out of time is a result, with the nearest captures.
func TestClientWaitTimesOut(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		post(t, client.BinURL("inbox"), "x")
		waited, err := client.Wait(t.Context(), "inbox", query.Wait{
			Where: `.method == "PUT"`, Count: 1, Timeout: journal.Duration(20 * time.Millisecond),
		})
		if err != nil || waited.OK || len(waited.Matched) != 0 {
			t.Fatalf("%+v, %v: want no match and no error", waited, err)
		}
		if len(waited.Nearest) != 1 || len(waited.Nearest[0].Differences) == 0 || string(waited.Nearest[0].Capture.Body) != "x" {
			t.Errorf("nearest %+v, want the one capture and why it does not match", waited.Nearest)
		}
		zero := 0
		waited, err = client.Wait(t.Context(), "other", query.Wait{Max: &zero, Settle: journal.Duration(20 * time.Millisecond)})
		if err != nil || !waited.OK {
			t.Errorf("never: %+v, %v: want it to succeed", waited, err)
		}
	})
}

// Errors are the same on both sides: sentinels and texts.
func TestClientErrors(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, server *mockserver.Server) {
		ctx := t.Context()
		endpoint := must(client.Register(ctx, journal.Endpoint{Provider: "neostore", URL: client.BinURL("inbox"), Events: []string{"Pass:*"}}))(t)
		for _, c := range []struct {
			name string
			call func(*mockserver.Client) error
			want error
		}{
			{"capture", func(c *mockserver.Client) error { _, err := c.Capture(ctx, "c404"); return err }, journal.ErrNotFound},
			{"delivery", func(c *mockserver.Client) error { _, err := c.Delivery(ctx, "d404"); return err }, journal.ErrNotFound},
			{"redeliver", func(c *mockserver.Client) error { _, err := c.Redeliver(ctx, "d404"); return err }, journal.ErrNotFound},
			{"remove", func(c *mockserver.Client) error { return c.Remove(ctx, "neostore", "ep404") }, journal.ErrNotFound},
			{"remove another's", func(c *mockserver.Client) error { return c.Remove(ctx, "ethpass", endpoint.ID) }, journal.ErrNotFound},
			{"endpoints", func(c *mockserver.Client) error { _, err := c.Endpoints(ctx, "neostor"); return err }, fixtures.ErrUnknownProvider},
			{"register at no provider", func(c *mockserver.Client) error {
				_, err := c.Register(ctx, journal.Endpoint{Provider: "neostor", URL: endpoint.URL})
				return err
			}, fixtures.ErrUnknownProvider},
			{"register at no URL", func(c *mockserver.Client) error {
				_, err := c.Register(ctx, journal.Endpoint{Provider: "neostore", URL: "nowhere"})
				return err
			}, delivery.ErrInvalid},
			{"emit no event", func(c *mockserver.Client) error { _, err := c.Emit(ctx, "neostore"); return err }, delivery.ErrInvalid},
			{"emit an unknown event", func(c *mockserver.Client) error {
				_, err := c.Emit(ctx, "neostore", delivery.Emission{Event: "Pass:Creatd"})
				return err
			}, fixtures.ErrUnknownEvent},
			{"emit at no provider", func(c *mockserver.Client) error {
				_, err := c.Emit(ctx, "neostor", delivery.Emission{Event: "Pass:Created"})
				return err
			}, fixtures.ErrUnknownProvider},
			{"condition", func(c *mockserver.Client) error {
				_, err := c.Captures(ctx, query.Query{Where: ".method =="})
				return err
			}, capture.ErrInvalid},
			{"wait", func(c *mockserver.Client) error {
				_, err := c.Wait(ctx, "inbox", query.Wait{Where: ".method =="})
				return err
			}, capture.ErrInvalid},
			{"settings", func(c *mockserver.Client) error {
				return c.Configure(ctx, "inbox", capture.Settings{Provider: "neostor"})
			}, capture.ErrInvalid},
			{"bin", func(c *mockserver.Client) error { return c.Configure(ctx, "a b", capture.Settings{}) }, capture.ErrInvalid},
		} {
			err := c.call(client)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
				continue
			}
			if local := c.call(server.Client()); local.Error() != err.Error() {
				t.Errorf("%s: says %q, in the process %q", c.name, err, local)
			}
		}
	})
}

func TestClientOnARealClock(t *testing.T) {
	clients(t, mockserver.Options{RealClock: true}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		if _, err := client.Advance(t.Context(), time.Hour); !errors.Is(err, delivery.ErrRealClock) {
			t.Errorf("advance: %v, want ErrRealClock", err)
		}
		if clock := must(client.Clock(t.Context()))(t); clock.Virtual {
			t.Errorf("clock %+v, want the real one", clock)
		}
	})
}

// The end of the context ends a wait at once, in this process and over HTTP.
func TestClientWaitEndsWithItsContext(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		ctx, cancel := contextEnding(t)
		go cancel()
		if _, err := client.Wait(ctx, "inbox", query.Wait{Count: 1, Timeout: journal.Duration(time.Minute)}); err == nil {
			t.Error("the wait ended without an error")
		}
	})
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler, Token: "open sesame"})
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for _, c := range []struct {
		name, server, token, want string
		noServer                  bool
	}{
		{"no URL", "127.0.0.1:8080", "", `server "127.0.0.1:8080": want the dashboard's URL, such as http://127.0.0.1:8080`, false},
		{"no server", other.URL, "", "server " + other.URL + ": no server there: status 404", true},
		{"the capture address", server.CaptureURL(), "", "server " + server.CaptureURL() + ": no server there: ", true},
		{"no token", server.DashboardURL(), "", "server " + server.DashboardURL() + ": the server needs its token", false},
		{"wrong token", server.DashboardURL(), "sesame", "server " + server.DashboardURL() + ": the server needs its token", false},
	} {
		client, err := mockserver.Dial(c.server, c.token)
		if err == nil {
			closeClient(t, client)
			t.Errorf("%s: dialled", c.name)
			continue
		}
		if !strings.HasPrefix(err.Error(), c.want) || errors.Is(err, mockserver.ErrNoServer) != c.noServer {
			t.Errorf("%s:\n got %s\nwant %s", c.name, err, c.want)
		}
	}
	p := (*problem.Problem)(nil)
	if _, err := mockserver.Dial(server.DashboardURL(), ""); !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		t.Errorf("no token: %v, want a 401 problem", err)
	}
}

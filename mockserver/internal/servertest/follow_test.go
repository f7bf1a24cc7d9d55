package servertest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// following collects the updates of a client.
type following struct {
	updates chan journal.Update
	ended   chan error
	stop    context.CancelCauseFunc
}

func follow(t *testing.T, client *mockserver.Client, o query.FollowOptions) *following {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	f := &following{make(chan journal.Update), make(chan error, 1), stop}
	go func() {
		f.ended <- client.Follow(ctx, o, func(u journal.Update) error {
			select {
			case f.updates <- u:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}()
	t.Cleanup(func() { stop(nil) })
	if u := f.next(t); u.Ready == nil {
		t.Fatalf("first %+v, want ready", u)
	}
	return f
}

func (f *following) next(t *testing.T) journal.Update {
	t.Helper()
	select {
	case u := <-f.updates:
		return u
	case err := <-f.ended:
		t.Fatalf("it ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("nothing is told")
	}
	return journal.Update{}
}

// Follow reports every new record, change and deletion to both kinds of clients.
func TestFollow(t *testing.T) {
	clients(t, mockserver.Options{}, func(t *testing.T, client *mockserver.Client, server *mockserver.Server) {
		ctx := t.Context()
		answer := make(chan struct{})
		consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-answer
			w.WriteHeader(202)
		}))
		t.Cleanup(consumer.Close)
		if err := client.Configure(ctx, "a", capture.Settings{Forward: consumer.URL}); err != nil {
			t.Fatal(err)
		}
		all := follow(t, client, query.FollowOptions{})
		matching := follow(t, client, query.FollowOptions{FollowOptions: journal.FollowOptions{Kind: journal.KindCapture, Bin: "a"}, Q: "status:202", Where: `.method == "POST"`})
		if _, err := client.Register(ctx, journal.Endpoint{Provider: "neostore", URL: client.BinURL("a"), Events: []string{"*:*"}}); err != nil {
			t.Fatal(err)
		}
		made, err := client.Emit(ctx, "neostore", delivery.Emission{Event: "Pass:Created"})
		if err != nil {
			t.Fatal(err)
		}
		var stored, pending bool
		for !stored || !pending {
			switch u := all.next(t); {
			case u.Capture != nil && u.Capture.Response == nil:
				stored = true
			case u.Delivery != nil && u.Delivery.State == journal.Pending && u.Delivery.ID == made[0].ID:
				pending = true
			default:
				t.Fatalf("told %+v, want the capture and the delivery", u)
			}
		}
		close(answer)
		if u := matching.next(t); u.Capture == nil || u.Capture.Response.Status != 202 {
			t.Errorf("told %+v, want the capture once it matches", u)
		}
		var responded, delivered bool
		for !responded || !delivered {
			switch u := all.next(t); {
			case u.Capture != nil && u.Capture.Response != nil && u.Capture.Response.Status == 202:
				responded = true
			case u.Delivery != nil && u.Delivery.State == journal.Delivered && len(u.Delivery.Attempts) == 1:
				delivered = true
			default:
				t.Fatalf("told %+v, want the response and the attempt", u)
			}
		}
		if _, err := client.ClearBin(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		for _, f := range []*following{all, matching} {
			if u := f.next(t); u.Removed == nil || u.Removed.Bin != "a" || u.Removed.UpTo != 1 || u.Removed.Why != journal.Cleared {
				t.Errorf("told %+v, want that the bin was cleared", u)
			}
		}
		why := errors.New("enough")
		all.stop(why)
		if err := <-all.ended; !errors.Is(err, why) {
			t.Errorf("it ended with %v, want the cause", err)
		}
		err = client.Follow(ctx, query.FollowOptions{Where: ".body.("}, nil)
		if !errors.Is(err, capture.ErrInvalid) {
			t.Errorf("a wrong condition: %v, want ErrInvalid", err)
		}
		server.Close()
		if err := <-matching.ended; err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("the server closed: %v, want an error of the server's", err)
		}
	})
}

// A reader whose connection breaks continues where it was, and gets an update that says so.
func TestFollowReconnects(t *testing.T) {
	t.Parallel()
	connections := 0
	var positions []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{}`))
			return
		}
		positions = append(positions, r.URL.Query().Get("after"))
		w.Header().Set("Content-Type", "text/event-stream")
		switch connections++; connections {
		case 1:
			w.Write([]byte("id: 3-0\nevent: ready\ndata: {}\n\n: a comment\n\nid: 4-0\nevent: capture\ndata: {\"seq\": 4}\n\nid: 5-0\nevent: capt"))
		case 2:
			w.Write([]byte("id: 4-0\nevent: ready\ndata: {}\n\nid: 4-0\nevent: missed\ndata: {\"why\": \"resumed\"}\n\nid: 5-0\nevent: something\ndata: {}\n\n"))
		default:
			http.Error(w, "no more", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	client, err := mockserver.Dial(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	closeClient(t, client)
	var got []string
	err = client.Follow(t.Context(), query.FollowOptions{}, func(u journal.Update) error {
		switch {
		case u.Ready != nil:
			got = append(got, "ready")
		case u.Capture != nil:
			got = append(got, "capture")
		case u.Missed != nil:
			got = append(got, "missed "+u.Missed.Why)
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("it ended with %v, want the server's last answer", err)
	}
	if want := "ready, capture, missed resumed"; strings.Join(got, ", ") != want {
		t.Errorf("told %q, want %s", got, want)
	}
	if want := ",4-0,5-0"; strings.Join(positions, ",") != want {
		t.Errorf("it came again at %q, want %s", positions, want)
	}
}

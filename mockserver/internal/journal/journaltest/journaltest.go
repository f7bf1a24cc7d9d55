package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Run tests the contract. open returns an empty store with the default limits. Run closes it.
func Run(t *testing.T, open func(t *testing.T) journal.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, journal.Store)
	}{
		{"a capture is read as it was stored", storedCapture},
		{"unusual captures", oddCaptures},
		{"queries", queries},
		{"limits of queries", pages},
		{"search", search},
		{"results are copies", copies},
		{"responses", responses},
		{"bins", bins},
		{"captures are deleted", deletes},
		{"a bin is trimmed", trims},
		{"counts", counts},
		{"concurrent senders", concurrency},
		{"changes", changes},
		{"a change wakes", changeWakes},
		{"deliveries", deliveries},
		{"several deliveries at once", deliveriesAtOnce},
		{"delivery queries", deliveryQueries},
		{"pending deliveries at once", concurrentDeliveries},
		{"documents", documents},
		{"stats", stats},
		{"an ended context", endedContext},
		{"a closed store", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			m := newMirror(t, s)
			c.test(t, s)
			m.check(t, s)
		})
	}
}

// Capture returns a capture with all fields set. Its body has every byte value.
func Capture(bin string, n int) *journal.Capture {
	body := []byte(fmt.Sprintf("%d\x00", n))
	for i := range 256 {
		body = append(body, byte(i))
	}
	return &journal.Capture{
		Message: wire.Message{
			Method: "POST", Target: fmt.Sprintf("/%s/in?n=%d", bin, n), Version: "HTTP/1.1",
			Headers: signature.Headers{{Name: "hOst", Value: "h"}, {Name: "X-a", Value: "1"}, {Name: "x-A", Value: "é\xff"}, {Name: "x-a", Value: ""}},
			Body:    body,
		},
		Bin:  bin,
		At:   time.Date(2026, 11, 21, 8, 0, 0, n, time.FixedZone("elsewhere", 3600)),
		Peer: "127.0.0.1:4242",
		Response: &journal.Response{
			Status: 503, Headers: map[string]string{"Retry-After": "5", "A": ""}, Body: "no\xff", Binary: journal.Binary{0, 0xff}, Delay: journal.Duration(time.Second), Hang: true, Reset: true,
			Lines: signature.Headers{{Name: "set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b"}}, Drip: journal.Duration(time.Minute), Cut: journal.CutBody,
		},
		TLS:          &journal.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", SNI: "localhost"},
		Verification: &journal.Verification{Provider: "neostore", Verdict: "mismatch", Explanation: "valid if you …"},
		Problems:     []string{"aborted", "malformed: x"},
	}
}

func add(t *testing.T, s journal.Store, c *journal.Capture) journal.Capture {
	t.Helper()
	if err := s.AppendCapture(t.Context(), c); err != nil {
		t.Fatalf("AppendCapture: %v", err)
	}
	if c.Seq == 0 || c.ID != journal.CaptureID(c.Seq) {
		t.Fatalf("seq %d, id %q", c.Seq, c.ID)
	}
	return *c
}

// same compares records, ignoring the zone of times.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	equalTimes := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func counts(t *testing.T, s journal.Store) {
	for i := range 9 {
		add(t, s, Capture([]string{"a", "b", "b"}[i%3], i))
	}
	for _, c := range []struct {
		after, upTo uint64
		want        map[string]int
	}{
		{0, 9, map[string]int{"a": 3, "b": 6}},
		{0, 1 << 63, map[string]int{"a": 3, "b": 6}},
		{1, 4, map[string]int{"a": 1, "b": 2}},
		{4, 6, map[string]int{"b": 2}},
		{9, 9, map[string]int{}},
		{9, 0, map[string]int{}},
	} {
		got, err := s.Counts(t.Context(), c.after, c.upTo)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("after %d up to %d", c.after, c.upTo), c.want, got)
	}
}

func storedCapture(t *testing.T, s journal.Store) {
	want := add(t, s, Capture("a", 1))
	got, err := s.Capture(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Capture", want, got)
	if got.At.Location() != time.UTC {
		t.Errorf("At is in %v, want UTC", got.At.Location())
	}
	list, err := s.Captures(t.Context(), journal.CaptureQuery{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Captures", []journal.Capture{want}, list)
	for _, id := range []string{"", "c", "nope", journal.CaptureID(want.Seq + 1), want.ID + "0", strings.ToUpper(want.ID), "c1"} {
		if _, err := s.Capture(t.Context(), id); !errors.Is(err, journal.ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprintf("%q", id)) {
			t.Errorf("Capture(%q): %v, want ErrNotFound that quotes it", id, err)
		}
	}
}

func oddCaptures(t *testing.T, s journal.Store) {
	big := Capture("odd", 2)
	big.Body = bytes.Repeat([]byte("0123456789abcdef"), 1<<13)
	for name, c := range map[string]*journal.Capture{
		"zero":          {},
		"zero response": {Response: &journal.Response{}, Verification: &journal.Verification{}},
		"long":          big,
		"odd name":      {Bin: "a b/\x00'\"%;é\xff"},
		"old":           {At: time.Date(1969, 1, 1, 0, 0, 0, 1, time.UTC)},
		"many header":   {Message: wire.Message{Headers: make(signature.Headers, 1000)}},
	} {
		want := add(t, s, c)
		if want.Headers == nil {
			want.Headers = signature.Headers{}
		}
		if want.Body == nil {
			want.Body = []byte{}
		}
		if want.Problems == nil {
			want.Problems = []string{}
		}
		got, err := s.Capture(t.Context(), want.ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, name, want, got)
	}
}

// seqs returns the sequence numbers of captures.
func seqs(list []journal.Capture) []uint64 {
	numbers := []uint64{}
	for _, c := range list {
		numbers = append(numbers, c.Seq)
	}
	return numbers
}

func queries(t *testing.T, s journal.Store) {
	at := map[string][]uint64{}
	for i := range 9 {
		bin := []string{"a", "b", "a"}[i%3]
		c := add(t, s, Capture(bin, i))
		at[bin] = append(at[bin], c.Seq)
		at[""] = append(at[""], c.Seq)
	}
	all, a := at[""], at["a"]
	for _, c := range []struct {
		q    journal.CaptureQuery
		want []uint64
	}{
		{journal.CaptureQuery{}, newestFirst(all)},
		{journal.CaptureQuery{Oldest: true}, all},
		{journal.CaptureQuery{Bin: "a"}, newestFirst(a)},
		{journal.CaptureQuery{Bin: "a", Oldest: true}, a},
		{journal.CaptureQuery{Bin: "nobody"}, []uint64{}},
		{journal.CaptureQuery{Limit: 2}, []uint64{all[8], all[7]}},
		{journal.CaptureQuery{Limit: 2, Oldest: true}, []uint64{all[0], all[1]}},
		{journal.CaptureQuery{Before: all[3]}, newestFirst(all[:3])},
		{journal.CaptureQuery{Before: all[0]}, []uint64{}},
		{journal.CaptureQuery{After: all[6]}, newestFirst(all[7:])},
		{journal.CaptureQuery{After: all[8]}, []uint64{}},
		{journal.CaptureQuery{After: ^uint64(0)}, []uint64{}},
		{journal.CaptureQuery{Before: ^uint64(0), Limit: 1}, []uint64{all[8]}},
		{journal.CaptureQuery{After: all[2], Before: all[6], Oldest: true}, all[3:6]},
		{journal.CaptureQuery{After: all[6], Before: all[2]}, []uint64{}},
		{journal.CaptureQuery{Bin: "a", After: a[1], Limit: 2}, []uint64{a[5], a[4]}},
		{journal.CaptureQuery{Bin: "a", After: a[1], Limit: 2, Oldest: true}, []uint64{a[2], a[3]}},
		{journal.CaptureQuery{Bin: "a", Before: a[1] + 1}, newestFirst(a[:2])},
	} {
		got, err := s.Captures(t.Context(), c.q)
		if err != nil {
			t.Errorf("%+v: %v", c.q, err)
		}
		same(t, fmt.Sprintf("%+v", c.q), c.want, seqs(got))
	}
}

func newestFirst(numbers []uint64) []uint64 {
	turned := []uint64{}
	for i := range numbers {
		turned = append(turned, numbers[len(numbers)-1-i])
	}
	return turned
}

func pages(t *testing.T, s journal.Store) {
	const n = journal.MaxLimit + 5
	for i := range n {
		add(t, s, &journal.Capture{Bin: "a", Peer: fmt.Sprint(i)})
	}
	for limit, want := range map[int]int{0: journal.DefaultLimit, -1: journal.DefaultLimit, 7: 7, n: journal.MaxLimit} {
		got, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: limit})
		if err != nil || len(got) != want {
			t.Errorf("limit %d: %d captures, %v; want %d", limit, len(got), err, want)
		}
	}
	seen := 0
	for q := (journal.CaptureQuery{Limit: 100}); ; {
		page, err := s.Captures(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			if want := fmt.Sprint(n - 1 - seen); c.Peer != want {
				t.Fatalf("capture %d is %s, want %s", seen, c.Peer, want)
			}
			seen++
		}
		q.Before = page[len(page)-1].Seq
	}
	if seen != n {
		t.Errorf("%d captures on the pages, want %d", seen, n)
	}
}

func copies(t *testing.T, s journal.Store) {
	spoil := func(c *journal.Capture) {
		clear(c.Body)
		clear(c.Headers)
		clear(c.Problems)
		c.Response.Headers["spoilt"] = "yes"
		c.Response.Status, c.Verification.Verdict = 1, "spoilt"
	}
	input := Capture("a", 1)
	want := add(t, s, input).Clone()
	spoil(input)
	first, err := s.Capture(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "after the input was changed", want, first)
	spoil(&first)
	list, err := s.Captures(t.Context(), journal.CaptureQuery{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "after what Capture returned was changed", []journal.Capture{want}, list)
	spoil(&list[0])
	again, err := s.Capture(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "after what Captures returned was changed", want, again)
}

func responses(t *testing.T, s journal.Store) {
	bare := &journal.Capture{Bin: "a", Message: wire.Message{Body: []byte("body")}}
	for _, c := range []*journal.Capture{bare, Capture("a", 2)} {
		want := add(t, s, c).Clone()
		response := journal.Response{Status: 201, Headers: map[string]string{"A": "b"}, Body: "done"}
		want.Response = &journal.Response{Status: 201, Headers: map[string]string{"A": "b"}, Body: "done"}
		if err := s.SetResponse(t.Context(), want.ID, response); err != nil {
			t.Fatal(err)
		}
		response.Headers["A"] = "spoilt"
		got, err := s.Capture(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "after SetReply", want, got)
	}
	if err := s.SetResponse(t.Context(), journal.CaptureID(99), journal.Response{}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("SetResponse of an unknown capture: %v, want ErrNotFound", err)
	}
}

func bins(t *testing.T, s journal.Store) {
	ctx := t.Context()
	list, err := s.Bins(ctx)
	if err != nil || list == nil || len(list) != 0 {
		t.Errorf("Bins of an empty store: %v, %v", list, err)
	}
	var last journal.Capture
	for i, bin := range []string{"b", "a", "b", "B", "a"} {
		last = add(t, s, Capture(bin, i))
	}
	want := func(text string, want ...journal.Bin) {
		t.Helper()
		list, err := s.Bins(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, text, want, list)
	}
	first := last.Seq - 4
	want("three bins", journal.Bin{Name: "B", Count: 1, Last: first + 3}, journal.Bin{Name: "a", Count: 2, Last: first + 4}, journal.Bin{Name: "b", Count: 2, Last: first + 2})

	if n, err := s.ClearBin(ctx, "a"); n != 2 || err != nil {
		t.Errorf("ClearBin: %d, %v; want 2", n, err)
	}
	for _, bin := range []string{"a", "nobody"} {
		if n, err := s.ClearBin(ctx, bin); n != 0 || err != nil {
			t.Errorf("ClearBin of an empty bin: %d, %v", n, err)
		}
	}
	want("one cleared", journal.Bin{Name: "B", Count: 1, Last: first + 3}, journal.Bin{Name: "a", Last: first + 4, Cleared: 2}, journal.Bin{Name: "b", Count: 2, Last: first + 2})
	if _, err := s.Capture(ctx, last.ID); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a cleared capture: %v, want ErrNotFound", err)
	}
	left, err := s.Captures(ctx, journal.CaptureQuery{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what is left", []uint64{first + 3, first + 2, first}, seqs(left))
	if c := add(t, s, Capture("a", 9)); c.Seq <= last.Seq {
		t.Errorf("seq %d was reused after ClearBin, the last was %d", c.Seq, last.Seq)
	}
}

func stats(t *testing.T, s journal.Store) {
	var size int64
	for i := range 3 {
		c := add(t, s, Capture("a", i))
		size += int64(c.Size())
	}
	d := Delivery("x", 1)
	if err := s.SaveDeliveries(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	doc := journal.Document{Key: "key", Doc: []byte(`{"a":1}`)}
	if err := s.Put(t.Context(), "kind", doc.Key, doc.Doc); err != nil {
		t.Fatal(err)
	}
	others := int64(d.Size() + doc.Size() + (&journal.Bin{Name: "a"}).Size())
	size += others
	got, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Stats", journal.Stats{Captures: 3, Deliveries: 1, Bytes: size}, got)
	if _, err := s.ClearBin(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Stats(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "Stats after ClearBin", journal.Stats{Deliveries: 1, Bytes: others}, got)
}

func endedContext(t *testing.T, s journal.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range everyCall(ctx, s) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	if got, err := s.Captures(t.Context(), journal.CaptureQuery{}); err != nil || len(got) > 0 {
		t.Errorf("%d captures were stored, %v", len(got), err)
	}
}

func closed(t *testing.T, s journal.Store) {
	waiting := s.Watch(journal.Filter{})
	defer waiting.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range everyCall(t.Context(), s) {
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	<-waiting.C()
	<-s.Watch(journal.Filter{Bin: "a"}).C()
}

// everyCall makes every call that can fail and returns the errors.
func everyCall(ctx context.Context, s journal.Store) map[string]error {
	errs := map[string]error{
		"AppendCapture":  s.AppendCapture(ctx, Capture("a", 1)),
		"SetReply":       s.SetResponse(ctx, journal.CaptureID(1), journal.Response{}),
		"SaveDeliveries": s.SaveDeliveries(ctx, Delivery("d", 1)),
		"AppendAttempt":  s.AppendAttempt(ctx, "d", nil, journal.Progress{State: journal.Stopped}),
		"Put":            s.Put(ctx, "kind", "key", []byte(`{}`)),
		"Delete":         s.Delete(ctx, "kind", "key"),
	}
	_, errs["Capture"] = s.Capture(ctx, journal.CaptureID(1))
	_, errs["Captures"] = s.Captures(ctx, journal.CaptureQuery{})
	errs["Search"] = s.Search(ctx, journal.CaptureQuery{}, []string{"text"}, func(*journal.Capture) bool { return true })
	errs["Search after all"] = s.Search(ctx, journal.CaptureQuery{After: ^uint64(0)}, nil, func(*journal.Capture) bool { return true })
	_, errs["DeleteCaptures"] = s.DeleteCaptures(ctx, 1)
	_, errs["Bins"] = s.Bins(ctx)
	_, errs["Spread"] = s.Counts(ctx, 0, 1)
	_, errs["ClearBin"] = s.ClearBin(ctx, "a")
	_, errs["TrimBin"] = s.TrimBin(ctx, "a", 1)
	_, errs["Delivery"] = s.Delivery(ctx, "d")
	_, errs["Deliveries"] = s.Deliveries(ctx, journal.DeliveryQuery{})
	_, errs["Get"] = s.Get(ctx, "kind", "key")
	_, errs["List"] = s.List(ctx, "kind")
	_, errs["Stats"] = s.Stats(ctx)
	return errs
}

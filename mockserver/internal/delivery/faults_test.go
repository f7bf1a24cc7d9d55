package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// faulty emits one event with faults to a consumer of neostore and waits until nothing is due.
func faulty(t *testing.T, answer func(int, received) int, retry string, faults ...string) (*Dispatcher, *consumer, journal.Endpoint, []journal.Delivery) {
	t.Helper()
	c := consume(t, answer)
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL, Retry: retry})
	emission := Emission{Event: "Pass:Created"}
	for _, text := range faults {
		emission.Faults = append(emission.Faults, parseFault(t, text))
	}
	list := emit(t, d, "neostore", emission)
	waitIdle(t, d)
	return d, c, e, list
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	d, c, e, list := faulty(t, inTurn(500, 200), "at-least-once", "duplicate:3")
	if len(list) != 3 || len(c.received()) != 3 {
		t.Fatalf("%d deliveries, %d received; want 3", len(list), len(c.received()))
	}
	advance(t, d, time.Minute)
	if n := len(c.received()); n != 4 {
		t.Errorf("%d received; want a retry of the one that failed", n)
	}
	ids := map[string]bool{}
	for _, delivery := range list {
		got := look(t, d, delivery.ID)
		ids[got.ID] = true
		a := got.Attempts[0]
		if got.State != journal.Delivered || got.Event.ID != list[0].Event.ID || !slices.Equal(got.Faults, []string{"duplicate:3"}) || a.Fault != "duplicate:3" {
			t.Errorf("%+v", got)
		}
		if !bytes.Equal(a.Sent.Body, list[0].Event.Body) || verify(t, e, a) != signature.Valid {
			t.Error("the copies differ")
		}
	}
	if len(ids) != 3 {
		t.Errorf("ids %v", ids)
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	d, c, _, list := faulty(t, always(200), "at-least-once", "drop")
	got := look(t, d, list[0].ID)
	if got.State != journal.Dropped || len(got.Attempts) != 0 || !got.Next.IsZero() || len(c.received()) != 0 || d.Clock().Pending != 0 {
		t.Errorf("%+v, %d received", got, len(c.received()))
	}
	d, c, _, list = faulty(t, always(200), NoRetry, "drop@1")
	if got = look(t, d, list[0].ID); got.State != journal.Dropped || len(got.Attempts) != 1 || len(c.received()) != 0 {
		t.Errorf("%+v, %d received; want it dropped, as no attempt is left", got, len(c.received()))
	}
	d, c, _, list = faulty(t, always(200), "at-least-once", "drop@1,2")
	advance(t, d, time.Hour)
	got = look(t, d, list[0].ID)
	if got.State != journal.Delivered || len(got.Attempts) != 3 || len(c.received()) != 1 {
		t.Fatalf("%s after %d attempts, %d received; want the third to arrive", got.State, len(got.Attempts), len(c.received()))
	}
	if a := got.Attempts[1]; a.Outcome != wire.NotSent || a.Fault != "drop" || a.Error == "" || got.Attempts[2].Fault != "" {
		t.Errorf("%+v", got.Attempts)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	d, c, _, list := faulty(t, inTurn(200, 500, 200), "at-least-once", "delay:5m")
	if len(c.received()) != 0 || !list[0].Next.Equal(fixtures.DefaultStart.Add(5*time.Minute)) {
		t.Fatalf("%d received, next %v", len(c.received()), list[0].Next)
	}
	other := emit(t, d, "neostore", Emission{Event: "Pass:Updated"})[0]
	waitIdle(t, d)
	if got := look(t, d, other.ID); len(got.Attempts) != 1 {
		t.Errorf("a later event waits for a late one: %+v", got)
	}
	advance(t, d, time.Hour)
	got := look(t, d, list[0].ID)
	if len(got.Attempts) != 2 || got.Attempts[0].Fault != "delay:5m" || !got.Attempts[0].Due.Equal(fixtures.DefaultStart.Add(5*time.Minute)) ||
		!got.Attempts[1].Due.Equal(fixtures.DefaultStart.Add(5*time.Minute+10*time.Second)) {
		t.Errorf("%+v; want the first attempt late and the second on the schedule after it", got.Attempts)
	}
	d, _, _, list = faulty(t, inTurn(500, 500, 200), "at-least-once", "delay:5m@2")
	advance(t, d, time.Hour)
	got = look(t, d, list[0].ID)
	var dues []time.Duration
	for _, a := range got.Attempts {
		dues = append(dues, a.Due.Sub(fixtures.DefaultStart))
	}
	if want := []time.Duration{0, 5*time.Minute + 10*time.Second, 6*time.Minute + 10*time.Second}; !slices.Equal(dues, want) {
		t.Errorf("due after %v, want %v", dues, want)
	}
}

func TestReorder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"neostore", "ethpass"} {
		c := consume(t, always(200))
		d := virtual(t)
		register(t, d, journal.Endpoint{Provider: name, URL: c.URL})
		events := knownProvider(t, name).Events
		var list []Emission
		var given []string
		for i := range 5 {
			e := Emission{Event: events[i%len(events)].Name, ID: fmt.Sprint(i), Body: fmt.Appendf(nil, `{"n":%d}`, i)}
			if i != 2 {
				e.Faults = []Fault{{Kind: "reorder"}}
			}
			list = append(list, e)
			given = append(given, string(e.Body))
		}
		sent := emit(t, d, name, list...)
		waitIdle(t, d)
		var planned, got []string
		for i, r := range c.received() {
			got = append(got, r.body)
			planned = append(planned, string(sent[i].Event.Body))
		}
		if len(got) != 5 || slices.Equal(got, given) || !slices.Equal(got, planned) || got[2] != given[2] {
			t.Errorf("%s: got %v, planned %v, given %v", name, got, planned, given)
		}
		if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, given) {
			t.Errorf("%s: got %v", name, sorted)
		}
		if _, err := d.Emit(testContext(t), name, list[0]); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "change places") {
			t.Errorf("%s: one event alone: %v", name, err)
		}
	}
}

// one says in how many respects two requests differ, and which.
func differences(a, b wire.Message) []string {
	var list []string
	if a.Method != b.Method || a.Target != b.Target || a.Version != b.Version {
		list = append(list, "request line")
	}
	names := map[string]bool{}
	for _, h := range slices.Concat(a.Headers, b.Headers) {
		names[h.Name] = true
	}
	for name := range names {
		if !slices.Equal(a.Headers.Values(name), b.Headers.Values(name)) {
			list = append(list, name)
		}
	}
	if !bytes.Equal(a.Body, b.Body) {
		list = append(list, "body")
	}
	slices.Sort(list)
	return list
}

func TestBadSignaturesDifferInOneThing(t *testing.T) {
	t.Parallel()
	for _, provider := range []struct{ name, event, header string }{
		{"neostore", "Pass:Installed", "x-neostore-signature"},
		{"subscribfy", "wallet_pass/created", "Signature"},
		{"ethpass", "pass:expire", "Authorization"},
	} {
		for _, c := range []struct {
			fault   string
			differs string
			verdict signature.Verdict
			value   func(good, bad string) bool
		}{
			{"signature:missing", provider.header, signature.Missing, func(_, bad string) bool { return bad == "" }},
			{"signature:empty", provider.header, "", func(_, bad string) bool { return bad == "" }},
			{"signature:wrong_secret", provider.header, signature.Mismatch, func(good, bad string) bool { return len(bad) == len(good) }},
			{"signature:tampered", provider.header, signature.Mismatch, func(good, bad string) bool { return oneByteApart(good, bad) }},
			{"signature:truncated", provider.header, "", func(good, bad string) bool { return bad != "" && len(bad) < len(good) && strings.HasPrefix(good, bad) }},
			{"body:tamper", "body", "", nil},
		} {
			t.Run(provider.name+"/"+c.fault, func(t *testing.T) {
				t.Parallel()
				sink := consume(t, always(200))
				d := virtual(t)
				e := register(t, d, journal.Endpoint{Provider: provider.name, URL: sink.URL, Secrets: []string{"0123456789abcdef0123456789abcdef"}})
				seed := uint64(11)
				good := emit(t, d, provider.name, Emission{Event: provider.event, Seed: &seed})[0]
				waitIdle(t, d)
				bad := emit(t, d, provider.name, Emission{Event: provider.event, Seed: &seed, Faults: []Fault{parseFault(t, c.fault)}})[0]
				waitIdle(t, d)
				g, b := look(t, d, good.ID).Attempts[0], look(t, d, bad.ID).Attempts[0]
				differ := differences(g.Sent, b.Sent)
				if !slices.Equal(differ, []string{c.differs}) {
					t.Errorf("a good and the bad delivery differ in %v, want %s only", differ, c.differs)
				}
				if b.Fault != c.fault || !slices.Equal(bad.Faults, []string{c.fault}) {
					t.Errorf("recorded as %q and %v", b.Fault, bad.Faults)
				}
				if v := verify(t, e, g); v != signature.Valid {
					t.Errorf("the good one is %s", v)
				}
				covered := slices.Contains(knownProvider(t, provider.name).Signing.Covers, "body")
				v := verify(t, e, b)
				if (v == signature.Valid) != (c.fault == "body:tamper" && !covered) || c.verdict != "" && v != c.verdict {
					t.Errorf("the bad one is %s, want %s", v, c.verdict)
				}
				if c.value != nil {
					gs, bs := g.Sent.Headers.Get(c.differs), b.Sent.Headers.Get(c.differs)
					if !c.value(gs, bs) {
						t.Errorf("good %q, bad %q", gs, bs)
					}
				}
				if got := sink.received()[1]; got.header.Get(c.differs) != b.Sent.Headers.Get(c.differs) || got.body != string(b.Sent.Body) {
					t.Error("the consumer got something else than the journal says")
				}
				if !bytes.Equal(look(t, d, bad.ID).Event.Body, good.Event.Body) {
					t.Error("the event itself was changed")
				}
			})
		}
	}
}

func oneByteApart(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n == 1
}

// Schemes of other shapes than the embedded providers': labels, base64, several secrets, query,
// body, items.
func TestBadSignaturesOfOtherSchemes(t *testing.T) {
	t.Parallel()
	hmac := func(encode string, emit signature.Emit) signature.Scheme {
		return signature.Scheme{
			Signatures: []signature.Signature{{
				Alg: "hmac-sha256", Key: signature.Key{StripPrefix: "whsec_"}, Content: signature.Content{Parts: []string{"${body}"}},
				Encode: encode, Emit: []signature.Emit{emit},
			}},
		}
	}
	scoped := hmac("base64", signature.Emit{Body: "/hmac", Value: "${sig}"})
	scoped.Signatures[0].Scope = "/items/*"
	scoped.Signatures[0].Content = signature.Content{Parts: []string{"${json:/id}"}}
	inBody := hmac("hex", signature.Emit{Body: "/sig.nature", Value: "${sig}"})
	inBody.Signatures[0].Content = signature.Content{Parts: []string{"${json:/id}"}}
	for name, scheme := range map[string]signature.Scheme{
		"label":   hmac("hex", signature.Emit{Header: "X-Hub-Signature-256", Value: "sha256=${sig}"}),
		"several": hmac("base64", signature.Emit{Header: "webhook-signature", Value: "${sigs}", Each: "v1,${sig}", Join: " "}),
		"query":   hmac("base64", signature.Emit{Query: "sig", Value: "${sig}"}),
		"body":    inBody,
		"items":   scoped,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := *knownProvider(t, "neostore")
			p.Signing = scheme
			secrets := []string{"whsec_c2VjcmV0LW9uZQ==", "whsec_c2VjcmV0LXR3bw=="}
			config, err := newEndpointConfig(&p, journal.Endpoint{URL: "http://127.0.0.1/in?a=1", Secrets: secrets})
			if err != nil {
				t.Fatal(err)
			}
			event := &fixtures.Event{Name: "Pass:Created", ID: "ID", Body: []byte(`{"id":"ID","items":[{"id":"one"},{"id":"two"}]}`)}
			make := func(faults ...string) *fault.Request {
				var list []Fault
				for _, text := range faults {
					list = append(list, parseFault(t, text))
				}
				set, err := fault.NewSet(list)
				if err != nil {
					t.Fatal(err)
				}
				r, err := config.newRequest("http://127.0.0.1/in?a=1", event, set, 1, fixtures.DefaultStart, fixtures.DefaultStart, generatorOf)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			verdict := func(r *fault.Request) signature.Verdict {
				return p.Signing.Verify(r.Message, signature.Context{URL: "http://127.0.0.1/in?a=1", Time: fixtures.DefaultStart}, secrets...).Verdict
			}
			good := make()
			if v := verdict(good); v != signature.Valid {
				t.Fatalf("the good one is %s: %+v", v, good.Message)
			}
			for _, arg := range []string{"missing", "empty", "wrong_secret", "tampered", "truncated"} {
				bad := make("signature:" + arg)
				if v := verdict(bad); v == signature.Valid {
					t.Errorf("%s is valid: %s %s", arg, bad.Message.Target, bad.Message.Body)
				}
				if got := bad.Message.Headers.Get("Content-Length"); got != fmt.Sprint(len(bad.Message.Body)) {
					t.Errorf("%s: Content-Length %s for %d bytes", arg, got, len(bad.Message.Body))
				}
				if !strings.HasPrefix(bad.Message.Target, "/in?a=1") || !strings.Contains(string(bad.Message.Body), `{"id":"two"`) {
					t.Errorf("%s changed more: %s %s", arg, bad.Message.Target, bad.Message.Body)
				}
			}
			if label := make("signature:truncated").Message.Headers.Get("X-Hub-Signature-256"); name == "label" && (!strings.HasPrefix(label, "sha256=") || len(label) != 7+32) {
				t.Errorf("truncated to %q", label)
			}
			if v := verdict(make("body:tamper")); (name == "label" || name == "query" || name == "several") && v != signature.Mismatch {
				t.Errorf("the tampered body is %s", v)
			}
		})
	}
}

func TestImpossibleFaultsAreRefusedWhenEmitted(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d := virtual(t)
	// without a secret nothing is sent
	register(t, d, journal.Endpoint{Provider: "ethpass", URL: c.URL})
	for _, fault := range []string{"signature:missing", "signature:tampered", "signature:wrong_secret", "signature:missing@2"} {
		_, err := d.Emit(testContext(t), "ethpass", Emission{Event: "pass:scan", Faults: []Fault{parseFault(t, fault)}})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "no signature") {
			t.Errorf("%s: %v", fault, err)
		}
	}
	_, err := d.Emit(testContext(t), "ethpass", Emission{Event: "pass:scan", Faults: []Fault{{Kind: "signatur"}}})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `did you mean "signature"?`) {
		t.Errorf("%v", err)
	}
	if list := all(t, d); len(list) != 0 || len(c.received()) != 0 {
		t.Errorf("%d deliveries, %d received", len(list), len(c.received()))
	}
}

package fault

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

func setOf(texts ...string) (Set, error) {
	var list []Fault
	for _, text := range texts {
		f, err := Parse(text)
		if err != nil {
			return Set{}, err
		}
		list = append(list, f)
	}
	return NewSet(list)
}

// Two faults that decide the same thing contradict each other, unless they are for different
// attempts. Others are done in the order of the table.
func TestFaultsThatContradict(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{
		"signature:missing signature:empty", "signature:missing signature:missing", "timestamp:stale timestamp:future", "secret:rotate:new signature:old_secret",
		"body:empty body:bom", "body:empty schema:unknown_field", "body:empty body:truncate", "body:tamper body:truncate", "schema:unknown_field schema:new_enum",
		"body:charset:utf-16 headers:content_type:text/plain", "duplicate:2 parallel:3", "parallel:2 reorder", "hold release", "hold drop@1", "hold delay:5m",
		"transport:stall:1 transport:reset:1", "transport:chunked transport:http10", "transport:chunked transport:stall:4", "transport:split:1 transport:drip:100",
		"transport:expect_100 transport:http10", "transport:pipelined transport:half_close", "transport:bad_tls transport:gzip", "signature:missing@1,2 signature:empty@2",
	} {
		list := strings.Fields(pair)
		if _, err := setOf(list...); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), list[0]) || !strings.Contains(err.Error(), list[1]) {
			t.Errorf("%s: %v", pair, err)
		}
	}
	for _, fit := range []string{
		"signature:missing@1 signature:empty@2", "duplicate:2 signature:missing", "transport:split:3 body:reserialize:spaced timestamp:stale",
		"headers:drop:A headers:drop:B headers:extra:3 headers:case:lower", "transport:gzip transport:chunked transport:drip:5", "schema:unknown_field body:reserialize:pretty body:tamper",
		"duplicate:3 delay:5m drop@1 reorder",
	} {
		set, err := setOf(strings.Fields(fit)...)
		if err != nil {
			t.Errorf("%s: %v", fit, err)
			continue
		}
		names := set.Names()
		order := func(text string) int {
			return slices.IndexFunc(Kinds(), func(k Kind) bool {
				return text == k.Name || strings.HasPrefix(text, k.Name+":") || strings.HasPrefix(text, k.Name+"@")
			})
		}
		if !slices.IsSortedFunc(names, func(a, b string) int { return order(a) - order(b) }) {
			t.Errorf("%s is done in the order %v", fit, names)
		}
		if again, err := Recorded(names); err != nil || !slices.Equal(again.Names(), names) {
			t.Errorf("%v is recorded as %v: %v", names, again.Names(), err)
		}
	}
}

func TestRehearsalsTryEverySetOfFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int{
		"duplicate:2": nil, "signature:missing": {1}, "signature:missing@2": {2}, "signature:missing@1,3 body:tamper": {1, 3, 4},
	} {
		set, err := setOf(strings.Fields(text)...)
		if got := set.Rehearsals(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

// provider returns a copy of a provider with another scheme.
func provider(t *testing.T, s signature.Scheme) *fixtures.Provider {
	t.Helper()
	known, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	p := *known
	p.Signing = s
	return &p
}

// Schemes that no built-in provider has: the time in a line by itself, in the body, in
// milliseconds, as RFC 3339, at a fixed place, of the event.
func TestTimestampsOfOtherSchemes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	scheme := func(content []string, unit string, emits ...signature.Emit) signature.Scheme {
		return signature.Scheme{
			Signatures: []signature.Signature{{Alg: "hmac-sha256", Content: signature.Content{Parts: content}, Encode: "hex", Emit: emits}},
			Timestamp:  signature.Timestamp{Unit: unit, Tolerance: 5 * time.Minute},
			Covers:     []string{"body", "ts"},
		}
	}
	signed := []string{"${ts}", ".", "${body}"}
	line := signature.Emit{Header: "X-Sig", Value: "v1,${sig}"}
	own := func(unit string) signature.Scheme {
		return scheme(signed, unit, signature.Emit{Header: "X-Time", Value: "${ts}"}, line)
	}
	inBody := scheme([]string{"${ts}", "${nonce}"}, "s", signature.Emit{Body: "/time", Value: "${ts}"}, signature.Emit{Body: "/token", Value: "${nonce}"}, signature.Emit{Body: "/sig", Value: "${sig}"})
	inBody.Covers = []string{"ts", "nonce"}
	ofEvent := own("s")
	ofEvent.Timestamp.Of = "event"
	for name, s := range map[string]signature.Scheme{
		"a line": own("s"), "milliseconds": own("ms"), "RFC 3339": own("rfc3339"), "of the event": ofEvent,
		"positions": scheme(signed, "s", signature.Emit{Header: "X-Sig", Value: "${ts},${sig}"}), "in the body": inBody,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider(t, s)
			event := &fixtures.Event{Provider: "neostore", Name: "Pass:Created", ID: "ID", At: at, Body: []byte(`{"a":1,"time":"","token":"","sig":""}`)}
			for fault, want := range map[string]signature.Verdict{
				"timestamp:stale": signature.Stale, "timestamp:future": signature.Stale, "timestamp:skew:-4m": signature.Valid, "timestamp:skew:+6m": signature.Stale,
				"timestamp:non_numeric": signature.Malformed, "timestamp:milliseconds": "", "timestamp:missing": "",
			} {
				r, err := built(p, event, "http://127.0.0.1/in", []string{"secret"}, at, fault)
				if fault == "timestamp:milliseconds" && s.Timestamp.Unit == "ms" {
					if !errors.Is(err, ErrInvalid) {
						t.Errorf("%s: %v", fault, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", fault, err)
					continue
				}
				v := r.verdict()
				if want != "" && v != want || want == "" && v == signature.Valid {
					t.Errorf("%s is %s, want %s: %+v", fault, v, want, r.Message)
				}
				if fault == "timestamp:missing" {
					_, has := r.Message.Headers.Lookup("X-Time")
					if has || gjson.GetBytes(r.Message.Body, "time").Exists() && name == "in the body" || strings.Contains(r.Message.Headers.Get("X-Sig"), "177236") {
						t.Errorf("the time is there: %+v", r.Message)
					}
				}
			}
		})
	}
}

// Of two secrets, the new one comes first.
func TestRotationOfTwoSecrets(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("stripe")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	event, err := p.Render(fixtures.Draw{Seed: 1}, "customer.created", fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fresh, old := "whsec_new", "whsec_old"
	for fault, want := range map[string][2]bool{"secret:rotate:new": {true, false}, "secret:rotate:old": {false, true}, "signature:old_secret": {}} {
		r, err := built(p, &event, "http://127.0.0.1/in", []string{fresh, old}, at, fault)
		if err != nil {
			t.Fatal(err)
		}
		for i, secret := range []string{fresh, old} {
			if v := p.Signing.Verify(r.Message, r.Context, secret).Verdict; (v == signature.Valid) != want[i] {
				t.Errorf("%s is %s with %s", fault, v, secret)
			}
		}
	}
	if _, err := built(p, &event, "http://127.0.0.1/in", []string{fresh, old}, at, "secret:rotate:both"); !errors.Is(err, ErrInvalid) {
		t.Errorf("both secrets sign anyway: %v", err)
	}
	r, err := built(p, &event, "http://127.0.0.1/in", []string{old}, at, "secret:rotate:both")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(r.Message.Headers.Get("Stripe-Signature"), "v1="); n != 2 {
		t.Errorf("%d signatures", n)
	}
}

// What cannot be done to a message is refused, and the reason says why.
func TestRefusals(t *testing.T) {
	t.Parallel()
	json := `{"__id":"ID","__eventName":"Pass:Created","n":1}`
	for _, c := range []struct{ body, fault, want string }{
		{"a=1", "body:reserialize:spaced", "not JSON"},
		{"a=1", "schema:unknown_field", "not JSON"},
		{"[1]", "body:huge:1KB", "no JSON object"},
		{json, "body:huge:10", "want 69 or more"},
		{json, "body:reserialize:ascii", "nothing that this writes in other bytes"},
		{json, "schema:missing_required", "does not fit the schema of Pass:Created to begin with"},
		{json, "transport:split:1000", "there is no byte 1000"},
		{json, "transport:split:48", "nothing is left for the second part"},
		{json, "transport:stall:48", "nothing is left to wait for"},
		{json, "headers:drop:X-None", "no line X-None: it has Host"},
		{json, "headers:drop:Content-Length", "use transport:chunked"},
		{json, "headers:drop:x-neostore-signature", "use signature:missing"},
		{json, "method:POST", "has the method POST too"},
		{"", "body:empty", "no body either"},
		{"\"\u4e2d\"", "body:charset:iso-8859-1", "has characters that iso-8859-1 has not"},
		{json, "signature:wrong_prefix", "has no label before it"},
	} {
		p, err := fixtures.Builtin().Provider("neostore")
		if err != nil {
			t.Fatal(err)
		}
		event := &fixtures.Event{Provider: "neostore", Name: "Pass:Created", ID: "ID", Body: []byte(c.body)}
		_, err = built(p, event, "http://127.0.0.1/in", []string{"secret"}, time.Now(), c.fault)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s of %q: %v; want %q", c.fault, c.body, err, c.want)
		}
	}
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	event := &fixtures.Event{Provider: "neostore", Name: "Pass:Created", ID: "ID", Body: []byte(json)}
	if _, err := built(p, event, "http://127.0.0.1/", []string{"secret"}, time.Now(), "redirect"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "the path is /") {
		t.Errorf("%v", err)
	}
	// What the signature does not cover cannot make it wrong.
	static := signature.Scheme{Signatures: []signature.Signature{{Alg: "static", Emit: []signature.Emit{{Header: "X-Token", Value: "${secret}"}}}}}
	if _, err := built(provider(t, static), event, "http://127.0.0.1/in", []string{"secret"}, time.Now(), "signature:other_event"); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// The same JSON in other bytes says the same, in any depth.
func TestReserializedSaysTheSame(t *testing.T) {
	t.Parallel()
	const text = "{\"a\":{\"x\":[1,{\"p\":\"q/r\",\"s\":null}],\"y\":\"h\u00e9\U0001f389\"},\n  \"b\" : [ ] ,\"c\":-1.50e3,\"d\":\"\\/ \\\" , : \\u00e9\"}"
	want := map[string]string{
		"spaced":    "{\"a\": {\"x\": [1, {\"p\": \"q/r\", \"s\": null}], \"y\": \"h\u00e9\U0001f389\"}, \"b\": [], \"c\": -1.50e3, \"d\": \"\\/ \\\" , : \\u00e9\"}",
		"reordered": "{\"d\":\"\\/ \\\" , : \\u00e9\",\n  \"c\":-1.50e3 ,\"b\" : [ ],\"a\":{\"y\":\"h\u00e9\U0001f389\",\"x\":[1,{\"s\":null,\"p\":\"q/r\"}]}}",
		"ascii":     "{\"a\":{\"x\":[1,{\"p\":\"q/r\",\"s\":null}],\"y\":\"h\\u00e9\\ud83c\\udf89\"},\n  \"b\" : [ ] ,\"c\":-1.50e3,\"d\":\"\\/ \\\" , : \\u00e9\"}",
		"escaped":   "{\"a\":{\"x\":[1,{\"p\":\"q\\/r\",\"s\":null}],\"y\":\"h\u00e9\U0001f389\"},\n  \"b\" : [ ] ,\"c\":-1.50e3,\"d\":\"\\/ \\\" , : \\u00e9\"}",
	}
	for form, want := range want {
		if got := string(rewritten(form, []byte(text), gjson.Parse(text))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", form, got, want)
		}
	}
	if got := string(rewritten("pretty", []byte(text), gjson.Parse(text))); !strings.HasPrefix(got, "{\n  \"a\": {\n    \"x\": [\n") {
		t.Errorf("pretty: %s", got)
	}
}

package fault

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// standard is the scheme of Standard Webhooks.
func standard(unit string) signature.Scheme {
	return signature.Scheme{
		Signatures: []signature.Signature{{
			Alg: "hmac-sha256", Encode: "base64", Content: signature.Content{Parts: []string{"${id}", ".", "${ts}", ".", "${body}"}},
			Emit: []signature.Emit{
				{Header: "webhook-id", Value: "${id}"},
				{Header: "webhook-timestamp", Value: "${ts}"},
				{Header: "webhook-signature", Value: "${sigs}", Each: "v1,${sig}", Join: " "},
			},
		}},
		Timestamp: signature.Timestamp{Unit: unit, Tolerance: 5 * time.Minute},
		Covers:    []string{"body", "id", "ts"},
	}
}

// Faults of ids, lists of events and lists of signatures, which no built-in provider has all of.
func TestFaultsOfOtherProviders(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		unit, body, fault string
		differ            string // what differs from a good request
		verdict           signature.Verdict
		line, want        string // a header line begins with this
	}{
		{"s", "[1]", "id:tampered", "webhook-id", signature.Mismatch, "webhook-id", "msg_2"},
		{"s", "[1]", "timestamp:tampered", "webhook-timestamp", signature.Mismatch, "webhook-timestamp", "1772366401"},
		{"ms", "[1]", "timestamp:tampered", "webhook-timestamp", signature.Mismatch, "webhook-timestamp", "1772366400001"},
		{"rfc3339", "[1]", "timestamp:tampered", "webhook-timestamp", signature.Mismatch, "webhook-timestamp", "2026-03-01T12:00:01Z"},
		{"s", "[1]", "signature:other_scheme", "webhook-signature", signature.Valid, "webhook-signature", "v2,"},
		{"s", "[1]", "signature:garbage:ascii", "webhook-signature", signature.Malformed, "webhook-signature", "v1,!!!"},
		{"s", "[1]", "signature:garbage:unicode", "webhook-signature", signature.Malformed, "webhook-signature", "v1,ééé"},
		{"s", "[1]", "secret:rotate:both_old_first", "webhook-signature", signature.Valid, "webhook-signature", "v1,"},
		{"s", "[1]", "schema:empty_element", "body content-length webhook-signature", signature.Valid, "content-length", "6"},
		{"s", "[]", "schema:empty_element", "body content-length webhook-signature", signature.Valid, "content-length", "4"},
		{"s", `[{"a":1}]`, "body:canary", "body content-length webhook-signature", signature.Valid, "content-length", "44"},
		{"s", "[1]", "body:canary", "", "", "", ""},
		{"s", "{}", "schema:empty_element", "", "", "", ""},
		{"s", "{}", "transport:split_letter", "", "", "", ""},
	} {
		p := provider(t, standard(c.unit))
		event := &fixtures.Event{Provider: "neostore", Name: "Pass:Created", ID: "msg_1", At: at, Body: []byte(c.body)}
		good, err := built(p, event, "http://127.0.0.1/in", []string{"secret"}, at)
		if err != nil {
			t.Fatal(err)
		}
		bad, err := built(p, event, "http://127.0.0.1/in", []string{"secret"}, at, c.fault)
		if c.verdict == "" {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s of %s: %v", c.fault, c.body, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.fault, err)
			continue
		}
		got := differences(&good.Message, &bad.Message)
		slices.Sort(got)
		if strings.Join(got, " ") != c.differ {
			t.Errorf("%s %s: want %s to differ, got %v", c.unit, c.fault, c.differ, got)
		}
		if v := bad.verdict(); v != c.verdict || !strings.HasPrefix(bad.Message.Headers.Get(c.line), c.want) {
			t.Errorf("%s %s: %s, %s", c.unit, c.fault, v, bad.Message.Headers.Get(c.line))
		}
	}
}

// The order of two signatures, and of two lines with a signature.
func TestOrderOfSignatures(t *testing.T) {
	t.Parallel()
	at := time.Now()
	p := provider(t, standard("s"))
	event := &fixtures.Event{Provider: "neostore", Name: "Pass:Created", ID: "msg_1", At: at, Body: []byte("{}")}
	lines := map[string][]string{}
	for _, fault := range []string{"", "secret:rotate:both", "secret:rotate:both_old_first", "signature:two_lines:same", "signature:two_lines:right_first", "signature:two_lines:wrong_first"} {
		r, err := built(p, event, "http://127.0.0.1/in", []string{"secret"}, at, strings.Fields(fault)...)
		if err != nil {
			t.Fatal(fault, err)
		}
		lines[fault] = r.Message.Headers.Values("webhook-signature")
	}
	right := lines[""][0]
	if list := lines["secret:rotate:both"][0]; !strings.HasSuffix(list, " "+right) || strings.HasPrefix(list, right) {
		t.Errorf("both: %s", list)
	}
	if list := lines["secret:rotate:both_old_first"][0]; !strings.HasPrefix(list, right+" ") || strings.HasSuffix(list, right) {
		t.Errorf("old first: %s", list)
	}
	for arg, at := range map[string]int{"right_first": 0, "wrong_first": 1} {
		if two := lines["signature:two_lines:"+arg]; len(two) != 2 || two[at] != right || !oneByteApart(two[1-at], right) {
			t.Errorf("%s: %q", arg, two)
		}
	}
	if two := lines["signature:two_lines:same"]; !slices.Equal(two, []string{right, right}) {
		t.Errorf("same: %q", two)
	}
}

// A letter is cut in two: the first part ends within its bytes.
func TestLetterIsSplit(t *testing.T) {
	t.Parallel()
	for _, p := range fixtures.Builtin().Providers() {
		event, err := p.Render(fixtures.Draw{Seed: 3}, p.Events[0].Name, fixtures.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := built(p, &event, "http://127.0.0.1/in", []string{"secret"}, time.Now(), "body:unicode", "transport:split_letter")
		if err != nil {
			t.Fatal(err)
		}
		if at := r.Manner.Pauses[0]; r.Message.Body[at]&0xc0 != 0x80 || r.Message.Body[at-1]&0xc0 != 0xc0 {
			t.Errorf("%s: %q | %q", p.Name, r.Message.Body[:at], r.Message.Body[at:])
		}
	}
}

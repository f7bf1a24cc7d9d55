package fault

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// socket is a consumer that keeps the bytes of each connection. It answers each whole request with
// 200, and one that expects it with 100 first.
type socket struct {
	url  string
	conn chan []byte // the bytes of a connection, when it has ended
}

func listen(t *testing.T) *socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{url: "http://" + l.Addr().String() + "/hooks", conn: make(chan []byte, 1)}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				s.conn <- answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return s
}

// answer answers requests until the connection ends, and returns all bytes.
func answer(conn net.Conn) []byte {
	var got bytes.Buffer
	in := bufio.NewReader(io.TeeReader(conn, &got))
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			break
		}
		if r.Header.Get("Expect") != "" {
			io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			break
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
	io.Copy(io.Discard, in)
	return got.Bytes()
}

// built is a request of an event, with faults done to it.
func built(p *fixtures.Provider, e *fixtures.Event, url string, secrets []string, at time.Time, faults ...string) (*Request, error) {
	var list []Fault
	for _, text := range faults {
		f, err := Parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	set, err := NewSet(list)
	if err != nil {
		return nil, err
	}
	m, err := p.Message(url, *e, e.At)
	if err != nil {
		return nil, err
	}
	r := &Request{
		Provider: p, Event: e, URL: url, Message: m, Secrets: secrets, Rand: rand.New(rand.NewPCG(1, 2)),
		Context: signature.Context{ID: e.ID, URL: url, RegisteredURL: url, Time: at, EventTime: e.At},
	}
	return r, set.Do(1, r)
}

// differences names what differs between two requests: method, target, version, body, case (of
// names), and -name, +name or name of a header line.
func differences(a, b *wire.Message) []string {
	var list []string
	for name, pair := range map[string][2]string{"method": {a.Method, b.Method}, "target": {a.Target, b.Target}, "version": {a.Version, b.Version}, "body": {string(a.Body), string(b.Body)}} {
		if pair[0] != pair[1] {
			list = append(list, name)
		}
	}
	names := map[string]bool{}
	for _, h := range slices.Concat(a.Headers, b.Headers) {
		names[strings.ToLower(h.Name)] = true
	}
	for name := range names {
		before, after := a.Headers.Values(name), b.Headers.Values(name)
		switch {
		case len(before) > len(after):
			list = append(list, "-"+name)
		case len(before) < len(after):
			list = append(list, "+"+name)
		case !slices.Equal(before, after):
			list = append(list, name)
		}
	}
	spelled := func(m *wire.Message) (names []string) {
		for _, h := range m.Headers {
			names = append(names, h.Name)
		}
		slices.Sort(names)
		return names
	}
	if len(a.Headers) == len(b.Headers) && !slices.Equal(spelled(a), spelled(b)) && slices.EqualFunc(spelled(a), spelled(b), strings.EqualFold) || lowered(a) != lowered(b) {
		list = append(list, "case")
	}
	slices.Sort(list)
	return list
}

// lowered reports whether all names are in lower case.
func lowered(m *wire.Message) bool {
	return !slices.ContainsFunc(m.Headers, func(h signature.Header) bool { return h.Name != strings.ToLower(h.Name) })
}

// effect is what a fault does to the bytes: differs lists all that may differ, the first of which
// does. signature means the scheme's header lines.
var effects = map[string]string{
	"method": "method", "redirect": "target signature",
	"schema:unknown_event": "body content-length signature x-neostore-eventname x-github-event",
	"schema":               "body content-length signature",
	"body":                 "body content-length signature", "body:charset": "content-type body content-length signature", "body:tamper": "body", "body:truncate": "body content-length", "body:reformat": "body content-length", "body:other_event": "body content-length",
	"headers:content_type": "content-type", "headers:drop": "-content-type", "headers:duplicate": "+content-type", "headers:extra": "+x-hookrig-extra-1 +x-hookrig-extra-", "headers:case": "case", "headers:host": "host",
	"secret": "signature", "timestamp": "signature", "signature:missing": "-signature", "signature:two_lines": "+signature", "signature": "signature",
	"transport:gzip": "+content-encoding body content-length", "transport:chunked": "+transfer-encoding -content-length case", "transport:http10": "version", "transport:expect_100": "+expect",
	"transport:stall": "body", "transport:reset": "body",
	"transport": "", // the same bytes
}

// arguments are the forms of faults that are tried, where the example of the table is not enough.
var arguments = map[string][]string{
	"body:reserialize": {"spaced", "pretty", "reordered", "ascii", "escaped"}, "body:charset": {"utf-8", "utf-16", "utf-16le", "iso-8859-1", "windows-1252"},
	"headers:case": {"lower", "upper", "mixed"}, "secret:rotate": {"both", "both_old_first", "new"}, "body:huge": {"100KB"},
	"transport:drip": {"100KB"}, "transport:chunked": {"", "1,7,100"}, "method": {"", "PUT", "HEAD"}, "timestamp:skew": {"-4m", "+4m"},
	"timestamp:non_numeric": {"", "NaN", "Infinity"}, "signature:garbage": {"ascii", "unicode", "zeros", "none"}, "signature:two_lines": {"same", "right_first", "wrong_first"},
	"body:reformat": {"spaced", "pretty", "reordered", "ascii", "escaped"},
}

// impossible are the faults that a provider's request does not allow, of those tried.
var impossible = map[string]string{
	"ethpass":        "schema:null_optional signature:garbage:none signature:other_event signature:upper_case",
	"github":         "",
	"neostore":       "body:charset:utf-8 schema:new_enum signature:garbage:none",
	"stripe":         "body:charset:utf-8 body:reserialize:pretty body:reformat:pretty",
	"subscribfy":     "schema:absent_optional schema:new_enum schema:null_optional signature:garbage:none",
	"subscribfy-hub": "signature:garbage:none",
}

// Each fault, with each provider that it applies to, changes exactly what its row says, on the
// socket too, and the signature is as its row says.
func TestEachFaultChangesOneThing(t *testing.T) {
	t.Parallel()
	for _, p := range fixtures.Builtin().Providers() {
		event, err := p.Render(fixtures.Draw{Seed: 3}, p.Events[0].Name, fixtures.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		secrets := []string{p.MintSecret(fixtures.Draw{Seed: 1})}
		if secrets[0] == "" {
			secrets = nil
		}
		stamped, labelled, several := p.Name == "stripe", p.Name == "stripe" || p.Name == "github", p.Name == "stripe"
		for _, k := range Kinds() {
			if !rowOf(k.Name).alters() {
				continue // of whole deliveries
			}
			forms := []string{k.Example}
			if args := arguments[k.Name]; args != nil {
				forms = nil
				for _, arg := range args {
					forms = append(forms, strings.TrimSuffix(k.Name+":"+arg, ":"))
				}
			}
			for _, form := range forms {
				kind, _, _ := strings.Cut(k.Name, ":")
				refused := slices.Contains(strings.Fields(impossible[p.Name]), form) || form == "transport:bad_tls" ||
					kind == "timestamp" && !stamped || strings.HasSuffix(k.Name, "_prefix") && !labelled || (strings.HasPrefix(form, "secret:rotate:both") || form == "signature:other_scheme") && !several ||
					form == "id:tampered" || form == "schema:empty_element" || // see TestFaultsOfOtherProviders
					kind == "signature" && secrets == nil || kind == "secret" && secrets == nil
				t.Run(p.Name+"/"+form, func(t *testing.T) {
					t.Parallel()
					event := event
					if strings.HasSuffix(form, ":ascii") || strings.HasSuffix(form, ":escaped") || k.Name == "transport:split_letter" { // something to write in other bytes
						event.Body = added(event.Body, gjson.ParseBytes(event.Body), "note", "\"\u00e9/\U0001f389\"")
					}
					s := listen(t)
					at := time.Now()
					good, err := built(p, &event, s.url, secrets, at)
					if err != nil {
						t.Fatal(err)
					}
					bad, err := built(p, &event, s.url, secrets, at, form)
					if refused {
						if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), form) {
							t.Errorf("not refused: %v", err)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					oneThing(t, k, form, good, bad)
					verdict(t, k, form, bad)
					onSocket(t, s, bad)
				})
			}
		}
	}
}

func rowOf(name string) *row {
	for _, r := range table() {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func oneThing(t *testing.T, k Kind, form string, good, bad *Request) {
	t.Helper()
	kind, _, _ := strings.Cut(k.Name, ":")
	effect, ok := effects[k.Name]
	if !ok {
		effect = effects[kind]
	}
	var signatures []string
	for _, at := range places(&good.Provider.Signing) {
		signatures = append(signatures, strings.ToLower(at.header))
	}
	name := func(text string) string { // of a difference, with "signature" for the scheme's lines
		sign := strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_")
		plain := strings.TrimLeft(text, "+-")
		if strings.HasPrefix(text, "-") {
			sign = "-"
		}
		if slices.Contains(signatures, plain) {
			return sign + "signature"
		}
		return strings.TrimRight(sign+plain, "0123456789")
	}
	allowed := strings.Fields(effect)
	var got []string
	for _, d := range differences(&good.Message, &bad.Message) {
		got = append(got, name(d))
	}
	for i := range allowed {
		allowed[i] = strings.TrimRight(allowed[i], "0123456789")
	}
	for _, d := range got {
		if !slices.Contains(allowed, d) {
			t.Errorf("%s differs; want %q only", d, allowed)
		}
	}
	if len(allowed) > 0 && !slices.Contains(got, allowed[0]) && !(k.Name == "schema:unknown_event" && len(got) > 0) {
		t.Errorf("%q differ; want %s too", got, allowed[0])
	}
	if kind == "transport" && !(form == "transport:gzip" || form == "transport:http10") && bad.Manner.Ready == nil {
		plain := wire.Manner{}
		if bad.Manner.End == plain.End && bad.Manner.Rate == 0 && bad.Manner.Chunks == nil && bad.Manner.Pauses == nil && bad.Manner.Copies == 0 && !bad.Manner.Continue {
			t.Error("it is sent as a good one")
		}
	}
}

func verdict(t *testing.T, k Kind, form string, bad *Request) {
	t.Helper()
	m := bad.Message.Clone()
	want := true
	scheme := &bad.Provider.Signing
	switch k.Signature {
	case Invalid:
		want = false
	case Uncovered:
		body := k.Name != "redirect" && !strings.HasPrefix(k.Name, "headers:")
		want = !(body && slices.Contains(scheme.Covers, "body"))
	case Known:
		want = form != "secret:rotate:new"
	case Decoded:
		r, err := gzip.NewReader(bytes.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		if m.Body, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	v := scheme.Verify(m, bad.Context, bad.Secrets...)
	if (v.Verdict == signature.Valid) != want {
		t.Errorf("the signature is %s (%s); the row says %q", v.Verdict, v.Explanation, k.Signature)
	}
}

// onSocket sends a request and compares what arrives with it.
func onSocket(t *testing.T, s *socket, r *Request) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if r.Manner.End == wire.Stall {
		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
	}
	var client wire.Client
	result := client.SendAs(ctx, s.url, r.Message, r.Manner, wire.Limits{})
	client.CloseIdle()
	raw := <-s.conn
	switch r.Manner.End {
	case wire.Stall:
		if result.Outcome != wire.PartlyWritten || !errors.Is(result.Err, wire.ErrTimeout) {
			t.Errorf("%s, %v; want to wait for the time limit", result.Outcome, result.Err)
		}
	case wire.Reset:
		if result.Outcome != wire.PartlyWritten || !errors.Is(result.Err, wire.ErrOnPurpose) {
			t.Errorf("%s, %v; want a reset", result.Outcome, result.Err)
		}
	default:
		if result.Outcome != wire.GotStatus || result.Status != http.StatusOK {
			t.Errorf("%s, %d, %v", result.Outcome, result.Status, result.Err)
		}
	}
	want := wire.Append(nil, r.Message)
	switch {
	case r.Manner.Chunks != nil:
		got, err := wire.ParseRequest(raw)
		if err != nil || len(differences(&got, &r.Message)) > 0 || bytes.Equal(raw, want) {
			t.Errorf("%q arrived: %v", raw, err)
		}
		return
	case r.Manner.Copies > 1:
		want = bytes.Repeat(want, r.Manner.Copies)
	}
	if !bytes.Equal(raw, want) || result.Written != len(want) {
		t.Errorf("%d bytes written, arrived:\n%q\nwant:\n%q", result.Written, raw, want)
	}
}

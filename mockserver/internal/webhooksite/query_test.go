package webhooksite

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func sample() (*request, time.Time) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 5e8, time.UTC)
	c := &journal.Capture{
		Seq: 42, Bin: "bin", At: now.Add(-36 * time.Hour), Peer: "[::1]:99",
		Message: wire.Message{
			Method: "POST", Target: "/bin/orders?action=create&tag=a&tag=b&empty=",
			Headers: signature.Headers{{Name: "Host", Value: "server.test:81"}, {Name: "User-Agent", Value: "Paw/3.3.5 (Mac; OS X/11)"}, {Name: "Content-Type", Value: "application/x-www-form-urlencoded"}},
			Body:    []byte("name=Foo+Bar&id=de673d0a-6d7b-4c88&x=foobar"),
		},
	}
	return newRequest(c, "Look here"), now
}

func TestQueries(t *testing.T) {
	t.Parallel()
	r, now := sample()
	for query, want := range map[string]bool{
		`foobar`: true, `FooBar`: true, `foob`: false, `foob*`: true, `f??bar`: true, `f?bar`: false, `*bar`: true, `nothing`: false, `*`: true,
		`content:foobar`: true, `content:"foobar"`: true, `content:"x=foobar"`: true, `content:"x=fooba"`: false, `content:de673d0a-6d7b-4c88`: true,
		`content:"de673d0a-6d7b-4c88"`: true, `content:de673d0a-6d7b-4c8`: false,
		`method:POST`: true, `method:post`: true, `method:GET`: false, `type:web`: true, `type:email`: false,
		`headers.user-agent:"Paw/3.3.5 (Mac; OS X/11)"`: true, `headers.User-Agent:Paw`: true, `user_agent:paw`: true, `headers.x-none:*`: false,
		`query.action:create`: true, `query.action:creat`: false, `query.tag:b`: true, `query.tag:c`: false, `query:create`: true,
		`request.name:"foo bar"`: true, `request.name:Bar`: true, `note:here`: true, `hostname:server.test`: true, `ip:"::1"`: true,
		`url:orders`: true, `url:http\://server.test*`: true, `url:"/bin/orders"`: true, `url:/bin/orders`: true, `uuid:` + r.UUID: true, `token_id:bin`: true,
		`_exists_:query.action`: true, `_exists_:query.none`: false, `_exists_:query.empty`: true, `_exists_:note`: true, `_exists_:custom_action_errors`: false, `_exists_:size`: true,
		`type:web AND method:POST`: true, `type:web AND method:PUT`: false, `method:PUT OR method:POST`: true, `method:PUT || type:web`: true, `method:POST && type:web`: true,
		`NOT method:POST`: false, `NOT method:PUT`: true, `!method:PUT`: true, `NOT NOT method:POST`: true, `-foobar`: false, `- foobar`: false,
		`(method:POST) AND (content:example OR content:foobar) AND NOT (content:nothing)`: true,
		`(method:POST) AND (content:example OR content:foobar) AND NOT (content:name)`:    false,
		`nothing foobar`: true, `nothing -foobar`: false, `foobar -nothing`: true, `+foobar nothing`: true, `+nothing foobar`: false, `nothing OR NOT other`: true,
		`method:(PUT OR POST)`: true, `method:(PUT OR (GET))`: false, `method:PUT OR foobar AND method:POST`: true, `foobar AND -nothing`: true,
		`size:43`: true, `size:>42`: true, `size:>43`: false, `size:>=43`: true, `size:<43`: false, `size:<=43`: true, `size:[1 TO 43]`: true, `size:[1 TO 43}`: false, `size:{43 TO *]`: false, `size:[* TO *]`: true,
		`time:0`: true, `sorting:>1700000000000000`: true,
		`created_at:["2022-01-01 00:00:00" TO *]`: true, `created_at:["2022-01-01 00:00:00" TO "2022-12-31 00:00:00"]`: false,
		`created_at:[* TO now-14d]`: false, `created_at:[now-14d TO *]`: true, `created_at:[now-36h TO *]`: false, `created_at:[now-36h/m TO *]`: true,
		`created_at:2026-05-02`: true, `created_at:"2026-05-02 15:02:01"`: true, `created_at:"2026-05-02 15:02:00"`: false, `created_at:>2026-05-02`: false, `created_at:>=2026-05-02`: true,
		`created_at:<2026-05-02`: false, `created_at:<=2026-05-02`: true, `created_at:{2026-05-02 TO *]`: false, `created_at:[2026-05-01 TO 2026-05-02]`: true, `created_at:[2026-05-01 TO 2026-05-02}`: false,
		`updated_at:>now-2d`: true, `created_at:[2026-05 TO 2026-05]`: true, `created_at:2025`: false, `created_at:[2026.04.02||+1M/d TO 2026.04.02||+1M/d]`: true,
		`content:""`: false, `query.empty:""`: true, `method:P\OST`: true, `"foobar"`: true, `"foo bar" OR "name="`: true, `ORder`: false, `android`: false,
	} {
		m, err := parseQuery(query, now)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := m(r); got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestBadQueries(t *testing.T) {
	t.Parallel()
	_, now := sample()
	for query, want := range map[string]string{
		``: "want something", `  `: "want something", `()`: "want something", `(`: "want something", `a)`: `")" without "("`, `(a`: `want ")"`,
		`a AND`: "want something", `AND a`: "", `OR a`: "nothing before", `a OR`: "nothing behind", `a OR OR b`: "nothing before", `NOT`: "want something", `+`: "want something",
		`"a`: `second "`, `method:`: "want a value", `method: POST`: "want a value", `foo:bar`: "no field", `query.:x`: "no field", `_exists_:foo`: "no field", `_exists_:`: "no field",
		`method:[A TO B]`: "no order", `method:>A`: "no order", `size:x`: "want a number", `size:[1 2]`: "want TO", `size:[1 TO 2`: `want "]"`, `size:[ TO 2]`: "want TO",
		`size:[1 TO ]`: "want a value", `created_at:[tomorrow TO *]`: "date", `created_at:>now+1`: "units", `created_at:now/5d`: "rounding", `created_at:now+123456d`: "digits", `created_at:now*1d`: "want +",
		`[1 TO 2]`: "no order",
	} {
		m, err := parseQuery(query, now)
		switch {
		case query == "AND a" && err == nil: // a word, where no operator can be
		case err == nil:
			t.Errorf("%s: no error", query)
			_ = m
		case !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		`(method:PUT) AND (content:example OR content:test) AND NOT (content:foobar)`, `created_at:["2022-01-01 00:00:00" TO now-14d/d}`,
		`headers.user-agent:"Paw/3.3.5" -a +b*c`, `_exists_:query.a`, `size:>=1e3`, `a\"b\`, `((((`, `x:(y:(z:[1 TO *])`, "é*?\xff", `query.a\:b:c`,
	} {
		f.Add(seed)
	}
	r, now := sample()
	f.Fuzz(func(t *testing.T, query string) {
		m, err := parseQuery(query, now)
		if err != nil {
			if m != nil || err.Error() == "" {
				t.Fatalf("%v with %q", m, err)
			}
			return
		}
		// A query holds, or its negation.
		negated, err := parseQuery("NOT ("+query+")", now)
		if err != nil {
			if strings.Contains(err.Error(), "want at most") {
				return // nest or longer by one
			}
			t.Fatalf("%q can be read and its negation cannot: %v", query, err)
		}
		if m(r) == negated(r) {
			t.Fatalf("%q and its negation are both %v", query, m(r))
		}
	})
}

func TestDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2001, 1, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{ // the first four are the documentation's
		"now+1h": "2001-01-01 13:00:00", "now-1h": "2001-01-01 11:00:00", "now-1h/d": "2001-01-01 00:00:00", "2001.02.01||+1M/d": "2001-03-01 00:00:00",
		"now": "2001-01-01 12:00:00", "now/w": "2001-01-01 00:00:00", "now-1w/w": "2000-12-25 00:00:00", "now/y": "2001-01-01 00:00:00", "now-14d": "2000-12-18 12:00:00",
		"2000-02-30||/M": "", "2001-05-04T03:02:01Z": "2001-05-04 03:02:01", "now+d": "2001-01-02 12:00:00", "now-90m/H": "2001-01-01 10:00:00",
	} {
		got, err := parseDate(text, now, false)
		if err != nil {
			got = time.Time{}
		}
		if (err != nil) != (want == "") || err == nil && got.Format(stampLayout) != want {
			t.Errorf("%s: %s, %v; want %s", text, got.Format(stampLayout), err, want)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, seq := range []uint64{0, 1, 2, 3, 4095, 4096, 1 << 32, 1<<63 - 1, 1 << 63, ^uint64(0)} {
		for _, n := range []uint16{0, 1, 65535} {
			id := fileID(seq, n)
			gotSeq, gotN, ok := parseID(id)
			if !ok || gotSeq != seq || gotN != n || seen[id] || id[14] != '8' || id[19] != '8' {
				t.Errorf("%d, %d: %s: %d, %d, %v", seq, n, id, gotSeq, gotN, ok)
			}
			seen[id] = true
		}
	}
	if diff := cmp.Diff("9e3779b9-7f4a-87c1-8500-0000686f6f6b", requestID(1)); diff != "" {
		t.Errorf("the id of the first request has changed (-want +got):\n%s", diff)
	}
	for _, id := range []string{"", "latest", strings.Repeat("0", 36), strings.ToUpper(requestID(1)), requestID(1)[:35] + "c", newUUID(), requestID(1) + "0"} {
		if _, _, ok := parseID(id); ok {
			t.Errorf("%q is taken for an id", id)
		}
	}
}

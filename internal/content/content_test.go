package content

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/hookrig/hookrig/fixtures/signature"
)

func written(t testing.TB, to func(io.Writer) io.WriteCloser, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := to(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(w io.Writer) io.WriteCloser  { return gzip.NewWriter(w) }
func zlibbed(w io.Writer) io.WriteCloser  { return zlib.NewWriter(w) }
func brotlied(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }

func deflated(w io.Writer) io.WriteCloser {
	f, _ := flate.NewWriter(w, -1) // never fails at this level
	return f
}

func zstded(w io.Writer) io.WriteCloser {
	z, _ := zstd.NewWriter(w) // never fails without options
	return z
}

func message(body string, lines ...string) *signature.Message {
	m := &signature.Message{Method: "POST", Target: "/inbox?a=1&b=x+y&b=%C3%A9&c", Body: []byte(body)}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		m.Headers.Add(name, value)
	}
	return m
}

func TestDecode(t *testing.T) {
	const plain = `{"b":2,"s":"Jörg"}`
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(plain)
	utf16BE, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(plain)
	utf32BE, _ := utf32.UTF32(utf32.BigEndian, utf32.UseBOM).NewEncoder().String(plain)
	latin, _ := charmap.ISO8859_1.NewEncoder().String(plain)
	for name, c := range map[string]struct {
		m       *signature.Message
		steps   []string
		problem string
		bytes   string // "" means plain
	}{
		"plain":                 {m: message(plain, "Content-Type: application/json")},
		"identity":              {m: message(plain, "Content-Encoding: identity")},
		"gzip":                  {m: message(written(t, gzipped, plain), "content-encoding: GZIP"), steps: []string{"gzip"}},
		"x-gzip":                {m: message(written(t, gzipped, plain), "Content-Encoding: x-gzip"), steps: []string{"gzip"}},
		"deflate":               {m: message(written(t, zlibbed, plain), "Content-Encoding: deflate"), steps: []string{"deflate"}},
		"deflate without zlib":  {m: message(written(t, deflated, plain), "Content-Encoding: deflate"), steps: []string{"deflate"}},
		"br":                    {m: message(written(t, brotlied, plain), "Content-Encoding: br"), steps: []string{"br"}},
		"zstd":                  {m: message(written(t, zstded, plain), "Content-Encoding: zstd"), steps: []string{"zstd"}},
		"two codings":           {m: message(written(t, brotlied, written(t, gzipped, plain)), "Content-Encoding: gzip, br"), steps: []string{"br", "gzip"}},
		"two lines":             {m: message(written(t, brotlied, written(t, gzipped, plain)), "Content-Encoding: gzip", "Content-Encoding: br"), steps: []string{"br", "gzip"}},
		"BOM":                   {m: message("\ufeff"+plain, "Content-Type: application/json"), steps: []string{"byte order mark"}},
		"UTF-16 by charset":     {m: message(utf16, "Content-Type: application/json; charset=utf-16le"), steps: []string{"utf-16le"}},
		"UTF-16 by its zeros":   {m: message(utf16), steps: []string{"utf-16le"}},
		"UTF-16 by its mark":    {m: message(utf16BE, "Content-Type: application/json"), steps: []string{"utf-16be"}},
		"UTF-32":                {m: message(utf32BE), steps: []string{"utf-32be"}},
		"latin-1":               {m: message(latin, "Content-Type: text/plain; charset=ISO-8859-1"), steps: []string{"iso-8859-1"}},
		"gzip of UTF-16":        {m: message(written(t, gzipped, utf16BE), "Content-Encoding: gzip"), steps: []string{"gzip", "utf-16be"}},
		"empty":                 {m: message("", "Content-Encoding: gzip"), bytes: "-"},
		"decoded by a proxy":    {m: message(plain, "Content-Encoding: gzip"), problem: "the body cannot be decoded as gzip: gzip: invalid header"},
		"cut gzip":              {m: message(written(t, gzipped, plain)[:20], "Content-Encoding: gzip"), problem: "the body cannot be decoded as gzip: it ends too early", bytes: written(t, gzipped, plain)[:20]},
		"cut in its head":       {m: message("\x1f\x8b", "Content-Encoding: gzip"), problem: "the body cannot be decoded as gzip: it ends too early", bytes: "\x1f\x8b"},
		"cut deflate":           {m: message(written(t, deflated, plain)[:10], "Content-Encoding: deflate"), problem: "the body cannot be decoded as deflate: it ends too early", bytes: written(t, deflated, plain)[:10]},
		"cut br":                {m: message(written(t, brotlied, plain)[:10], "Content-Encoding: br"), problem: "the body cannot be decoded as br: it ends too early", bytes: written(t, brotlied, plain)[:10]},
		"cut zstd":              {m: message(written(t, zstded, plain)[:10], "Content-Encoding: zstd"), problem: "the body cannot be decoded as zstd: it ends too early", bytes: written(t, zstded, plain)[:10]},
		"gzip of two members":   {m: message(written(t, gzipped, plain[:5])+written(t, gzipped, plain[5:]), "Content-Encoding: gzip"), steps: []string{"gzip"}},
		"behind gzip":           {m: message(written(t, gzipped, plain)+"tail", "Content-Encoding: gzip"), problem: "the body cannot be decoded as gzip: 4 bytes follow its end", bytes: written(t, gzipped, plain) + "tail"},
		"behind zlib":           {m: message(written(t, zlibbed, plain)+"\n", "Content-Encoding: deflate"), problem: "the body cannot be decoded as deflate: 1 byte follows its end", bytes: written(t, zlibbed, plain) + "\n"},
		"behind deflate":        {m: message(written(t, deflated, plain)+"tail", "Content-Encoding: deflate"), problem: "the body cannot be decoded as deflate: 4 bytes follow its end", bytes: written(t, deflated, plain) + "tail"},
		"behind br":             {m: message(written(t, brotlied, plain)+"tail", "Content-Encoding: br"), problem: "the body cannot be decoded as br: brotli: excessive input", bytes: written(t, brotlied, plain) + "tail"},
		"behind zstd":           {m: message(written(t, zstded, plain)+"tail", "Content-Encoding: zstd"), problem: "the body cannot be decoded as zstd: invalid input: magic number mismatch", bytes: written(t, zstded, plain) + "tail"},
		"charset, malformed":    {m: message(latin, "Content-Type: application/json; q; charset=latin1;;"), steps: []string{"latin1"}},
		"charset twice":         {m: message(latin, "Content-Type: text/plain; charset=latin1; charset=latin1"), steps: []string{"latin1"}},
		"unknown coding":        {m: message(plain, "Content-Encoding: compress"), problem: "the body cannot be decoded as compress: this coding is not known"},
		"unknown character set": {m: message(plain, "Content-Type: text/plain; charset=klingon"), problem: `the character set "klingon" is not known`},
		"too many codings":      {m: message(plain, "Content-Encoding: gzip, gzip, gzip, gzip, gzip"), problem: "Content-Encoding has 5 codings, the limit is 4"},
		"binary":                {m: message("\x89PNG\r\n\x00\x00", "Content-Type: image/png"), bytes: "\x89PNG\r\n\x00\x00"},
	} {
		sent := string(c.m.Body)
		b := Decode(c.m)
		want := c.bytes
		switch want {
		case "":
			want = plain
		case "-":
			want = ""
		}
		if string(b.Bytes) != want || b.Problem != c.problem || !cmp.Equal(b.Steps, c.steps) {
			t.Errorf("%s: %q, %q, %q; want %q, %q, %q", name, b.Bytes, b.Steps, b.Problem, want, c.steps, c.problem)
		}
		if string(c.m.Body) != sent {
			t.Errorf("%s: the body was changed", name)
		}
		if Plain(c.m) && (len(b.Steps) > 0 || b.Problem != "") {
			t.Errorf("%s: said to be plain, and was not", name)
		}
	}
}

func TestRoot(t *testing.T) {
	const multi = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nJörg\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\nContent-Type: application/json\r\n\r\n{\"n\":12345678901234567890}\r\n--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n--b--\r\n"
	for name, c := range map[string]struct {
		m    *signature.Message
		want string // JSON of some members
	}{
		"JSON":             {message(`{"n":12345678901234567890}`, "X-A: 1", "x-a: 2"), `{"body":{"n":12345678901234567890},"form":null,"headers":{"x-a":["1","2"]},"method":"POST","params":{"a":"1","b":["x y","é"],"c":""},"parts":null,"path":"/inbox","query":"a=1&b=x+y&b=%C3%A9&c"}`},
		"form":             {message("CallSid=CA1&x=1&x=2&y=%zz", "Content-Type: application/x-www-form-urlencoded; charset=utf-8"), `{"form":{"CallSid":"CA1","x":["1","2"],"y":"%zz"},"parts":null}`},
		"latin-1 form":     {message("name=J%F6rg&n%E4me=J%F6&raw=\xf6&utf8=%C3%B6", "Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1"), `{"form":{"name":"Jörg","näme":"Jö","raw":"ö","utf8":"ö"}}`},
		"unknown charset":  {message("name=J%F6rg&a=b", "Content-Type: application/x-www-form-urlencoded; charset=klingon"), `{"form":{"a":"b","name":"J\ufffdrg"}}`},
		"gzip of a form":   {message(written(t, gzipped, "a=b"), "Content-Type: application/x-www-form-urlencoded", "Content-Encoding: gzip"), `{"form":{"a":"b"},"body":"a=b"}`},
		"multipart":        {message(multi, "Content-Type: multipart/form-data; boundary=b"), `{"form":{"name":["Jörg","Ada"]},"parts":{"file":{"body":{"n":12345678901234567890},"content_type":"application/json","filename":"a.json","headers":{"content-disposition":["form-data; name=\"file\"; filename=\"a.json\""],"content-type":["application/json"]},"name":"file","size":26},"name":[{"body":"Jörg","content_type":null,"filename":null,"headers":{"content-disposition":["form-data; name=\"name\""]},"name":"name","size":5},{"body":"Ada","content_type":null,"filename":null,"headers":{"content-disposition":["form-data; name=\"name\""]},"name":"name","size":3}]}}`},
		"multipart, cut":   {message(multi[:60], "Content-Type: multipart/form-data; boundary=b"), `{"form":{"name":"Jörg"}}`},
		"no boundary":      {message(multi, "Content-Type: multipart/form-data"), `{"parts":null}`},
		"malformed type":   {message("x", "Content-Type: ;;;"), `{"body":"x","form":null}`},
		"two JSON values":  {message("1 2"), `{"body":"1 2"}`},
		"JSON as it comes": {message("[1]", "Content-Type: text/plain"), `{"body":[1]}`},
	} {
		root := Root(c.m, Ample)
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(name, err)
		}
		for member, value := range want {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(root[member]); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(b.String()); got != string(value) {
				t.Errorf("%s: .%s is\n%s\nwant\n%s", name, member, got, value)
			}
		}
		for _, member := range Members() {
			if _, ok := root[member]; !ok {
				t.Errorf("%s: no .%s", name, member)
			}
		}
	}
	if root := Root(message("a=b", "Content-Type: application/x-www-form-urlencoded"), 0); root["body"] != nil || root["form"] != nil || root["path"] != "/inbox" {
		t.Errorf("%v", root)
	}
}

// TestParts checks that parts are decoded and that unreadable ones have a problem.
func TestParts(t *testing.T) {
	part := func(head, body string) string { return "--b\r\n" + head + "\r\n\r\n" + body + "\r\n" }
	disposition := `Content-Disposition: form-data; name="p"`
	inner := strings.ReplaceAll(part(disposition, "inside")+"--b--", "--b", "--c")
	for name, c := range map[string]struct {
		kind, body string
		bodies     []string
		problem    string
		of         string // the problem of the last part
	}{
		"base64":             {"multipart/form-data; boundary=b", part(disposition+"\r\nContent-Transfer-Encoding: BASE64", "eyJuIjox\r\nfQ==") + "--b--", []string{`{"n":1}`}, "", ""},
		"quoted-printable":   {"multipart/form-data; boundary=b", part(disposition+"\r\nContent-Type: text/plain; charset=latin1\r\nContent-Transfer-Encoding: quoted-printable", "J=F6rg=\r\n!") + "--b--", []string{"Jörg!"}, "", ""},
		"wrong base64":       {"multipart/form-data; boundary=b", part(disposition+"\r\nContent-Transfer-Encoding: base64", "%%%%") + "--b--", []string{"%%%%"}, "", "the part cannot be decoded as base64: illegal base64 data at input byte 0"},
		"cut base64":         {"multipart/form-data; boundary=b", part(disposition+"\r\nContent-Transfer-Encoding: base64", "eyJ") + "--b--", []string{"eyJ"}, "", "the part cannot be decoded as base64: it ends too early"},
		"unknown charset":    {"multipart/form-data; boundary=b", part(disposition+"\r\nContent-Type: text/plain; charset=klingon", "x") + "--b--", []string{"x"}, "", `the character set "klingon" is not known`},
		"nested":             {"multipart/mixed; boundary=b", part(disposition+"\r\nContent-Type: multipart/mixed; boundary=c", inner) + "--b--", []string{inner, "inside"}, "", ""},
		"nested, unbounded":  {"multipart/mixed; boundary=b", part(disposition+"\r\nContent-Type: multipart/mixed", inner) + "--b--", []string{inner}, "", "the parts cannot be separated: the Content-Type has no boundary: want multipart/mixed; boundary=…"},
		"no boundary":        {"multipart/form-data", part(disposition, "x") + "--b--", nil, "the parts cannot be separated: the Content-Type has no boundary: want multipart/form-data; boundary=…", ""},
		"another boundary":   {"multipart/form-data; boundary=zz", part(disposition, "x") + "--b--", nil, `the parts cannot be separated: no line is the boundary "--zz"`, ""},
		"boundary unquoted":  {"multipart/form-data; boundary=a=b", strings.ReplaceAll(part(disposition, "x")+"--b--", "--b", "--a=b"), []string{"x"}, "", ""},
		"cut in a part":      {"multipart/form-data; boundary=b", part(disposition, "x") + "--b\r\n" + disposition + "\r\n\r\nhal", []string{"x", "hal"}, `part 2 cannot be read: the body ends too early, without the line "--b--"`, ""},
		"cut after a part":   {"multipart/form-data; boundary=b", part(disposition, "x"), []string{"x"}, `part 1 cannot be read: the body ends too early, without the line "--b--"`, ""},
		"more than are read": {"multipart/form-data; boundary=b", strings.Repeat(part(disposition, ""), 1001) + "--b--", make([]string, 1000), "there are more than 1000 parts; the rest is not read", ""},
		"no multipart":       {"text/plain; boundary=b", part(disposition, "x"), nil, "", ""},
	} {
		b := Decode(message(c.body, "Content-Type: "+c.kind))
		parts, err := b.Parts()
		problem, bodies, of := "", []string(nil), ""
		if err != nil {
			problem = err.Error()
		}
		for list := parts; len(list) > 0; {
			for i := range list {
				bodies, of = append(bodies, string(list[i].Body)), list[i].Problem
			}
			list = list[len(list)-1].Parts
		}
		if !cmp.Equal(bodies, c.bodies) || problem != c.problem || of != c.of {
			t.Errorf("%s: %q, %q, %q; want %q, %q, %q", name, bodies, problem, of, c.bodies, c.problem, c.of)
		}
	}
	b := message(part(disposition+"\r\nContent-Type: multipart/mixed; boundary=c", inner)+"--b--", "Content-Type: multipart/mixed; boundary=b")
	nested := Root(b, Ample)["parts"].(map[string]any)["p"].(map[string]any)["parts"].(map[string]any)["p"].(map[string]any)["body"]
	if nested != "inside" {
		t.Errorf(".parts.p.parts.p.body is %q", nested)
	}
}

func TestNotJSON(t *testing.T) {
	for text, want := range map[string]string{
		"{\"a\": 1,\n \"b\": x}": "line 2, column 7: invalid character 'x' looking for beginning of value",
		`{"a":`:                  "line 1, column 5: the text ends too early",
		"1 2":                    "line 1, column 3: something follows the value",
		"":                       "the body is empty",
	} {
		b := Body{Bytes: []byte(text), left: Ample}
		if _, err := b.JSON(); err == nil || err.Error() != want {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// TestBombs checks that a kilobyte that decodes to a gigabyte costs no more than the limit.
func TestBombs(t *testing.T) {
	// Two parts are enough: all parts after the first are read in the same loop.
	zeros := func(w io.WriteCloser, b *bytes.Buffer) string {
		block, first := make([]byte, 4<<20), 0
		for i := range 2 {
			if _, err := w.Write(block); err != nil {
				t.Fatal(err)
			}
			if err := w.(interface{ Flush() error }).Flush(); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = b.Len()
			}
		}
		return b.String()[:first] + strings.Repeat(b.String()[first:], 63)
	}
	for coding, to := range map[string]func(io.Writer) io.WriteCloser{"gzip": gzipped, "deflate": zlibbed, "br": brotlied, "zstd": zstded} {
		var b bytes.Buffer
		m := message(zeros(to(&b), &b), "Content-Encoding: "+coding)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := Decode(m)
		runtime.ReadMemStats(&after)
		if want := "cannot be decoded as " + coding + ": it has more than 16 MiB"; !strings.Contains(got.Problem, want) || !bytes.Equal(got.Bytes, m.Body) {
			t.Errorf("%s: %d bytes, %q", coding, len(got.Bytes), got.Problem)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 10*MaxDecoded {
			t.Errorf("%s: %d MiB were allocated for a body of %d bytes", coding, allocated>>20, len(m.Body))
		}
	}
}

// TestValuesFit checks that reading a body needs no more than the available memory, whatever the
// body.
func TestValuesFit(t *testing.T) {
	const room = 32 << 20
	for name, c := range map[string]struct{ kind, one, between, open, close string }{
		"empty objects": {"application/json", "{}", ",", "[", "]"},
		"objects":       {"application/json", `{"":0}`, ",", "[", "]"},
		"lists":         {"application/json", "[]", ",", "[", "]"},
		"numbers":       {"application/json", "0", ",", "[", "]"},
		"empty strings": {"application/json", `""`, ",", "[", "]"},
		"equal fields":  {"application/x-www-form-urlencoded", "a", "&", "", ""},
		"parts of JSON": {"multipart/mixed; boundary=b", "\r\n\r\n[" + strings.Repeat("{},", 1<<16) + "0]\r\n", "--b", "--b", "--b--"},
	} {
		read := func(size int) (root map[string]any, took int64) {
			m := message(c.open+strings.Repeat(c.one+c.between, size/len(c.one+c.between))+c.one+c.close, "Content-Type: "+c.kind)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			root = Root(m, room)
			runtime.GC()
			runtime.ReadMemStats(&after)
			took = int64(after.HeapAlloc) - int64(before.HeapAlloc)
			runtime.KeepAlive(m)
			return root, took
		}
		if root, took := read(8 << 20); took > room+16<<20 { // the text is a copy of the body
			t.Errorf("%s: 8 MiB took %d MiB", name, took>>20)
			_ = root["body"]
		}
		root, _ := read(64 << 10)
		if _, text := root["body"].(string); text && c.kind == "application/json" || root["form"] == nil && c.open == "" {
			t.Errorf("%s: 64 KiB were not read", name)
		}
	}
	b := Decode(message("[" + strings.Repeat("{},", 2<<20) + "0]"))
	b.Within(room)
	if _, err := b.JSON(); err == nil || err.Error() != "it needs too much memory: about 262 MiB, but only 32 MiB are available" {
		t.Error(err)
	}
}

func FuzzRoot(f *testing.F) {
	f.Add([]byte(`{"a":1}`), "application/json", "gzip", "/a?b=c")
	f.Add([]byte("a=b&c"), "application/x-www-form-urlencoded; charset=utf-16", "", "http://h/x?%")
	f.Add([]byte("--b\r\n\r\nx\r\n--b--"), "multipart/mixed; boundary=b", "br, deflate", "*")
	f.Fuzz(func(t *testing.T, body []byte, kind, coding, target string) {
		m := &signature.Message{Method: "POST", Target: target, Body: body, Headers: signature.Headers{{Name: "Content-Type", Value: kind}, {Name: "Content-Encoding", Value: coding}}}
		b := Decode(m)
		if len(b.Bytes) > max(MaxDecoded, len(body)) {
			t.Fatalf("%d bytes", len(b.Bytes))
		}
		if Plain(m) && !bytes.Equal(b.Bytes, body) {
			t.Fatalf("plain, and decoded otherwise: %q", b.Bytes)
		}
		if _, err := json.Marshal(Root(m, Ample)); err != nil {
			t.Fatal(err)
		}
	})
}

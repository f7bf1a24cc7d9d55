package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// steering are texts that make a terminal do something.
var steering = map[string]string{
	"clipboard":     "\x1b]52;c;aGk=\x07",
	"clear":         "\x1b[2J\x1b[1;1H",
	"colour":        "\x1b[31m",
	"bell":          "\a",
	"backspace":     "\b\b\b\b",
	"title":         "\x1b]0;forged\x1b\\",
	"C1":            "\u009b31m\u009d52;c;aGk=\u009c",
	"C1 byte":       "\x9b31m\x9d52;c;aGk=\x9c",
	"bidi override": "\u202eforged\u202c",
	"bidi isolate":  "\u2066forged\u2069\u200f",
	"delete":        "\x7f\x7f",
	"carriage":      "\rforged",
	"line":          "\nforged",
	"separators":    "\u2028forged\u0085forged",
	"vertical":      "\v\f",
}

// check wants that a text steers nothing.
func unsteered(t *testing.T, what, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: no UTF-8: %q", what, text)
	}
	if shown := terminal.Text(text); shown != text {
		t.Errorf("%s steers the terminal: %q", what, text)
	}
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "forged") {
			t.Errorf("%s: a stranger wrote a line: %q", what, text)
		}
	}
	if strings.Contains(text, "\u2028") {
		t.Errorf("%s: a line separator: %q", what, text)
	}
}

// outcome runs the program to its end, whatever its exit code.
func outcome(t *testing.T, stdin string, environ []string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	Main(t.Context(), args, World{
		Stdin: strings.NewReader(stdin), Stdout: terminal.NewWriter(&out), Stderr: terminal.NewWriter(&errs), Environ: func() []string { return environ },
	})
	return out.String() + errs.String()
}

func TestNothingSteersTheTerminal(t *testing.T) {
	t.Parallel()
	for name, payload := range steering {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steer(t, payload)
		})
	}
}

// steer plants a text in every field from outside of every command.
func steer(t *testing.T, payload string) {
	t.Helper()
	oneLine := strings.NewReplacer("\n", "", "\r", "").Replace(payload)
	quoted := func(s string) string { text, _ := json.Marshal(s); return string(text) }
	written := func(name, content string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Skip(err) // no such name here
		}
		return file
	}
	check := func(what, text string) {
		t.Helper()
		if text == "" {
			t.Errorf("%s: nothing was printed", what)
		}
		unsteered(t, what, text)
	}
	has := func(what, text, part string) {
		t.Helper()
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q is not in %q, so that this shows nothing", what, part, text)
		}
		check(what, text)
	}

	// A consumer, and one that is no HTTP.
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", strings.Map(printableASCII, "here"))
		w.WriteHeader(418)
		io.WriteString(w, "teapot "+payload)
	}))
	defer consumer.Close()
	broken := speaking(t, "HTTP/1.1 2x0 broken"+oneLine+"\r\n\r\n")
	badHeader := speaking(t, "HTTP/1.1 200 OK\r\nbroken"+oneLine+"\r\n\r\n")
	statused := speaking(t, "HTTP/1.1 503 broken"+oneLine+"\r\nContent-Length: 0\r\nX-A: b"+oneLine+"\r\n\r\n")
	// A server that is none.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(422)
		fmt.Fprintf(w, `{"title":%s,"status":422,"detail":%s}`, quoted(payload), quoted("refused "+payload))
	}))
	defer server.Close()

	for _, to := range []string{consumer.URL, broken, badHeader, statused} {
		for _, more := range [][]string{nil, {"--verbose"}, {"--json"}} {
			args := append([]string{"send", "neostore", "Pass:Installed", "--to", to, "--secret", "whsec_x"}, more...)
			check("send "+strings.Join(more, ""), outcome(t, "", nil, args...))
		}
		check("burst", outcome(t, "", nil, "burst", "neostore", "--to", to, "--count", "2", "--secret", "s"))
	}
	has("send, answer", outcome(t, "", nil, "send", "neostore", "Pass:Installed", "--to", consumer.URL, "--verbose"), "teapot")
	check("send, changed", outcome(t, "", nil, "send", "neostore", "Pass:Installed", "--to", consumer.URL, "--set", "/x"+payload+"=1", "--fault", "signature:"+payload))

	// Captures of a stranger.
	record := func(method, target string, headers ...[2]string) string {
		head := map[string]any{"method": []byte(method), "target": []byte(target), "version": []byte("HTTP/1.1")}
		lines := [][2][]byte{}
		for _, h := range headers {
			lines = append(lines, [2][]byte{[]byte(h[0]), []byte(h[1])})
		}
		head["headers"] = lines
		text, _ := json.Marshal(map[string]any{"id": "c1" + payload, "method": "", "target": "", "version": "HTTP/1.1", "headers": [][]string{}, "body": []byte("b" + payload), "head": head})
		return string(text) + "\n"
	}
	file := record("POST", "/in", [2]string{"Host", "h"}) + record("PO"+payload, "/t") + record("POST", "/t"+payload) + record("POST", "/t", [2]string{"X" + payload, "v"}) +
		record("POST", "/t", [2]string{"X", payload + "\n"}) + "broken " + payload + "\n" + `{"method":` + quoted(payload) + "}\n"
	for _, to := range []string{consumer.URL, broken} {
		has("replay", outcome(t, file, nil, "replay", "-", "--to", to, "--skip-invalid", "--keep-path"), "c1")
		check("replay --json", outcome(t, file, nil, "replay", "-", "--to", to, "--skip-invalid", "--json"))
	}
	retried := record("POST", "/t", [2]string{"webhook-id", payload}, [2]string{"Content-Type", payload}) + record("PUT", "/t?token="+oneLine, [2]string{"webhook-id", payload})
	has("check-provider", outcome(t, retried, nil, "check-provider", "-", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--all"), "exam of")
	check("check-provider, files", outcome(t, file, nil, "check-provider", "-", "--json", "-"))
	check("replay, refused", outcome(t, file, nil, "replay", "-", "--to", consumer.URL))
	check("burst --from", outcome(t, "", nil, "burst", "--from", written("a.jsonl", file), "--to", consumer.URL, "--count", "2", "--skip-invalid"))
	request := "PO" + oneLine + " /t" + oneLine + " HTTP/1.1\r\nX-A: " + oneLine + "\r\nbroken" + oneLine + "\r\n\r\n" + payload
	has("verify", outcome(t, request, nil, "verify", "neostore", "--secret", "s", "-"), "malformed")
	signed := "POST /t HTTP/1.1\r\nX-Neostore-Signature: t=1,v1=" + oneLine + "\r\nX-Signature: " + oneLine + "\r\n\r\n" + payload
	check("verify, wrong", outcome(t, signed, nil, "verify", "neostore", "--secret", "s"+payload, "-"))
	check("verify, JSON", outcome(t, signed, nil, "verify", "neostore", "--secret", "s", "--json", "-"))

	// What a server answers.
	for _, args := range [][]string{
		{"export", "b", "--format", "har"},
		{"export", payload, "--format", "raw"},
		{"import", "b", "-"},
		{"listen", "b"},
		{"check-provider", "b"},
		{"check-provider", "b", "--prepare"},
		{"healthcheck"},
		{"nodes"},
		{"nodes", "--json"},
		{"burst", "neostore", "--to", consumer.URL, "--count", "1"},
		{"run", written("s.yaml", scenario("s", ""))},
	} {
		check("--server, "+args[0], outcome(t, record("GET", "/in"), nil, append(args, "--server", server.URL)...))
		check("--server no HTTP, "+args[0], outcome(t, record("GET", "/in"), nil, append(args, "--server", broken)...))
	}

	// Words of the command line and the environment.
	for _, args := range [][]string{
		{payload},
		{"help", payload},
		{"show", payload},
		{"schema", payload},
		{"run", payload},
		{"run", "-" + payload},
		{"lint", payload},
		{"send", payload, "x", "--to", "http://127.0.0.1:1"},
		{"send", "neostore", payload, "--to", "http://127.0.0.1:1"},
		{"send", "neostore", "Pass:Installed", "--to", "http://127.0.0.1:1/" + payload},
		{"send", "neostore", "Pass:Installed", "--to", "https://" + url.PathEscape(payload) + ".invalid/"},
		{"events", payload},
		{"events", "neostore", payload},
		{"events", "--provider-dir", payload},
		{"verify", payload, "--secret", "s", "-"},
		{"verify", "neostore", "--secret", "s", payload},
		{"check-provider", payload},
		{"check-provider", "-", payload},
		{"check-provider", "-", "--skip", payload + "=" + payload},
		{"replay", payload, "--to", "http://127.0.0.1:1"},
		{"replay", "-", "--to", payload},
		{"export", "b", "--format", payload},
		{"export", "b", "--format", "har", "--secrets", payload},
		{"import", "b", payload},
		{"export", "b", "--format", "har", "--server", "http://127.0.0.1:1", "-o", payload + "/x"},
		{"burst", payload, "--to", "http://127.0.0.1:1"},
		{"burst", "neostore", "--to", "http://127.0.0.1:1", "--rate", payload},
		{"burst", "--from", payload, "--to", "http://127.0.0.1:1"},
		{"burst", "neostore", "--to", "http://127.0.0.1:1", "--on", payload, "--shards", "2"},
		{"worker", "--on", payload},
		{"worker", "--on", "postgres://127.0.0.1:1/" + url.PathEscape(payload)},
		{"worker", "--on", "postgres://127.0.0.1:1/x", "--allow-target", payload},
		{"serve", "--capture", payload, "--data", "memory"},
		{"serve", "--dashboard", payload, "--data", "memory"},
		{"serve", "--clock", payload, "--data", "memory"},
		{"listen", payload, "--capture", "127.0.0.1:0", "--provider", payload},
		{"completion", payload},
		{"--log-level", payload, "events"},
		{"send", "neostore", "Pass:Installed", "--to", "http://127.0.0.1:1", "--option", payload + "=1"},
		{"send", "neostore", "Pass:Installed", "--to", "http://127.0.0.1:1", "--body", payload},
	} {
		check(fmt.Sprintf("%q", args), outcome(t, "", nil, args...))
	}
	check("a variable", outcome(t, "", []string{"HOOKRIG_" + payload + "ZZZZ=1"}, "version"))
	check("the value of a variable", outcome(t, "", []string{"HOOKRIG_LOG_LEVEL=" + payload}, "events"))

	// Scenarios and providers of a stranger.
	if utf8.ValidString(payload) {
		played := scenario(payload, "state: {exec: [printf, "+quoted(strings.ReplaceAll(`"`+payload+`"`, "%", "%%"))+"]}\n  text: {exec: [sh, -c, "+quoted("printf '%s' '"+payload+"' >&2; exit 3")+"]}\n")
		play := written("p.yaml", played)
		for _, args := range [][]string{{"run", play}, {"run", play, play}, {"run", play, "--json", "-"}, {"run", play, "--junit", "-"}, {"run", play, "--html", "-"}, {"lint", play}, {"run", play, "--target", broken, "--secret", "s" + payload}} {
			check(fmt.Sprintf("%q", args), outcome(t, "", nil, args...))
		}
		check("lint", outcome(t, "", nil, "lint", written("l.yaml", "hookrig: 1\nname: x\n"+quoted("key"+payload)+": 1\nsteps: ["+quoted(payload)+"]\n")))
		has("events", outcome(t, "", nil, "events", "mine", "--provider-dir", strangersProvider(t, payload)), "assumed")
		unsteered(t, "lint, provider", outcome(t, "", nil, "lint", strangersProvider(t, payload)))
	}
	if !strings.Contains(payload, "/") {
		check("lint, the name of a file", outcome(t, "", nil, "lint", written("x"+payload+".yaml", "hookrig: 1\n")))
	}
	steerListen(t, payload, oneLine)
}

// What is logged steers nothing either, and holds no secret.
func TestLogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := World{Stderr: terminal.NewWriter(&out), Environ: func() []string { return nil }}
	cmd, _, err := newRoot(w).Find([]string{"events"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(nil); err != nil {
		t.Fatal(err)
	}
	log, err := logger(cmd, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range steering {
		log.Error("failed "+payload, "peer", payload, "error", errors.New("dial http://u:hush1@h/?token=hush2: "+payload), "token", "hush3")
	}
	unsteered(t, "log", out.String())
	if strings.Contains(out.String(), "hush") || !strings.Contains(out.String(), "REDACTED") {
		t.Errorf("a secret is logged:\n%s", out.String())
	}
}

// steerListen plants a text in what listen shows: on its own server, and on another.
func steerListen(t *testing.T, payload, oneLine string) {
	t.Helper()
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s := start(t, "listen", "inbox", "--server", server.DashboardURL(), "--body")
	line(t, s.err, `^listening on`)
	address := strings.TrimPrefix(server.CaptureURL(), "http://")
	bad := "P" + oneLine + " /inbox/x" + oneLine + " HTTP/1.1\r\nHost: h\r\nX-A: b" + oneLine + "\r\nbroken" + oneLine + "\r\n\r\n"
	body := "last" + payload + "\n06:06:51.313  forged\nend"
	good := fmt.Sprintf("POST /inbox/%s HTTP/1.1\r\nHost: h\r\nContent-Type: a%s\r\nX-B: %s\r\nContent-Length: %d\r\n\r\n%s", strings.ReplaceAll(oneLine, " ", ""), oneLine, oneLine, len(body), body)
	sendBytes(t, address, bad)
	sendBytes(t, address, good)
	var shown strings.Builder
	for !strings.Contains(shown.String(), "end\n") {
		text, err := s.out.ReadString('\n')
		if shown.WriteString(text); err != nil {
			t.Fatalf("%v: %q", err, shown.String())
		}
	}
	unsteered(t, "listen --body", shown.String())
	for l := range strings.Lines(shown.String()) {
		if strings.HasPrefix(l, "06:06:51.313") {
			t.Errorf("a body forged a line: %q", shown.String())
		}
	}
}

func sendBytes(t *testing.T, address, raw string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_, _ = io.ReadAll(conn)
}

// speaking answers every connection with the same bytes, and returns its URL.
func speaking(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buf := make([]byte, 64<<10)
				if _, err := conn.Read(buf); err == nil {
					_, _ = io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func printableASCII(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// scenario is one whose texts are a stranger's.
func scenario(name, effects string) string {
	text, _ := json.Marshal("said " + name)
	expect := ""
	if effects != "" {
		effects = "effects:\n  " + effects
		expect = "\n    expect:\n      - {effect: state, eventually: \"x\", within: 50ms}\n      - {effect: text, eventually: \"x\", within: 50ms}"
	}
	return "hookrig: 1\nname: a-scenario\ndescription: " + string(text) + "\ntarget: {bin: consumer}\nbins:\n  consumer: {}\n" + effects +
		"steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: once\n    deliver: {provider: neostore, event: \"Pass:Created\"}" + expect + "\n"
}

// strangersProvider is a folder of a stranger.
func strangersProvider(t *testing.T, payload string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mine")
	from := "../../fixtures/providers/ethpass"
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(from, path)
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dir, name), 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if name == "provider.yaml" {
			text, _ := json.Marshal("assumed " + payload)
			content = bytes.Replace(content, []byte("name: ethpass\n"), []byte("name: mine\n"), 1)
			content = bytes.Replace(content, []byte(`text: expireAction is USER_REVOKE; the document names no other value.`), []byte("text: "+string(text)), 1)
		}
		return os.WriteFile(filepath.Join(dir, name), content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Nothing of this package prints but through terminal.Writer, formatted by its Printf.
func TestAllIsPrintedThroughTheWriter(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{ // what else there is to reach an output by, and who does
		"os.Stdout": {"world"}, "os.Stderr": {"world"},
		"Exact": {"writeExport", "newEvents", "printCode"}, "Coloured": {"logger"}, "w.Stdout.File": {"width"},
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			within := ""
			if f, ok := decl.(*ast.FuncDecl); ok {
				within = f.Name.Name
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					name := n.Sel.Name
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "os" {
						name = "os." + name
					}
					if x, ok := n.X.(*ast.SelectorExpr); ok && name == "File" && (x.Sel.Name == "Stdout" || x.Sel.Name == "Stderr") {
						name = "w.Stdout.File"
					}
					x, _ := n.X.(*ast.Ident)
					if users, ok := allowed[name]; ok && !slices.Contains(users, within) {
						t.Errorf("%s: %s uses %s: only %v may; print with Printf of w.Stdout or w.Stderr", file, within, name, users)
					}
					if x != nil && (x.Name == "fmt" && (strings.HasPrefix(name, "Print") || strings.HasPrefix(name, "Fprint")) || x.Name == "log") {
						t.Errorf("%s: %s uses %s.%s: print with Printf of w.Stdout or w.Stderr, or of a terminal.Builder", file, within, x.Name, name)
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
						t.Errorf("%s: %s uses %s", file, within, f.Name)
					}
					if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Printf" && len(n.Args) > 0 {
						if lit, constant := n.Args[0].(*ast.BasicLit); !constant || lit.Kind != token.STRING {
							if name, ok := n.Args[0].(*ast.Ident); !ok || name.Name != "serveHint" {
								t.Errorf("%s: %s: the format of Printf is no constant: it would be let through", file, within)
							}
						}
					}
				}
				return true
			})
		}
	}
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/cmd/hookrig/internal/markdown"
	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// Every command of the manual does what the page says, page by page, in the order of the page, with
// the files of the page. The ports that pages name may be in use: others replace them.
func TestManualCommandsRun(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	for _, page := range topics() {
		t.Run(page.name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			for _, b := range page.page.Blocks() {
				r.block(b)
			}
		})
	}
}

// pageReader follows a page in an empty folder.
type pageReader struct {
	*testing.T
	dir       string
	env       []string
	addresses map[string]string // by the address in the page
	serving   *exec.Cmd
}

func newReader(t *testing.T) *pageReader {
	t.Helper()
	dir := t.TempDir()
	consumer := httptest.NewServer(http.HandlerFunc(consume))
	t.Cleanup(consumer.Close)
	return &pageReader{
		T: t, dir: dir, env: []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")},
		addresses: map[string]string{"127.0.0.1:3000": strings.TrimPrefix(consumer.URL, "http://")},
	}
}

// consume is the consumer of the manual: at /any it takes everything, elsewhere what neostore
// signed with the secret S. It tells the state of each pass.
func consume(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case r.URL.Path == "/any":
		return
	case strings.HasPrefix(r.URL.Path, "/passes/"):
		_, _ = io.WriteString(w, `{"status": "installed"}`)
		return
	}
	m := signature.Message{Method: r.Method, Target: r.RequestURI, Body: body}
	for name, values := range r.Header {
		for _, value := range values {
			m.Headers = append(m.Headers, signature.Header{Name: name, Value: value})
		}
	}
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil || p.Signing.Verify(m, signature.Context{}, "S").Verdict != signature.Valid {
		http.Error(w, "bad signature", http.StatusUnauthorized)
		return
	}
	if !json.Valid(body) {
		http.Error(w, "no JSON", http.StatusBadRequest)
	}
}

// block writes the file that a block is, or runs its commands.
func (r *pageReader) block(b markdown.Block) {
	r.Helper()
	if name, ok := strings.CutPrefix(b.Marker, "file: "); ok {
		file := filepath.Join(r.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			r.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.Code), 0o600); err != nil {
			r.Fatal(err)
		}
		return
	}
	switch {
	case b.Marker == "steps":
		r.steps(b)
	case b.Marker == "workflow":
		r.workflow(b)
	case b.Language == "sh" && b.Marker == "":
		for _, c := range commandsOf(b.Code) {
			r.run(c)
		}
	}
}

// command is a command of a page, and what the page says of it.
type command struct{ text, says string }

var inlineComment = regexp.MustCompile(`\s{2,}# (.*)$`)

// commandsOf reads the commands of a block. A comment is about the command before it.
func commandsOf(block string) []command {
	var list []command
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", "")) {
		line = strings.TrimSpace(line)
		switch says, isComment := strings.CutPrefix(line, "# "); {
		case line == "":
		case isComment && len(list) > 0:
			list[len(list)-1].says = says
		default:
			c := command{text: line}
			if m := inlineComment.FindStringSubmatchIndex(line); m != nil {
				c = command{line[:m[0]], line[m[2]:m[3]]}
			}
			list = append(list, c)
		}
	}
	return list
}

func (r *pageReader) replaced(text string) string {
	for from, to := range r.addresses {
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

// shell is a command of a shell, in the folder of the page.
func (r *pageReader) shell(ctx context.Context, text string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", r.replaced(text))
	cmd.Dir, cmd.Env = r.dir, append(append(cmd.Env, r.env...), env...)
	if strings.HasPrefix(text, "hookrig export") { // which asks the server of the page
		cmd.Env = append(cmd.Env, "HOOKRIG_SERVER=http://"+r.addresses["127.0.0.1:8080"])
	}
	return cmd
}

// run runs one command.
func (r *pageReader) run(c command, env ...string) {
	r.Helper()
	if c.says == "goes on" {
		r.begin(c.text)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	cmd := r.shell(ctx, c.text, env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.Fatalf("%s: %v", c.text, err)
	}
	exit, text := wanted(c)
	if code := cmd.ProcessState.ExitCode(); code != exit || !strings.Contains(string(out), text) {
		r.Errorf("%s\nexit code %d, want %d and %q:\n%s", c.text, code, exit, text, out)
	}
}

// wanted is what a comment says of a command: its exit code, and a text that it prints.
func wanted(c command) (exit int, text string) {
	if strings.HasPrefix(c.says, "exit 1") || strings.HasPrefix(c.says, "← 4") && !strings.Contains(c.text, "--expect") {
		exit = exitFailed
	}
	if strings.HasPrefix(c.says, "exit 3") {
		exit = exitInconclusive
	}
	_, quoted, ok := strings.Cut(c.says, `prints "`)
	switch {
	case ok:
		text = quoted[:strings.LastIndex(quoted, `"`)]
	case strings.HasPrefix(c.says, "← "), c.says == "passed":
		text = c.says
	}
	return exit, text
}

var (
	captureLine   = regexp.MustCompile(`^capture +http://([^/]+)/`)
	dashboardLine = regexp.MustCompile(`^(?:dashboard|dashboard) +http://(\S+)`)
)

// begin starts a command that goes on until the page ends, or until the page starts another server.
func (r *pageReader) begin(text string) {
	r.Helper()
	serves := strings.HasPrefix(text, "hookrig serve")
	if serves {
		if r.serving != nil {
			r.stop(r.serving)
		}
		if !strings.Contains(text, "--data ") {
			text += " --data memory"
		}
		text += " --capture 127.0.0.1:0 --dashboard 127.0.0.1:0"
	}
	cmd := r.shell(context.WithoutCancel(r.Context()), "exec "+text+" 2>&1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	if serves {
		r.serving = cmd
	}
	r.Cleanup(func() { r.stop(cmd) })
	r.ready(text, out, serves)
}

// ready reads what a command prints until it is ready, and drops what it prints then.
func (r *pageReader) ready(text string, out io.Reader, serves bool) {
	r.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := captureLine.FindStringSubmatch(lines.Text()); m != nil {
			r.addresses["127.0.0.1:8081"] = m[1]
		}
		if m := dashboardLine.FindStringSubmatch(lines.Text()); m != nil {
			r.addresses["127.0.0.1:8080"] = m[1]
		}
		if !serves && strings.Contains(lines.Text(), "http://") || serves && strings.HasPrefix(lines.Text(), "see both:") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	r.Fatalf("%s ended before it was ready", text)
}

// stop ends a command that goes on.
func (r *pageReader) stop(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
}

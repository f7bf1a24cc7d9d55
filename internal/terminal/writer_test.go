package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/internal/terminal"
)

type word string

func TestSprintf(t *testing.T) {
	t.Parallel()
	const bad = "a\x1b[31m\nb\t\x9b\u009b\u202e\u2028\x7f"
	const line = `a\u001b[31m\nb\t\x9b\u009b\u202e\u2028\u007f`
	for name, c := range map[string]struct{ got, want string }{
		"text":      {terminal.Sprintf("<%s>\n", bad), "<" + line + ">\n"},
		"of a type": {terminal.Sprintf("%s", word(bad)), line},
		"error":     {terminal.Sprintf("%v", errors.New(bad)), line},
		"bytes":     {terminal.Sprintf("%s", []string{bad}), "[" + line + "]"},
		"lines":     {terminal.Sprintf("%s", terminal.Lines(bad)), "a\\u001b[31m\nb\t\\x9b\\u009b\\u202e\\u2028\\u007f"},
		"numbers":   {terminal.Sprintf("%-4d|%.1f|%v|%t", 7, 1.25, time.Second, true), "7   |1.2|1s|true"},
		"paint":     {terminal.Sprintf("%s", terminal.Paint{Code: "31", Word: "failed" + bad}), "\x1b[31mfailed" + line + "\x1b[0m"},
		"no paint":  {terminal.Sprintf("%s", terminal.Paint{Code: "31m\x1b]0;x", Word: "w"}), "w"},
		"letters":   {terminal.Sprintf("%s", "é 😀 עברית 日本 \\u001b"), "é 😀 עברית 日本 \\u001b"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}

// TestWriter writes text in pieces of all sizes: control characters are escaped, other text is
// unchanged, and JSON stays the same JSON.
func TestWriter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[\x00-\x{9f}\x{202a}-\x{202e}\x{2066}é😀]{0,20}`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		var out bytes.Buffer
		w := terminal.NewWriter(&out)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if wrote, err := io.WriteString(w, rest[:n]); wrote != n || err != nil {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		if err := w.Err(); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != terminal.Text(text) || !utf8.ValidString(got) || terminal.Text(got) != got {
			t.Fatalf("%q became %q", text, got)
		}
		out.Reset()
		if err := w.JSON(map[string]string{"a": text}, "  "); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["a"] != strings.ToValidUTF8(strings.Map(func(r rune) rune { return r }, text), "\ufffd") && utf8.ValidString(text) {
			t.Fatalf("%v: %q became %q", err, text, out.String())
		}
		if terminal.Text(out.String()) != out.String() {
			t.Fatalf("JSON steers: %q", out.String())
		}
	})
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	const bad = "a\x1b]0;x\x07\x1b[31mb"
	var out bytes.Buffer
	w := terminal.NewWriter(&out)
	if terminal.NewWriter(w) != w {
		t.Error("a writer to a writer would escape colours")
	}
	io.WriteString(w.Exact(), bad)
	if out.String() != bad {
		t.Errorf("%q: what goes to no terminal is exact", out.String())
	}
	out.Reset()
	io.WriteString(w.Coloured(), bad)
	if want := "a\\u001b]0;x\\u0007\x1b[31mb"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as terminals are
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if shown := terminal.NewWriter(device); shown.Exact() != io.Writer(shown) {
		t.Error("a terminal gets exact bytes")
	}
}

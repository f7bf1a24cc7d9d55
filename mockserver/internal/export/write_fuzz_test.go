package export_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FuzzWrite writes any request in every format. The Go test must be valid Go, and in a script all
// captured text must be quoted.
func FuzzWrite(f *testing.F) {
	f.Add("POST", "/inbox?x='\"$(id)`id`", "X-A", "1\r\n", []byte("{\"a\": 1}"))
	f.Add("\n", "a b", "", "\xff", []byte{0, 1, 2, 255})
	f.Fuzz(func(t *testing.T, method, target, name, value string, body []byte) {
		c := journal.Capture{
			Message: wire.Message{Method: method, Target: target, Version: "HTTP/1.1", Headers: signature.Headers{{Name: "Host", Value: "h"}, {Name: name, Value: value}}, Body: body},
			ID:      "c00000007", Bin: "inbox", Seq: 7, At: time.Unix(1e9, 0).UTC(), Problems: []string{},
		}
		for _, format := range export.Formats() {
			var b bytes.Buffer
			if err := format.Write(&b, all([]journal.Capture{c}), export.Options{Name: "inbox", KeepSecrets: true}); err != nil {
				continue // the format cannot contain it
			}
			switch format.Name {
			case "go":
				if _, err := parser.ParseFile(token.NewFileSet(), "x.go", b.Bytes(), 0); err != nil {
					t.Fatalf("%v\n%s", err, b.String())
				}
			case "curl":
				if rest := unquoted(b.String()); strings.ContainsAny(rest, "$`;&<>") {
					t.Fatalf("not quoted: %q in\n%s", rest, b.String())
				}
			}
		}
	})
}

// unquoted returns the parts of a script outside of comments and single quotes, without those that
// the script needs.
func unquoted(script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		out.WriteString(line)
	}
	// '\'' is an escaped quote.
	parts := strings.Split(strings.ReplaceAll(out.String(), `'\''`, ""), "'")
	out.Reset()
	for i := 0; i < len(parts); i += 2 {
		out.WriteString(parts[i])
	}
	// A part of the script.
	text := regexp.MustCompile(`"\$\{TO:-http://[A-Za-z0-9.:\[\]-]*\}/"`).ReplaceAllString(out.String(), "")
	return strings.NewReplacer(" && ", " ", " | ", " ", "$?", "", "|| exit", "").Replace(text)
}

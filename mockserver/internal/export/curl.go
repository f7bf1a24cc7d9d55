package export

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// curlFormat returns the format of a shell script that sends the captures with curl.
func curlFormat() Format {
	return Format{
		Name: "curl", Text: "a POSIX shell script of curl commands", MediaType: "application/x-sh", Extension: ".sh",
		Many: true, write: writeCurl,
	}
}

// maxArgument is the largest body, in bytes, in a command-line argument. Systems allow about 128
// KiB.
const maxArgument = 32 << 10

func writeCurl(w io.Writer, captures records, o *Options) error {
	first := true
	for c, err := range captures {
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if first {
			b.WriteString("#!/bin/sh\n# Captured requests to " + comment(o.Name) + ". TO=http://HOST:PORT sends them elsewhere.\n")
			first = false
		}
		curl(&b, &c)
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// curl writes the command that sends a capture with exactly its header lines, in their order and
// case.
func curl(b *bytes.Buffer, c *record) {
	fmt.Fprintf(b, "\n# %s: %s %s, %d bytes\n", comment(c.ID), comment(c.Method), comment(c.Target), len(c.Body))
	if len(c.redacted) > 0 {
		fmt.Fprintf(b, "# %s\n", c.redactions())
	}
	if why := unsendable(&c.Capture); why != "" {
		fmt.Fprintf(b, "# skipped: %s\n", why)
		return
	}
	piped := len(c.Body) > maxArgument || !plain(c.Body)
	if piped {
		b.WriteString("printf '")
		printf(b, c.Body)
		b.WriteString("' |\n")
	}
	b.WriteString("curl -sS")
	if c.Version == "HTTP/1.0" {
		b.WriteString(" --http1.0")
	} else {
		b.WriteString(" --http1.1")
	}
	if c.Method == "HEAD" && len(c.Body) == 0 {
		b.WriteString(" --head")
	} else {
		b.WriteString(" -X " + quote(c.Method))
	}
	fmt.Fprintf(b, " --request-target %s", quote(c.Target))
	// An empty first line removes the header line that curl would add. The lines after it are sent.
	b.WriteString(" -H 'Host:'")
	for _, name := range []string{"User-Agent", "Accept", "Content-Type", "Content-Length", "Expect"} {
		if _, has := c.Headers.Lookup(name); !has {
			fmt.Fprintf(b, " -H '%s:'", name)
		}
	}
	for _, h := range c.Headers {
		b.WriteString(" \\\n  -H ")
		if h.Value == "" {
			b.WriteString(quote(h.Name + ";"))
		} else {
			b.WriteString(quote(h.Name + ": " + h.Value))
		}
	}
	switch {
	case piped:
		b.WriteString(" \\\n  --data-binary @-")
	case len(c.Body) > 0:
		b.WriteString(" \\\n  --data-raw " + quote(string(c.Body)))
	}
	fmt.Fprintf(b, " \\\n  \"${TO:-%s}/\"\n", origin(&c.Capture))
}

// unsendable says why curl cannot send a capture, or returns "".
func unsendable(c *journal.Capture) string {
	head := c.Method + c.Target
	for _, h := range c.Headers {
		head += h.Name + h.Value
	}
	switch {
	case c.Method == "" || c.Target == "" || strings.ContainsAny(c.Method+c.Target, " \t"):
		return "its request line is malformed"
	case strings.ContainsAny(head, "\x00\r\n"):
		return "its head contains a byte that is not allowed in an argument"
	case c.Version != "HTTP/1.0" && c.Version != "HTTP/1.1":
		return "curl does not send this version of HTTP"
	}
	return ""
}

// origin returns the URL that a capture was sent to, without characters that are special in a
// shell. If the Host line is missing or unusable, it returns the default capture address.
func origin(c *journal.Capture) string {
	host := c.Headers.Get("Host")
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" {
		return "http://127.0.0.1:8081"
	}
	for _, r := range u.Hostname() {
		if !(r == '.' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') && net.ParseIP(u.Hostname()) == nil {
			return "http://127.0.0.1:8081"
		}
	}
	return "http://" + host
}

// plain reports whether text can be used as an argument without escapes.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// quote quotes text for a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// printf writes text as the format of printf in single quotes.
func printf(b *bytes.Buffer, text []byte) {
	for _, c := range text {
		switch {
		case c == '%':
			b.WriteString("%%")
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\'':
			b.WriteString(`'\''`)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
}

// comment returns text for a comment: in one line and truncated.
func comment(text string) string {
	var b strings.Builder
	for _, r := range text {
		if b.Len() > 200 {
			b.WriteString("…")
			break
		}
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffd' {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

package redact

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Text returns a text without its secrets: in URLs, pairs such as token=…, lines such as "Cookie:
// …", after Bearer and Basic, PEM private keys, JSON members and XML elements.
func Text(text string) string { return (&Pass{}).Text(text) }

// URL returns a URL or request target without its secrets.
func URL(address string) string { return (&Pass{}).URL(address) }

// URLs returns a trusted text without the secrets of the URLs in it.
func URLs(text string) string { return (&Pass{}).urls(text) }

// Line returns a header line, even a malformed one, without its secret. A line that begins with
// white space continues an unknown line, so all of it is redacted.
func Line(line string) string { return (&Pass{}).Line(line) }

// Below returns a malformed line of a head without its secrets. nameAbove is the name of the header
// line above it, or "". If the line has no name or begins with white space, it may continue that
// one.
func Below(nameAbove, line string) string {
	trimmed := strings.TrimLeft(line, " \t")
	if trimmed != "" && Name(nameAbove) && (trimmed != line || !strings.Contains(line, ":")) {
		return line[:len(line)-len(trimmed)] + Word
	}
	return line[:len(line)-len(trimmed)] + Line(trimmed)
}

// Quoted returns a trusted text in which quoted parts are input. It redacts each part as a line or
// a text and quotes it again.
func Quoted(text string) string { return (&Pass{}).Quoted(text) }

// deepest bounds nesting, such as JSON in a form in JSON.
const deepest = 5

// Text is like the function Text, and records what it redacts.
func (p *Pass) Text(text string) string {
	if !strings.ContainsAny(text, ":=<% ") {
		return text
	}
	text = p.pem(text)
	if strings.Contains(text, `"`) && strings.Contains(text, ":") {
		text = string(p.json([]byte(text), false))
	}
	text = p.elements(text)
	text = p.urls(text)
	text = p.lines(text)
	text = p.schemes(text)
	return p.equations(text)
}

// value redacts the value of a member, a field or a header line.
func (p *Pass) value(text string) string {
	if p.depth >= deepest || len(text) < len("a=b") {
		return text
	}
	p.depth++
	defer func() { p.depth-- }()
	return string(p.untyped([]byte(text)))
}

// escaped redacts the value of a field in a query or form.
func (p *Pass) escaped(value string) string {
	plain, err := url.QueryUnescape(value)
	if err != nil {
		plain = value
	}
	if changed := p.value(plain); changed != plain {
		return url.QueryEscape(changed)
	}
	return value
}

var pemKey = regexp.MustCompile(`-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z ]*)-----`)

func (p *Pass) pem(text string) string {
	if !strings.Contains(text, "PRIVATE KEY") {
		return text
	}
	var b strings.Builder
	for {
		at := pemKey.FindStringIndex(text)
		if at == nil {
			return b.String() + text
		}
		rest := text[at[1]:]
		end := strings.Index(rest, "-----END")
		if end < 0 {
			end = len(rest)
		}
		b.WriteString(text[:at[1]] + p.took("private key", rest[:end]))
		text = rest[end:]
	}
}

var element = regexp.MustCompile(`<([A-Za-z_][\w.:-]{0,100})(?:\s[^<>]{0,1000})?>([^<]+)`)

// elements redacts XML elements.
func (p *Pass) elements(text string) string {
	if !strings.Contains(text, "</") {
		return text
	}
	var b strings.Builder
	from := 0
	for _, at := range element.FindAllStringSubmatchIndex(text, -1) {
		if content := text[at[4]:at[5]]; p.is(text[at[2]:at[3]], anywhere) && strings.TrimSpace(content) != "" && text[at[4]-2] != '/' {
			b.WriteString(text[from:at[4]] + p.took(text[at[2]:at[3]], content))
			from = at[5]
		}
	}
	return b.String() + text[from:]
}

// urls redacts the URLs in a text.
func (p *Pass) urls(text string) string {
	const between = "://"
	if !strings.Contains(text, between) {
		return text
	}
	var b strings.Builder
	for {
		at := strings.Index(text, between)
		if at < 0 {
			return b.String() + text
		}
		begin := at
		for begin > 0 && isSchemeByte(text[begin-1]) {
			begin--
		}
		end := at + len(between)
		for end < len(text) && !isURLEnd(text[end]) {
			end++
		}
		b.WriteString(text[:begin] + p.URL(text[begin:end]))
		text = text[end:]
	}
}

func isSchemeByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

func isURLEnd(c byte) bool {
	return c <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c == 0x7f
}

var headLine = regexp.MustCompile(`(?m)(^|[\r\n])([ \t]*(?:- )?["']?)([A-Za-z][A-Za-z0-9_.-]{0,100})(["']?[ \t]*:[ \t]*)([^\r\n]+)`)

// lines redacts lines such as "Cookie: …" in a head, a log or YAML.
func (p *Pass) lines(text string) string {
	if !strings.Contains(text, ":") {
		return text
	}
	var b strings.Builder
	from := 0
	for _, at := range headLine.FindAllStringSubmatchIndex(text, -1) {
		name, value := text[at[6]:at[7]], text[at[10]:at[11]]
		if !strings.HasPrefix(value, "//") && p.is(name, anywhere) {
			b.WriteString(text[from:at[10]] + p.hidden(name, value))
			from = at[11]
		}
	}
	return b.String() + text[from:]
}

var bearer = regexp.MustCompile(`(?i)\b(bearer|basic)[ \t]+([A-Za-z0-9+/._~=-]+)`)

// schemes redacts what follows Bearer or Basic, unless it is a plain word.
func (p *Pass) schemes(text string) string {
	var b strings.Builder
	from := 0
	for _, at := range bearer.FindAllStringSubmatchIndex(text, -1) {
		credential := text[at[4]:at[5]]
		parameter := strings.HasSuffix(credential, "=") && at[5] < len(text) && text[at[5]] == '"'
		if credential == Word || parameter || len(credential) < 24 && !strings.ContainsAny(credential, "0123456789+/_~=") {
			continue
		}
		b.WriteString(text[from:at[4]] + p.took(text[at[2]:at[3]], credential))
		from = at[5]
	}
	return b.String() + text[from:]
}

// equations redacts pairs such as token=…. After "?" or "&" the names of secrets in URLs count.
func (p *Pass) equations(text string) string {
	var b strings.Builder
	from := 0
	for at := 0; at < len(text); {
		sign, width := nextEquals(text, at)
		if sign < 0 {
			break
		}
		at = sign + width
		begin := sign
		for begin > from && sign-begin < longestName && isNameByte(text[begin-1]) {
			begin--
		}
		where := anywhere
		if begin > 0 && (text[begin-1] == '?' || text[begin-1] == '&') {
			where = inURL
		}
		name := unescape(text[begin:sign])
		if !p.is(name, where) || at == len(text) {
			continue
		}
		end, quote := at, text[at]
		switch {
		case quote == '"' || quote == '\'':
			at++
			for end = at; end < len(text) && text[end] != quote && text[end] != '\n' && text[end] != '\r'; end++ {
				if text[end] == '\\' && end+1 < len(text) {
					end++
				}
			}
		default:
			for end < len(text) && text[end] > ' ' && strings.IndexByte("&\"'<>", text[end]) < 0 {
				end++
			}
		}
		end = min(end, len(text))
		if value := text[at:end]; value != "" && value != Word {
			b.WriteString(text[from:at] + p.took(name, value))
			from = end
		}
		at = end
	}
	return b.String() + text[from:]
}

// nextEquals returns the position and width of the next "=" or "%3D", or -1.
func nextEquals(text string, at int) (sign, width int) {
	for i := at; i < len(text); i++ {
		if text[i] == '=' {
			return i, 1
		}
		if text[i] == '%' && i+2 < len(text) && text[i+1] == '3' && text[i+2]|0x20 == 'd' {
			return i, 3
		}
	}
	return -1, 0
}

func isNameByte(c byte) bool {
	return isSchemeByte(c) && c != '+' || c == '_' || c == '[' || c == ']' || c == '%'
}

func unescape(name string) string {
	if plain, err := url.QueryUnescape(name); err == nil {
		return plain
	}
	return name
}

// Line is like the function Line, and records what it redacts.
func (p *Pass) Line(line string) string {
	trimmed := strings.TrimLeft(line, " \t")
	if trimmed == "" {
		return line
	}
	if trimmed != line {
		return line[:len(line)-len(trimmed)] + p.took("a folded line", trimmed)
	}
	end := strings.IndexAny(line, ":=, \t")
	if end < 0 || strings.IndexByte("{[<", line[0]) >= 0 || !p.is(strings.Trim(line[:end], `"'`), anywhere) && !p.Headers[strings.ToLower(line[:end])] {
		return p.Text(p.targets(line))
	}
	name := line[:end]
	for end < len(line) && strings.IndexByte(":=, \t", line[end]) >= 0 {
		end++
	}
	if end == len(line) {
		return line
	}
	return line[:end] + p.hidden(strings.Trim(name, `"'`), line[end:])
}

// targets redacts parts of a line that may be a request target.
func (p *Pass) targets(line string) string {
	parts := strings.Split(line, " ")
	for i, part := range parts {
		if strings.HasPrefix(part, "/") || strings.Contains(part, "@") {
			parts[i] = p.URL(part)
		}
	}
	return strings.Join(parts, " ")
}

// Quoted is like the function Quoted, and records what it redacts.
func (p *Pass) Quoted(text string) string {
	const longest = 64 << 10 // trusted texts are shorter
	if len(text) > longest {
		return p.Text(text)
	}
	var b strings.Builder
	rest := text
	for {
		at := strings.IndexAny(rest, "\"`")
		if at < 0 {
			break
		}
		quoted, err := strconv.QuotedPrefix(rest[at:])
		if err != nil {
			b.WriteString(rest[:at+1])
			rest = rest[at+1:]
			continue
		}
		plain, _ := strconv.Unquote(quoted) // QuotedPrefix has checked it
		shown := quoted
		if changed := p.Line(plain); changed != plain {
			shown = strconv.Quote(changed)
		}
		b.WriteString(rest[:at] + shown)
		rest = rest[at+len(quoted):]
	}
	text = b.String() + rest
	text = p.urls(text)
	text = p.schemes(text)
	return p.equations(text)
}

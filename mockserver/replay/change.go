package replay

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// ErrInvalid: a change cannot be made. Errors that wrap it quote what was asked for and say what was expected.
var ErrInvalid = errors.New("invalid change")

// Change says what of a request is to be different when it is sent again. The zero Change changes nothing.
type Change struct {
	// Method of the request line; "" leaves it.
	Method string
	// Body in the place of the captured one; nil leaves it.
	Body []byte
	// Set overwrites members of the JSON body; its other bytes stay.
	Set []fixtures.Setting
	// Headers give header lines other values, or remove them; see Header.
	Headers []Header
	// Resign makes the signature anew; nil leaves that of the capture, stale or wrong as it may be by now.
	Resign *Resign
}

// Header is a change of the header lines of a name. The first change of a name replaces all its lines by one, in the place of
// the first; each further one adds a line.
type Header struct {
	Name  string
	Value *string // nil removes the lines
}

// Resign says how to sign: with the scheme of the provider, stamped with the time of sending.
type Resign struct {
	Provider *fixtures.Provider
	Secrets  []string // newest first
	// URL as it is registered, for schemes that sign it; "" is the address that is sent to.
	URL string
	// ID of the event, for schemes that sign it; "" is what the request says.
	ID string
}

// Apply returns the request that goes to the absolute URL to, made of the captured m. captured is when m was, now is when it
// is sent. m itself is not changed. Errors wrap ErrInvalid.
func (c *Change) Apply(m wire.Message, to string, captured, now time.Time) (wire.Message, error) {
	address, err := url.Parse(to)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return m, fmt.Errorf("%w: url %q: want an absolute URL, as in http://127.0.0.1:3000/hooks", ErrInvalid, to)
	}
	m = m.Clone()
	if c.Method != "" {
		if !token(c.Method) {
			return m, fmt.Errorf("%w: method %q: want a word such as POST", ErrInvalid, c.Method)
		}
		m.Method = c.Method
	}
	length := len(m.Body)
	if c.Body != nil {
		m.Body = c.Body
	}
	if m.Body, err = fixtures.SetMembers(m.Body, c.Set...); err != nil {
		return m, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	readdress(&m, address)
	if _, stated := m.Headers.Lookup("Content-Length"); len(m.Body) != length || len(m.Body) > 0 && !stated {
		setLength(&m) // without one, as HTTP/2 and requests typed by hand are, a body would not be read
	}
	if err := c.headers(&m); err != nil {
		return m, err
	}
	if c.Resign == nil {
		return m, nil
	}
	signed := len(m.Body)
	if err := c.Resign.sign(&m, to, captured, now); err != nil {
		return m, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(m.Body) != signed {
		setLength(&m)
	}
	return m, nil
}

func (c *Change) headers(m *wire.Message) error {
	seen := map[string]bool{}
	for _, h := range c.Headers {
		if !token(h.Name) {
			return fmt.Errorf("%w: header %q: want a name such as X-Test", ErrInvalid, h.Name)
		}
		lower := strings.ToLower(h.Name)
		switch {
		case h.Value == nil:
			m.Headers.Del(h.Name)
		case strings.ContainsAny(*h.Value, "\r\n\x00"):
			return fmt.Errorf("%w: header %s: %q: a value is one line", ErrInvalid, h.Name, *h.Value)
		case seen[lower]:
			m.Headers.Add(h.Name, *h.Value)
		default:
			m.Headers.Set(h.Name, *h.Value)
		}
		seen[lower] = true
	}
	return nil
}

// readdress puts m on its way to another address.
func readdress(m *wire.Message, to *url.URL) {
	m.Target = to.RequestURI()
	m.Version = "HTTP/1.1"
	set(&m.Headers, "Host", to.Host)
	if strings.Contains(strings.ToLower(m.Headers.Get("Transfer-Encoding")), "chunked") {
		m.Headers.Del("Transfer-Encoding")
		set(&m.Headers, "Content-Length", strconv.Itoa(len(m.Body)))
	}
	m.Headers.Del("Expect") // it asked for a pause that was had already
}

// setLength says how long the body is by now.
func setLength(m *wire.Message) { set(&m.Headers, "Content-Length", strconv.Itoa(len(m.Body))) }

// set gives a header line another value; its place and the case of its name stay.
func set(headers *signature.Headers, name, value string) {
	for i := range *headers {
		if line := &(*headers)[i]; strings.EqualFold(line.Name, name) {
			line.Value = value
			return
		}
	}
	headers.Add(name, value)
}

// sign gives m a signature made now. A header line that is there keeps its place and the case of its name.
func (r *Resign) sign(m *wire.Message, to string, captured, now time.Time) error {
	if len(r.Provider.Signing.Signatures) == 0 {
		return fmt.Errorf("%s signs nothing: no document says how", r.Provider.Name)
	}
	about := signature.Context{
		ID: r.ID, URL: to, RegisteredURL: r.URL, Time: now, EventTime: captured,
	}
	if about.RegisteredURL == "" {
		about.RegisteredURL = to
	}
	if about.ID == "" {
		about.ID = r.eventID(*m)
	}
	before := m.Headers
	m.Headers = slices.Clone(before)
	if err := r.Provider.Signing.Sign(m, about, r.Secrets...); err != nil {
		return fmt.Errorf("sign as %s does: %w", r.Provider.Name, err)
	}
	for _, s := range r.Provider.Signing.Signatures {
		for _, e := range s.Emit {
			keepCase(m.Headers, before, e.Header)
		}
	}
	return nil
}

// keepCase writes the name of a header line as it was written before.
func keepCase(headers, before signature.Headers, name string) {
	is := func(line signature.Header) bool { return strings.EqualFold(line.Name, name) }
	old, now := slices.IndexFunc(before, is), slices.IndexFunc(headers, is)
	if old >= 0 && now >= 0 {
		headers[now].Name = before[old].Name
	}
}

// eventID is the id that the request carries already: in the header line for it, or in its body.
func (r *Resign) eventID(m wire.Message) string {
	for _, s := range r.Provider.Signing.Signatures {
		for _, e := range s.Emit {
			if id, ok := m.Headers.Lookup(e.Header); ok && e.Header != "" && e.Value == "${id}" {
				return id
			}
		}
	}
	e, _ := r.Provider.Recognise(m)
	return e.ID
}

// token says whether text can be a method or a header's name: RFC 9110 §5.6.2.
func token(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return text != ""
}

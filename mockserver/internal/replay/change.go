package replay

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// ErrInvalid: a change cannot be made. Errors that wrap it quote what was asked for and say what was expected.
var ErrInvalid = errors.New("invalid change")

// Change says what of a request is to be different when it is sent again. The zero Change changes nothing.
type Change struct {
	// KeepPath joins the recorded path and query to those of the address that is sent to; see Target. Without it the address's count alone.
	KeepPath bool
	// Bin is the name of the bin that recorded the request: KeepPath leaves it out of the path. "" is none.
	Bin string
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

// Apply returns the request that goes to the absolute URL to, made of the captured m. captured is when m was, zero when that is not known;
// now is when it is sent. m itself is not changed. What is sent ends where its head says, unless a header change says otherwise: the notes say
// in words what of the recorded head was corrected or left out for that; see wire.Refit. Errors wrap ErrInvalid.
func (c *Change) Apply(m wire.Message, to string, captured, now time.Time) (sent wire.Message, notes []string, err error) {
	address, err := url.Parse(to)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return m, nil, fmt.Errorf("%w: url %q: want an absolute URL, as in http://127.0.0.1:3000/hooks", ErrInvalid, to)
	}
	m = m.Clone()
	if c.Method != "" {
		if !httpguts.ValidHeaderFieldName(c.Method) {
			return m, nil, fmt.Errorf("%w: method %q: want a word such as POST", ErrInvalid, c.Method)
		}
		m.Method = c.Method
	}
	c.readdress(&m, address)
	notes = wire.Refit(&m)
	if c.Body != nil {
		m.Body = c.Body
		wire.SetLength(&m)
	}
	if len(c.Set) > 0 {
		if m.Body, err = fixtures.SetMembers(m.Body, c.Set...); err != nil {
			return m, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		wire.SetLength(&m)
	}
	if err := c.headers(&m); err != nil {
		return m, nil, err
	}
	if err := wire.CheckHead(&m); err != nil {
		return m, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if c.Resign == nil {
		return m, notes, nil
	}
	signed := len(m.Body)
	if err := c.Resign.sign(&m, to, captured, now); err != nil {
		return m, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(m.Body) != signed {
		wire.SetLength(&m)
	}
	return m, notes, nil
}

func (c *Change) headers(m *wire.Message) error {
	seen := map[string]bool{}
	for _, h := range c.Headers {
		if !httpguts.ValidHeaderFieldName(h.Name) {
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
func (c *Change) readdress(m *wire.Message, to *url.URL) {
	if c.KeepPath {
		m.Target = Target(to, c.Bin, m.Target)
	} else {
		m.Target = to.RequestURI()
	}
	m.Version = "HTTP/1.1"
	kept := make(signature.Headers, 0, len(m.Headers)+1)
	found := false
	for _, line := range m.Headers {
		if strings.EqualFold(line.Name, "Host") {
			if found {
				continue
			}
			found, line.Value = true, to.Host
		}
		kept = append(kept, line)
	}
	if !found {
		kept.Add("Host", to.Host)
	}
	m.Headers = kept
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

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

// ErrInvalid means that a change is impossible. Errors that wrap it quote the input and say what
// was expected.
var ErrInvalid = errors.New("invalid change")

// Change says how a request differs when it is sent again. The zero Change changes only the
// address.
type Change struct {
	// KeepPath appends the recorded path and query to those of the new address; see Target. Without
	// it only the new address counts.
	KeepPath bool
	// Bin is the name of the bin that recorded the request. KeepPath removes it from the path. ""
	// means none.
	Bin string
	// Method replaces the method. "" keeps it.
	Method string
	// Body replaces the body. nil keeps it.
	Body []byte
	// Set overwrites members of the JSON body and keeps its other bytes.
	Set []fixtures.Setting
	// Headers change or remove header lines.
	Headers []Header
	// Resign signs the request again. nil keeps the captured signature, which may be stale or
	// wrong.
	Resign *Resign
}

// Header is a change of the header lines with a name. The first change of a name replaces all its
// lines by one, at the position of the first. Each further one adds a line.
type Header struct {
	Name  string
	Value *string // nil removes the lines
}

// Resign says how to sign: with the provider's scheme and the time of sending.
type Resign struct {
	Provider *fixtures.Provider
	Secrets  []string // newest first
	// URL is the registered URL, for schemes that sign it. "" means the new address.
	URL string
	// ID is the event's id, for schemes that sign it. "" means the id in the request.
	ID string
}

// Apply returns the request that is sent to the absolute URL to. It does not change m, the captured
// request. captured is the time of the capture, or zero if it is not known; now is the time of
// sending. The head says where the body ends, unless a header change breaks it. The notes say what
// of the recorded head was corrected or removed for that; see wire.Refit. Errors wrap ErrInvalid.
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

// readdress changes the target and the Host line to those of another address.
func (c *Change) readdress(m *wire.Message, to *url.URL) {
	if c.KeepPath {
		m.Target = Target(to, c.Bin, m.Target)
	} else {
		m.Target = to.RequestURI()
	}
	m.Version = "HTTP/1.1"
	lines := make(signature.Headers, 0, len(m.Headers)+1)
	found := false
	for _, line := range m.Headers {
		if strings.EqualFold(line.Name, "Host") {
			if found {
				continue
			}
			found, line.Value = true, to.Host
		}
		lines = append(lines, line)
	}
	if !found {
		lines.Add("Host", to.Host)
	}
	m.Headers = lines
}

// sign signs m at the time now. Existing header lines keep their position and case.
func (r *Resign) sign(m *wire.Message, to string, captured, now time.Time) error {
	if len(r.Provider.Signing.Signatures) == 0 {
		return fmt.Errorf("%s does not sign its requests: its documents describe no signature", r.Provider.Name)
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
		return fmt.Errorf("signing for %s: %w", r.Provider.Name, err)
	}
	for _, s := range r.Provider.Signing.Signatures {
		for _, e := range s.Emit {
			keepCase(m.Headers, before, e.Header)
		}
	}
	return nil
}

// keepCase restores the case of a header line's name.
func keepCase(headers, before signature.Headers, name string) {
	is := func(line signature.Header) bool { return strings.EqualFold(line.Name, name) }
	old, now := slices.IndexFunc(before, is), slices.IndexFunc(headers, is)
	if old >= 0 && now >= 0 {
		headers[now].Name = before[old].Name
	}
}

// eventID returns the id in the request: from its header line or from the body.
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

package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Guard decides which addresses may be dialled: loopback, and the allowed ones. It checks addresses
// after name resolution and dials the same address that it checked, so a name cannot resolve to
// another one in between. It refuses link-local addresses and the metadata services of clouds even
// if they are allowed. The zero Guard is ready and allows loopback only.
type Guard struct {
	// Allow lists what may be dialled in addition to loopback: a CIDR (10.1.0.0/16), an address
	// (10.1.2.3), a host name (consumer.test), or all names below one (*.consumer.test). NewGuard
	// checks the entries; an invalid entry allows nothing.
	Allow []string
	// Own reports whether an address belongs to this server, which may then be dialled, whatever it
	// is; nil is none.
	Own func(address netip.AddrPort) bool
	// Refuse returns why an allowed address may not be dialled; nil refuses none.
	Refuse func(address netip.AddrPort) error
	// Lookup resolves a name; nil is net.DefaultResolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Connect dials a resolved address; nil is a net.Dialer that checks the address again when it
	// connects.
	Connect func(ctx context.Context, network, addr string) (net.Conn, error)
}

// NewGuard returns a guard that allows loopback and the entries of allow; see Guard.Allow. It
// returns an error for an invalid entry.
func NewGuard(allow []string) (*Guard, error) {
	for _, entry := range allow {
		if _, ok := parsePrefix(entry); !ok && !validHost(strings.TrimPrefix(entry, "*.")) {
			return nil, fmt.Errorf("allowed target %q: want a CIDR, an address or a host name, without scheme, port and path", entry)
		}
	}
	return &Guard{Allow: slices.Clone(allow)}, nil
}

// Dial connects to addr, host:port, if its address is allowed; otherwise the error wraps
// ErrForbidden and nothing was dialled. You can use it as a Client's Dial.
func (g *Guard) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: want host:port", ErrURL, addr)
	}
	number, _ := strconv.ParseUint(port, 10, 16) // dialling refuses an invalid port
	addresses, err := g.resolve(ctx, network, host, uint16(number))
	if err != nil {
		return nil, err
	}
	connect := g.Connect
	if connect == nil {
		connect = (&net.Dialer{ControlContext: g.control(host)}).DialContext
	}
	return dialEach(ctx, connect, network, addresses, port)
}

// CheckHost checks whether a host, an address or a name, may be dialled. It returns nil when an
// address of the host may be, and otherwise an error that wraps ErrForbidden or says why the name
// was not resolved.
func (g *Guard) CheckHost(ctx context.Context, host string) error {
	_, err := g.resolve(ctx, "tcp", host, 0)
	return err
}

// CheckLiteral checks a host without resolving it. It returns an error that wraps ErrForbidden for
// an address that may not be dialled, in any spelling, and for the name of a metadata service; else
// nil.
func (g *Guard) CheckLiteral(host string) error {
	if address, ok := ParseAddress(host); ok {
		return g.Check(host, address)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	for _, service := range []string{
		"metadata.google.internal", "metadata.goog", "metadata.azure.internal", "instance-data", "instance-data.ec2.internal",
	} {
		if name == service {
			return fmt.Errorf("%w: %s is a metadata service, which is never dialled", ErrForbidden, host)
		}
	}
	return nil
}

// checkPort is Check for an address and a port; port 0 is unknown.
func (g *Guard) checkPort(host string, address netip.Addr, port uint16) error {
	to := netip.AddrPortFrom(address.WithZone("").Unmap(), port)
	if port != 0 && g.Refuse != nil {
		if err := g.Refuse(to); err != nil {
			return err
		}
	}
	if port != 0 && g.Own != nil && g.Own(to) {
		return nil
	}
	return g.Check(host, address)
}

// resolve returns the addresses of host that may be dialled at a port; port 0 is unknown. It
// returns an error when there are none.
func (g *Guard) resolve(ctx context.Context, network, host string, port uint16) ([]netip.Addr, error) {
	all := []netip.Addr{}
	if literal, ok := ParseAddress(host); ok {
		all = append(all, literal)
	} else {
		if err := g.CheckLiteral(host); err != nil {
			return nil, err
		}
		var err error
		if all, err = g.lookup(ctx, host); err != nil {
			return nil, err
		}
	}
	var allowed []netip.Addr
	var refused error
	for _, address := range all {
		address = address.Unmap()
		if network == "tcp4" && !address.Is4() || network == "tcp6" && address.Is4() {
			continue
		}
		if err := g.checkPort(host, address, port); err != nil {
			refused = err
			continue
		}
		allowed = append(allowed, address)
	}
	if len(allowed) == 0 {
		if refused == nil {
			refused = &net.DNSError{Err: "no suitable address", Name: host, IsNotFound: true}
		}
		return nil, refused
	}
	return allowed, nil
}

func (g *Guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if g.Lookup != nil {
		return g.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Check checks whether an address, to which host resolved, may be dialled. It returns nil, or an
// error that wraps ErrForbidden and says how to allow the address, if that is possible.
func (g *Guard) Check(host string, address netip.Addr) error {
	address = address.WithZone("").Unmap()
	named := ""
	if host != "" && host != address.String() {
		named = fmt.Sprintf(" (%s)", host)
	}
	if why := never(address); why != "" {
		return fmt.Errorf("%w: %s%s is %s, which is never dialled", ErrForbidden, address, named, why)
	}
	if address.IsLoopback() || g.allows(host, address) {
		return nil
	}
	return fmt.Errorf("%w: %s%s is not on loopback; allow it with --allow-target %s", ErrForbidden, address, named, address)
}

func (g *Guard) allows(host string, address netip.Addr) bool {
	host = strings.TrimSuffix(host, ".")
	for _, entry := range g.Allow {
		if prefix, ok := parsePrefix(entry); ok {
			if prefix.Contains(address) {
				return true
			}
			continue
		}
		if below, ok := strings.CutPrefix(entry, "*"); ok {
			if at := len(host) - len(below); at > 0 && below != "" && strings.EqualFold(host[at:], below) {
				return true
			}
		} else if strings.EqualFold(host, strings.TrimSuffix(entry, ".")) {
			return true
		}
	}
	return false
}

// parsePrefix parses a CIDR, or an address as the prefix that holds only it.
func parsePrefix(entry string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
		return prefix.Masked(), true
	}
	address, err := netip.ParseAddr(strings.Trim(entry, "[]"))
	if err != nil {
		return netip.Prefix{}, false
	}
	address = address.WithZone("").Unmap()
	return netip.PrefixFrom(address, address.BitLen()), true
}

// ParseAddress parses an address. It accepts the IPv4 spellings of C resolvers, so that they are
// not looked up as names: fewer than four parts, of which the last fills the rest, each decimal,
// octal (010) or hexadecimal (0x8).
func ParseAddress(host string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(host); err == nil {
		return address, true
	}
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var address uint64
	for i, part := range parts {
		base := 10
		switch {
		case len(part) > 2 && (part[:2] == "0x" || part[:2] == "0X"):
			part, base = part[2:], 16
		case len(part) > 1 && part[0] == '0':
			part, base = part[1:], 8
		}
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i)
		}
		n, err := strconv.ParseUint(part, base, bits)
		if err != nil {
			return netip.Addr{}, false
		}
		address = address<<bits | n
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(address)))), true
}

func validHost(name string) bool {
	return name != "" && len(name) <= 253 && !strings.ContainsAny(name, " \t\r\n/:*?#@[]%\\")
}

// never returns what makes an address one that is never dialled, or "".
//
// The metadata services: AWS, Azure, Google Cloud and others at 169.254.169.254 (link-local) and
// fd00:ec2::254, Azure's WireServer at 168.63.129.16, Alibaba Cloud at 100.100.100.200, Oracle
// Cloud at 192.0.0.192.
func never(address netip.Addr) string {
	switch {
	case address.IsUnspecified():
		return "the unspecified address"
	case address.IsLinkLocalUnicast():
		return "a link-local address"
	case address.IsMulticast(), address == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "a multicast address"
	}
	switch address.String() {
	case "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192":
		return "a metadata service"
	}
	if inner, ok := embedded(address); ok && (never(inner) != "" || inner.IsLoopback()) {
		return "another form of " + inner.String()
	}
	return ""
}

// embedded returns the IPv4 address that an IPv6 address leads to: NAT64 (64:ff9b::/96, RFC 6052),
// 6to4 (2002::/16, RFC 3056), IPv4-compatible (::/96, RFC 4291).
func embedded(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() || address.IsLoopback() {
		return netip.Addr{}, false
	}
	b := address.As16()
	var prefix [12]byte
	copy(prefix[:], b[:12])
	switch {
	case prefix == [12]byte{0, 0x64, 0xff, 0x9b}, prefix == [12]byte{}:
		return netip.AddrFrom4([4]byte(b[12:])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// control checks the address that a connection is really made to.
func (g *Guard) control(host string) func(ctx context.Context, network, address string, c syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %q", ErrForbidden, address)
		}
		return g.checkPort(host, to.Addr(), to.Port())
	}
}

// dialEach tries one address after the other, each with its share of the remaining time.
func dialEach(ctx context.Context, dial dialFunc, network string, addresses []netip.Addr, port string) (net.Conn, error) {
	const minShare = 2 * time.Second
	var failures []error
	for i, address := range addresses {
		attempt, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok && i < len(addresses)-1 {
			share := max(time.Until(deadline)/time.Duration(len(addresses)-i), minShare)
			attempt, cancel = context.WithTimeout(ctx, share)
		}
		conn, err := dial(attempt, network, net.JoinHostPort(address.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failures...)
}

package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

var errDialled = errors.New("dialled")

// guarded returns a guard with a test resolver. It records the addresses that it would dial and
// dials none.
func guarded(t *testing.T, allow ...string) (*wire.Guard, *[]string) {
	t.Helper()
	g, err := wire.NewGuard(allow)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"local.test": "127.0.0.1", "private.test": "10.1.2.3", "metadata.test": "169.254.169.254", "public.test": "203.0.113.7",
		"mixed.test": "169.254.169.254 10.1.2.3 127.0.0.1", "mapped.test": "::ffff:10.1.2.3", "six.test": "fd00:ec2::254",
		"a.sub.test": "203.0.113.8", "256.1": "127.0.0.1", "1.2.3.4.5": "127.0.0.1", "0x100000000": "127.0.0.1", "09": "127.0.0.1",
		"metadata.google.internal": "127.0.0.1", "instance-data": "127.0.0.1",
	}
	g.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		list, ok := names[host]
		if !ok {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		var addresses []netip.Addr
		for a := range strings.FieldsSeq(list) {
			addresses = append(addresses, netip.MustParseAddr(a))
		}
		return addresses, nil
	}
	dialled := &[]string{}
	g.Connect = func(_ context.Context, _, addr string) (net.Conn, error) {
		*dialled = append(*dialled, addr)
		return nil, errDialled
	}
	return g, dialled
}

func TestGuard(t *testing.T) {
	t.Parallel()
	everything := []string{"0.0.0.0/0", "::/0", "metadata.test", "169.254.169.254", "*.test"}
	for _, c := range []struct {
		allow []string
		to    string
		dials string // "": refused
	}{
		{nil, "127.0.0.1", "127.0.0.1:80"},
		{nil, "127.8.9.1", "127.8.9.1:80"},
		{nil, "::1", "[::1]:80"},
		{nil, "::ffff:127.0.0.1", "127.0.0.1:80"},
		{nil, "local.test", "127.0.0.1:80"},
		{nil, "2130706433", "127.0.0.1:80"},
		{nil, "0x7f000001", "127.0.0.1:80"},
		{nil, "0X7F.1", "127.0.0.1:80"},
		{nil, "127.1", "127.0.0.1:80"},
		{nil, "0177.0.0.01.", "127.0.0.1:80"},
		{nil, "256.1", "127.0.0.1:80"}, // names that the resolver knows
		{nil, "1.2.3.4.5", "127.0.0.1:80"},
		{nil, "0x100000000", "127.0.0.1:80"},
		{nil, "09", "127.0.0.1:80"},
		{nil, "10.1.2.3", ""},
		{nil, "0xa010203", ""},
		{nil, "10.66051", ""},
		{nil, "012.1.2.3", ""},
		{nil, "0", ""},
		{[]string{"10.1.0.0/16"}, "0xa010203", "10.1.2.3:80"},
		{nil, "192.168.0.1", ""},
		{nil, "203.0.113.7", ""},
		{nil, "2001:db8::1", ""},
		{nil, "::ffff:10.1.2.3", ""},
		{nil, "private.test", ""},
		{nil, "public.test", ""},
		{nil, "mapped.test", ""},
		{nil, "0.0.0.0", ""},
		{nil, "::", ""},
		{nil, "mixed.test", "127.0.0.1:80"},
		{[]string{"10.1.0.0/16"}, "private.test", "10.1.2.3:80"},
		{[]string{"10.1.0.0/16"}, "mapped.test", "10.1.2.3:80"},
		{[]string{"10.1.0.0/16"}, "10.2.0.0", ""},
		{[]string{"10.1.0.0/16"}, "mixed.test", "10.1.2.3:80 127.0.0.1:80"},
		{[]string{"10.1.2.3"}, "private.test", "10.1.2.3:80"},
		{[]string{"::ffff:10.1.0.0/112"}, "10.1.2.3", "10.1.2.3:80"},
		{[]string{"2001:db8::1"}, "2001:db8::1", "[2001:db8::1]:80"},
		{[]string{"Private.TEST"}, "private.test", "10.1.2.3:80"},
		{[]string{"private.test"}, "10.1.2.3", ""},
		{[]string{"private.test"}, "public.test", ""},
		{[]string{"*.sub.test"}, "a.sub.test", "203.0.113.8:80"},
		{[]string{"*.sub.test"}, "public.test", ""},
		{[]string{"sub.test"}, "a.sub.test", ""},
		{everything, "public.test", "203.0.113.7:80"},
		{everything, "169.254.169.254", ""},
		{everything, "169.254.0.1", ""},
		{everything, "metadata.test", ""},
		{everything, "2852039166", ""},
		{everything, "0xa9fea9fe", ""},
		{everything, "0251.0376.0251.0376", ""},
		{everything, "169.16689662", ""},
		{everything, "Metadata.Google.Internal.", ""},
		{everything, "instance-data", ""},
		{everything, "six.test", ""},
		{everything, "::ffff:169.254.169.254", ""},
		{everything, "::169.254.169.254", ""},
		{everything, "64:ff9b::a9fe:a9fe", ""},
		{everything, "2002:a9fe:a9fe::1", ""},
		{everything, "fe80::1", ""},
		{everything, "fe80::1%eth0", ""},
		{everything, "fd00:ec2::254", ""},
		{everything, "168.63.129.16", ""},
		{everything, "100.100.100.200", ""},
		{everything, "0.0.0.0", ""},
		{everything, "::", ""},
		{everything, "224.0.0.1", ""},
		{everything, "255.255.255.255", ""},
	} {
		g, dialled := guarded(t, c.allow...)
		_, err := g.Dial(within(t), "tcp", net.JoinHostPort(c.to, "80"))
		if got := strings.Join(*dialled, " "); got != c.dials {
			t.Errorf("allowed %q, to %q: dialled %q, want %q", c.allow, c.to, got, c.dials)
		}
		if want := errDialled; c.dials != "" && !errors.Is(err, want) {
			t.Errorf("allowed %q, to %q: %v, want %v", c.allow, c.to, err, want)
		}
		if c.dials == "" && !errors.Is(err, wire.ErrForbidden) {
			t.Errorf("allowed %q, to %q: %v, want ErrForbidden", c.allow, c.to, err)
		}
	}
}

func TestGuardSaysHowToAllow(t *testing.T) {
	t.Parallel()
	g, _ := guarded(t)
	_, err := g.Dial(within(t), "tcp", "private.test:80")
	const want = "forbidden address: 10.1.2.3 (private.test) is not on loopback; allow it with --allow-target 10.1.2.3"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = g.Dial(within(t), "tcp", "metadata.test:80")
	const never = "forbidden address: 169.254.169.254 (metadata.test) is a link-local address, which is never dialled"
	if err == nil || err.Error() != never {
		t.Errorf("got  %v\nwant %s", err, never)
	}
	_, err = g.Dial(within(t), "tcp", "0xa010203:80")
	const spelled = "forbidden address: 10.1.2.3 (0xa010203) is not on loopback; allow it with --allow-target 10.1.2.3"
	if err == nil || err.Error() != spelled {
		t.Errorf("got  %v\nwant %s", err, spelled)
	}
	client := wire.Client{Dial: g.Dial}
	if r := client.Send(within(t), "http://private.test/", post("")); r.Err.Error() != want || r.Outcome != wire.NotSent || !errors.Is(r.Err, wire.ErrForbidden) {
		t.Errorf("%q, %v", r.Outcome, r.Err)
	}
	if _, err = g.Dial(within(t), "tcp", "nowhere.test:80"); err == nil || errors.Is(err, wire.ErrForbidden) {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestNewGuardChecks(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{"", "http://a.test", "a.test:80", "10.0.0.0/99", "*", "*.", "a b", "a.test/x"} {
		if _, err := wire.NewGuard([]string{"b.test", entry}); err == nil || !strings.Contains(err.Error(), "want a CIDR") {
			t.Errorf("NewGuard(%q): %v", entry, err)
		}
	}
	for _, entry := range []string{"a.test", "*.a.test", "10.0.0.0/8", "::1", "[::1]", "localhost", "2130706433"} {
		if _, err := wire.NewGuard([]string{entry}); err != nil {
			t.Error(err)
		}
	}
}

// The guard's default dialer checks the address again when it connects.
func TestGuardDials(t *testing.T) {
	t.Parallel()
	consumer := listen(t, func(conn net.Conn) { io.WriteString(conn, "hello") })
	var g wire.Guard
	conn, err := g.Dial(within(t), "tcp", consumer.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if text, err := io.ReadAll(conn); string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
}

package wire_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// authority is a certificate authority for tests.
type authority struct {
	tls.Certificate
	pem []byte
}

// newCertificate returns a certificate signed by an authority, or self-signed when that is nil.
func newCertificate(t testing.TB, by *authority, template *x509.Certificate) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{
		tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
}

func newAuthority(t testing.TB, name string) *authority {
	return newCertificate(t, nil, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
}

// secureServer is a net/http server with a certificate.
func secureServer(t testing.TB, certificate *authority) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func loopback() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1)} }

// A certificate that is not trusted is refused before anything is sent, and the error says what to
// do, in the same words for Client, Conn and net/http with Trust's configuration.
func TestTrust(t *testing.T) {
	t.Parallel()
	known, unknown := newAuthority(t, "known"), newAuthority(t, "unknown")
	then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	soon := time.Date(2123, 1, 2, 3, 4, 5, 0, time.UTC)
	const skip = "--skip-verify (in Go: mockserver.Trust)"
	for _, tt := range []struct {
		name        string
		certificate *authority
		want        string // "": the certificate is accepted
	}{
		{"by the authority", newCertificate(t, known, &x509.Certificate{IPAddresses: loopback()}), ""},
		{
			"by another authority", newCertificate(t, unknown, &x509.Certificate{IPAddresses: loopback()}),
			"certificate signed by unknown authority: trust it with --cacert FILE, or " + skip,
		},
		{
			"for another address", newCertificate(t, known, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}}),
			"certificate is valid for 192.0.2.1, not 127.0.0.1: use a host name in the certificate, or " + skip,
		},
		{
			"for a name", newCertificate(t, known, &x509.Certificate{DNSNames: []string{"consumer.test"}}),
			"cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs: use a host name in the certificate, or " + skip,
		},
		{
			"expired", newCertificate(t, known, &x509.Certificate{IPAddresses: loopback(), NotBefore: then.AddDate(-1, 0, 0), NotAfter: then}),
			"certificate expired on 2020-01-02T03:04:05Z: renew it, or " + skip,
		},
		{
			"not valid yet", newCertificate(t, known, &x509.Certificate{IPAddresses: loopback(), NotBefore: soon, NotAfter: soon.AddDate(1, 0, 0)}),
			"certificate is not valid before 2123-01-02T03:04:05Z: renew it, or " + skip,
		},
		{
			"for another use", newCertificate(t, known, &x509.Certificate{IPAddresses: loopback(), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}),
			"certificate specifies an incompatible key usage: fix it, or " + skip,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := secureServer(t, tt.certificate)
			var trust wire.Trust
			if err := trust.AddPEM(known.pem); err != nil {
				t.Fatal(err)
			}
			check := func(how string, err error) {
				t.Helper()
				switch {
				case tt.want == "" && err != nil:
					t.Errorf("%s: %v", how, err)
				case tt.want != "" && (err == nil || !strings.HasSuffix(err.Error(), ": "+tt.want) || wire.Reason(err) != "TLS: "+tt.want):
					t.Errorf("%s: %v, reason %q; want %q", how, err, wire.Reason(err), tt.want)
				}
				if verify := (*tls.CertificateVerificationError)(nil); err != nil && !errors.As(err, &verify) {
					t.Errorf("%s: it is no CertificateVerificationError", how)
				}
			}
			for how, c := range map[string]struct {
				trust wire.Trust
				check func(string, error)
			}{"checked": {trust, check}, "not checked": {wire.Trust{SkipVerify: true}, func(how string, err error) {
				if err != nil {
					t.Errorf("%s: %v", how, err)
				}
			}}} {
				client := wire.Client{Trust: c.trust}
				r := client.Send(within(t), at, post(""))
				client.CloseIdle()
				if r.Err != nil && (r.Outcome != wire.NotSent || r.Written != 0) {
					t.Errorf("%s: %s, %d bytes written", how, r.Outcome, r.Written)
				}
				c.check(how+", Client", r.Err)

				conn, err := wire.DialConn(within(t), at, nil, c.trust)
				if err == nil {
					if status, _, err := conn.RoundTrip(wire.Append(nil, post("")), time.Time{}); status != 200 || err != nil {
						t.Errorf("%s: %d, %v", how, status, err)
					}
					conn.Close()
				}
				c.check(how+", Conn", err)

				other := &http.Client{Transport: &http.Transport{TLSClientConfig: c.trust.Config(), DisableKeepAlives: true}}
				resp, err := other.Get(at)
				if err == nil {
					resp.Body.Close()
				}
				err = wire.Explain(err)
				if asked := (*url.Error)(nil); err != nil && (!errors.As(err, &asked) || asked.URL != at) {
					t.Errorf("%s: %v does not name the request", how, err)
				}
				c.check(how+", net/http", err)
			}
		})
	}
}

// A single server's certificate can be trusted as well as an authority, and adding one does not
// affect current users of the Trust.
func TestTrustAServer(t *testing.T) {
	t.Parallel()
	alone := newCertificate(t, nil, &x509.Certificate{IPAddresses: loopback()})
	at := secureServer(t, alone)
	first := wire.Trust{Authorities: x509.NewCertPool()}
	second := first
	if err := second.AddPEM(append([]byte("# of the consumer\r\n"), bytes.ReplaceAll(alone.pem, []byte("\n"), []byte("\r\n"))...)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		trust wire.Trust
		good  bool
	}{{first, false}, {second, true}} {
		client := wire.Client{Trust: tt.trust}
		if r := client.Send(within(t), at, post("")); (r.Err == nil) != tt.good {
			t.Errorf("want %t: %v", tt.good, r.Err)
		}
		client.CloseIdle()
	}
}

// Adding certificates keeps the system's authorities trusted.
func TestTrustKeepsTheSystems(t *testing.T) {
	t.Parallel()
	system, err := x509.SystemCertPool()
	if err != nil {
		t.Skip(err)
	}
	more := newAuthority(t, "more")
	var trust wire.Trust
	if err := trust.AddPEM(more.pem); err != nil {
		t.Fatal(err)
	}
	system.AddCert(more.Leaf)
	if !trust.Authorities.Equal(system) {
		t.Error("others are trusted than the system's and the one that was added")
	}
}

func TestAddPEMRefuses(t *testing.T) {
	t.Parallel()
	one := newAuthority(t, "one")
	key, err := x509.MarshalPKCS8PrivateKey(one.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, tt := range []struct{ name, text, want string }{
		{"empty", " \n", "it is empty: want PEM, which begins with -----BEGIN CERTIFICATE-----"},
		{"prose", "hello", "it has no certificate: want PEM"},
		{"a key", string(private), `it has no certificate, but "PRIVATE KEY": want PEM`},
		{"DER", string(one.Certificate.Certificate[0]), "it is a certificate in DER: want PEM, which begins with -----BEGIN CERTIFICATE----- (convert it with openssl x509 -inform der)"},
		{"cut off", string(one.pem) + string(one.pem[:len(one.pem)/2]), "1 of its 2 certificates cannot be read: is the file complete?"},
		{"no base64", strings.Replace(string(one.pem), "M", "*", 1), "1 of its 1 certificates cannot be read"},
		{"no certificate", string(one.pem) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})), "certificate 2 cannot be read: x509: "},
	} {
		var trust wire.Trust
		if err := trust.AddPEM([]byte(tt.text)); !errors.Is(err, wire.ErrCertificates) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if trust.Authorities != nil {
			t.Errorf("%s: it is trusted", tt.name)
		}
	}
	var trust wire.Trust
	if err := trust.AddPEM(append(private, one.pem...)); err != nil {
		t.Errorf("with a key: %v", err)
	}
}

// Explain returns errors that do not concern certificates unchanged.
func TestExplainOthers(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, io.EOF, &url.Error{Op: "Get", URL: "http://x", Err: io.EOF}} {
		if got := wire.Explain(err); got != err { //nolint:errorlint // the same one
			t.Errorf("%v became %v", err, got)
		}
	}
}

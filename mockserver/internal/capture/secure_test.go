package capture_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// trusting is a configuration that trusts only a server's authority.
func trusting(t *testing.T, s *capture.Server, name string) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA()) {
		t.Fatalf("no certificate in %q", s.CA())
	}
	return &tls.Config{RootCAs: roots, ServerName: name}
}

func dialTLS(t *testing.T, s *capture.Server, config *tls.Config) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(s.TLSURL(), "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func withTLS(o *capture.Options) { o.TLS.Addr = "127.0.0.1:0" }

// A bin is the same on both addresses, and its captures have their TLS version.
func TestTLS(t *testing.T) {
	t.Parallel()
	s, _ := start(t, withTLS)
	for _, tt := range []struct {
		name    string
		version uint16
		want    journal.TLS
	}{
		{"localhost", tls.VersionTLS13, journal.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", SNI: "localhost"}},
		{"localhost", tls.VersionTLS12, journal.TLS{Version: "TLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", SNI: "localhost"}},
		{"127.0.0.1", tls.VersionTLS13, journal.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"}},
		{"::1", tls.VersionTLS13, journal.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"}},
	} {
		config := trusting(t, s, tt.name)
		config.MinVersion, config.MaxVersion = tt.version, tt.version
		config.NextProtos = []string{"h2", "http/1.1"}
		c := dialTLS(t, s, config)
		if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
			t.Errorf("%s: protocol %q", tt.name, got)
		}
		for range 2 { // the connection is kept
			write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
			resp := responses(t, c, http.MethodPost, 1)[0]
			got, err := s.Captures(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Bin: "b", Limit: 1}})
			if err != nil || resp.StatusCode != 200 || got[0].ID != resp.Header.Get("Hookrig-Capture") || string(got[0].Body) != "body" {
				t.Fatalf("%s: %+v, %+v, %v", tt.name, resp, got, err)
			}
			if diff := cmp.Diff(&tt.want, got[0].TLS); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
	}
	post(t, s.URL()+"/plain", "x")
	if got := only(t, s, "plain"); got.TLS != nil {
		t.Errorf("without TLS: %+v", got.TLS)
	}
}

// Broken responses end the same way over TLS.
func TestTLSReset(t *testing.T) {
	t.Parallel()
	s, _ := start(t, withTLS)
	for _, tt := range []struct {
		response journal.Response
		want     string
	}{
		{journal.Response{Reset: true}, ""},
		{journal.Response{Cut: "body", Body: "abcdef"}, "abc"},
	} {
		configure(t, s, "b", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{tt.response}}})
		c := dialTLS(t, s, trusting(t, s, "localhost"))
		write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
		back, err := io.ReadAll(c)
		if !errors.Is(err, syscall.ECONNRESET) || !strings.HasSuffix(string(back), tt.want) || tt.want == "" && len(back) > 0 {
			t.Errorf("%+v: %q, %v", tt.response, back, err)
		}
	}
}

// Failed TLS handshakes are counted, and answered if possible.
func TestTLSRefused(t *testing.T) {
	t.Parallel()
	s, _ := start(t, withTLS)
	address := strings.TrimPrefix(s.TLSURL(), "https://")
	if _, err := tls.Dial("tcp", address, &tls.Config{RootCAs: x509.NewCertPool()}); err == nil {
		t.Error("an authority that is not trusted")
	}
	if _, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}); err == nil {
		t.Error("a protocol that is not spoken")
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
	resp := responses(t, c, http.MethodPost, 1)[0]
	body, err := io.ReadAll(resp.Body)
	if want := "not recorded: this address speaks TLS: use " + s.TLSURL() + "\n"; resp.StatusCode != 400 || string(body) != want || err != nil {
		t.Errorf("%d %q, %v; want %q", resp.StatusCode, body, err, want)
	}
	// The senders see their failure before the server has counted it.
	for patience := time.Now().Add(30 * time.Second); s.Counts().TLSFailed < 3 && time.Now().Before(patience); {
		runtime.Gosched()
	}
	if got := s.Counts(); got != (capture.Counts{TLSFailed: 3}) {
		t.Errorf("counts %+v", got)
	}
}

// A server closes at once, whether a TLS handshake is in progress or done.
func TestTLSClose(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := serveAlone(t, store, withTLS)
	silent, err := net.Dial("tcp", strings.TrimPrefix(s.TLSURL(), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	kept := dialTLS(t, s, trusting(t, s, "localhost"))
	write(t, kept, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
	responses(t, kept, http.MethodPost, 1)
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := io.ReadAll(silent); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("silent: %v", err)
	}
	if got := s.Counts(); got.TLSFailed != 0 {
		t.Errorf("counts %+v", got)
	}
}

// The authority survives restarts, its key is private, and errors name its problem.
func TestAuthority(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	dir := t.TempDir()
	at := func(addr string) (*capture.Server, error) {
		return capture.Start(t.Context(), capture.Options{Store: store, TLS: capture.TLS{Addr: addr, Dir: dir}})
	}
	var first []byte
	for range 2 {
		s, err := at("localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = s.CA()
		}
		kept, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
		if err != nil || !bytes.Equal(kept, s.CA()) || !bytes.Equal(first, s.CA()) {
			t.Errorf("authority %q, kept %q, %v", s.CA(), kept, err)
		}
		dialTLS(t, s, trusting(t, s, "localhost"))
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "ca-key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key: %v, %v", info, err)
	}
	block, _ := pem.Decode(first)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !cert.IsCA || cert.NotAfter.Before(time.Now().AddDate(9, 0, 0)) {
		t.Errorf("certificate %+v, %v", cert, err)
	}
	for _, tt := range []struct{ name, ca, want string }{
		{"another's", otherCA(t), "private key does not match public key"},
		{"no certificate", "x", "failed to find any PEM data"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte(tt.ca), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := at("127.0.0.1:0"); !errors.Is(err, capture.ErrTLS) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "delete it and "+dir) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := at("127.0.0.1:0"); !errors.Is(err, capture.ErrTLS) || !strings.Contains(err.Error(), "is incomplete") {
		t.Errorf("half: %v", err)
	}
	if _, err := at("nowhere"); !errors.Is(err, capture.ErrTLS) {
		t.Errorf("no port: %v", err)
	}
}

// The authority can only sign for loopback and its configured host, whoever has its key.
func TestAuthorityIsConstrained(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	dir := t.TempDir()
	at := func(addr string) error {
		s, err := capture.Start(t.Context(), capture.Options{Store: store, TLS: capture.TLS{Addr: addr, Dir: dir}})
		if err == nil {
			err = s.Close(t.Context())
		}
		return err
	}
	if err := at("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	for name, good := range map[string]bool{
		"localhost": true, "a.localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"example.com": false, "localhost.example.com": false, "192.0.2.1": false, "10.0.0.1": false, "::2": false,
	} {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = []net.IP{ip}
		} else {
			template.DNSNames = []string{name}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, pair.Leaf, pair.Leaf.PublicKey, pair.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		_, err = forged.Verify(x509.VerifyOptions{DNSName: name, Roots: roots})
		var invalid x509.CertificateInvalidError
		if good && err != nil || !good && (!errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !pair.Leaf.PermittedDNSDomainsCritical {
		t.Error("a client may overlook it")
	}
	// Clients reject its certificates for other names.
	err = at("192.0.2.1:0")
	if !errors.Is(err, capture.ErrTLS) || !strings.Contains(err.Error(), "it cannot sign for 192.0.2.1, only for [127.0.0.0/8 ::1/128]: delete it and "+dir) {
		t.Error(err)
	}
	if err = at("server.test:0"); !errors.Is(err, capture.ErrTLS) || !strings.Contains(err.Error(), "it cannot sign for server.test, only for localhost: delete it and "+dir) {
		t.Error(err)
	}
}

// otherCA is the certificate of another server's authority.
func otherCA(t *testing.T) string {
	t.Helper()
	s, _ := start(t, withTLS)
	return string(s.CA())
}

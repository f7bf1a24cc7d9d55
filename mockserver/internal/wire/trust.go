package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// Trust decides which certificates are accepted over https. The zero Trust accepts those of the
// system's authorities.
type Trust struct {
	// Authorities replace the system's; nil is the system's. AddPEM adds to them.
	Authorities *x509.CertPool
	// SkipVerify accepts any certificate, so anybody on the network path can read and change what
	// is sent.
	SkipVerify bool
}

// AddPEM trusts the certificates in a PEM text, of authorities or single servers, in addition to
// those that are trusted already. It skips keys and text between the certificates. Errors wrap
// ErrCertificates and say which certificate is wrong, counted from 1.
func (t *Trust) AddPEM(text []byte) error {
	certificates, err := parsePEM(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCertificates, err)
	}
	pool := t.Authorities
	if pool != nil {
		pool = pool.Clone() // it may be in use
	} else if pool, err = x509.SystemCertPool(); err != nil {
		pool = x509.NewCertPool() // a system without authorities
	}
	for _, c := range certificates {
		pool.AddCert(c)
	}
	t.Authorities = pool
	return nil
}

func parsePEM(text []byte) ([]*x509.Certificate, error) {
	const want = "want PEM, which begins with -----BEGIN CERTIFICATE-----"
	begun := bytes.Count(text, []byte("-----BEGIN CERTIFICATE-----"))
	var certificates []*x509.Certificate
	other := ""
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			other = block.Type
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(certificates)+1, err)
		}
		certificates = append(certificates, c)
	}
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, errors.New("it is empty: " + want)
	case len(certificates) < begun:
		return nil, fmt.Errorf("%d of its %d certificates cannot be read: is the file complete?", begun-len(certificates), begun)
	case len(certificates) > 0:
		return certificates, nil
	case other != "":
		return nil, fmt.Errorf("it has no certificate, but %q: %s", other, want)
	}
	if _, err := x509.ParseCertificates(text); err == nil {
		return nil, errors.New("it is a certificate in DER: " + want + " (convert it with openssl x509 -inform der)")
	}
	return nil, errors.New("it has no certificate: " + want)
}

// Config returns the TLS client configuration. Explain explains the errors that it causes.
func (t Trust) Config() *tls.Config {
	return &tls.Config{RootCAs: t.Authorities, InsecureSkipVerify: t.SkipVerify}
}

// secure performs the TLS handshake with host over conn. It offers HTTP/1.1 only.
func (t Trust) secure(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	config := t.Config()
	config.ServerName, config.NextProtos = host, []string{"http/1.1"}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, Explain(err)
	}
	return secured, nil
}

// untrusted is the error for a rejected certificate.
type untrusted struct {
	why string // and what you can do about it
	err error
}

func (u *untrusted) Error() string { return u.why }
func (u *untrusted) Unwrap() error { return u.err }

// Explain returns an error that says why a peer's certificate was rejected, and what you can do
// about it; it wraps err. It returns any other error, and nil, unchanged. The text is the same for
// all failures with one cause.
func Explain(err error) error {
	var (
		asked     *url.Error
		known     *untrusted
		authority x509.UnknownAuthorityError
		system    x509.SystemRootsError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
	)
	const (
		skip  = "--skip-verify (in Go: mockserver.Trust)"
		trust = ": trust it with --cacert FILE, or " + skip
	)
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &asked): // its text names the URL and stays in front
		if why := Explain(asked.Err); why != asked.Err { //nolint:errorlint // the same one
			return &url.Error{Op: asked.Op, URL: asked.URL, Err: why}
		}
		return err
	case errors.As(err, &authority):
		return &untrusted{plain(authority.Error()) + trust, err}
	case errors.As(err, &system):
		return &untrusted{plain(system.Error()) + trust, err}
	case errors.As(err, &host):
		return &untrusted{plain(host.Error()) + ": use a host name in the certificate, or " + skip, err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		// The x509 package's text has the time of each failure.
		what := "certificate expired on " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
		if time.Now().Before(invalid.Cert.NotBefore) {
			what = "certificate is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339)
		}
		return &untrusted{what + ": renew it, or " + skip, err}
	case errors.As(err, &verify), errors.As(err, &invalid):
		return &untrusted{plain(innermost(err)) + ": fix it, or " + skip, err}
	}
	return err
}

// plain removes the name of package x509 from its text.
func plain(text string) string {
	const name = "x509: "
	if len(text) > len(name) && text[:len(name)] == name {
		return text[len(name):]
	}
	return text
}

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

// Trust decides which certificates are taken of those who are called by https. The zero Trust takes what an authority of the system
// vouches for.
type Trust struct {
	// Authorities take the place of the system's; nil is the system's. AddPEM adds to these.
	Authorities *x509.CertPool
	// SkipVerify takes any certificate, so that anybody on the way can read and change what is sent.
	SkipVerify bool
}

// AddPEM trusts the certificates of a PEM text, besides those that are trusted already: authorities, or single servers. What stands
// between them is passed over, as are keys. Errors wrap ErrCertificates and say which certificate is wrong, counted from 1.
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
		return nil, fmt.Errorf("%d of its %d certificates cannot be read: is it whole?", begun-len(certificates), begun)
	case len(certificates) > 0:
		return certificates, nil
	case other != "":
		return nil, fmt.Errorf("there is no certificate in it, but %q: %s", other, want)
	}
	if _, err := x509.ParseCertificates(text); err == nil {
		return nil, errors.New("it is a certificate in DER: " + want + " (openssl x509 -inform der makes that of it)")
	}
	return nil, errors.New("there is no certificate in it: " + want)
}

// Config is what a TLS client needs to know of it. Errors that come of it can be explained by Explain.
func (t Trust) Config() *tls.Config {
	return &tls.Config{RootCAs: t.Authorities, InsecureSkipVerify: t.SkipVerify}
}

// secure agrees on TLS with the host at the other end of conn. HTTP/1.1 is the only protocol offered.
func (t Trust) secure(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	config := t.Config()
	config.ServerName, config.NextProtos = host, []string{"http/1.1"}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, Explain(err)
	}
	return secured, nil
}

// untrusted is a certificate that was not taken.
type untrusted struct {
	why string // and what can be done about it
	err error
}

func (u *untrusted) Error() string { return u.why }
func (u *untrusted) Unwrap() error { return u.err }

// Explain says of a peer's certificate that was not taken why, and what can be done about it; the error then wraps err. Any other error, and nil,
// is returned as it is. The text is the same for all failures of one cause.
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
		skip  = "--skip-verify (in Go: wire.Trust)"
		trust = ": trust it with --cacert FILE, or " + skip
	)
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &asked): // it says what was asked, and stays in front
		if why := Explain(asked.Err); why != asked.Err { //nolint:errorlint // the same one
			return &url.Error{Op: asked.Op, URL: asked.URL, Err: why}
		}
		return err
	case errors.As(err, &authority):
		return &untrusted{plain(authority.Error()) + trust, err}
	case errors.As(err, &system):
		return &untrusted{plain(system.Error()) + trust, err}
	case errors.As(err, &host):
		return &untrusted{plain(host.Error()) + ": call a name that it is for, or " + skip, err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		// The text of the package holds the time of each failure.
		what := "certificate expired on " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
		if time.Now().Before(invalid.Cert.NotBefore) {
			what = "certificate is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339)
		}
		return &untrusted{what + ": renew it, or " + skip, err}
	case errors.As(err, &verify), errors.As(err, &invalid):
		return &untrusted{plain(innermost(err)) + ": mend it, or " + skip, err}
	}
	return err
}

// plain is a text of package x509 without its name.
func plain(text string) string {
	const name = "x509: "
	if len(text) > len(name) && text[:len(name)] == name {
		return text[len(name):]
	}
	return text
}

package capture

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
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// authority is a certificate authority for the capture server. Its certificate limits the names
// that it can sign for, so a stolen key cannot be used for other sites. The key is ECDSA P-256.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // the certificate
}

// The files of an authority.
const (
	caFile    = "ca.pem"
	caKeyFile = "ca-key.pem"
)

// How long certificates are valid. No operating system limits an authority that a user added to
// less than this; see https://support.apple.com/en-us/103769 for the limit of 825 days on server
// certificates.
const (
	caYears = 10
	ownDays = 825
)

// openAuthority reads the authority from a folder. It creates one for served when the folder has
// none; an empty dir creates one in memory. Errors name the file and say what to do.
func openAuthority(dir string, served names, now time.Time) (*authority, error) {
	if dir == "" {
		return newAuthority(served, now)
	}
	certPath, keyPath := filepath.Join(dir, caFile), filepath.Join(dir, caKeyFile)
	cert, errCert := os.ReadFile(certPath)
	key, errKey := os.ReadFile(keyPath)
	if errors.Is(errCert, fs.ErrNotExist) && errors.Is(errKey, fs.ErrNotExist) {
		a, err := newAuthority(served, now)
		if err != nil {
			return nil, err
		}
		return a, a.save(certPath, keyPath)
	}
	if err := errors.Join(errCert, errKey); err != nil {
		return nil, fmt.Errorf("the certificate authority is incomplete: delete %s and %s to create a new one: %w", certPath, keyPath, err)
	}
	a, err := parseAuthority(cert, key, served, now)
	if err != nil {
		return nil, fmt.Errorf("the certificate authority in %s: %w: delete it and %s to create a new one", certPath, err, keyPath)
	}
	return a, nil
}

func newAuthority(served names, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"hookrig"}, CommonName: "hookrig capture CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(caYears, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: served.dns, PermittedIPRanges: loopback(),
	}
	for _, ip := range served.ips {
		if !ip.IsLoopback() {
			template.PermittedIPRanges = append(template.PermittedIPRanges, only(ip))
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// serial returns a random number of 127 bits: RFC 5280 §4.1.2.2 wants it unique and positive.
func serial() *big.Int {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	raw[0] &= 0x7f
	return new(big.Int).SetBytes(raw[:])
}

// save writes the authority to files. It writes the key first, so a certificate never exists
// without it.
func (a *authority) save(certPath, keyPath string) error {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		mode os.FileMode
		data []byte
	}{
		{keyPath, 0o600, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})},
		{certPath, 0o644, a.pem},
	} {
		if err := os.WriteFile(f.path, f.data, f.mode); err != nil {
			return fmt.Errorf("store the certificate authority: %w", err)
		}
	}
	return nil
}

func parseAuthority(cert, key []byte, served names, now time.Time) (*authority, error) {
	pair, err := tls.X509KeyPair(cert, key) // fails unless they belong together
	if err != nil {
		return nil, err
	}
	own, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	switch {
	case !ok || !pair.Leaf.IsCA:
		return nil, errors.New("hookrig did not create it")
	case now.After(pair.Leaf.NotAfter):
		return nil, fmt.Errorf("it expired on %s", pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	a := &authority{cert: pair.Leaf, key: own, pem: bytes.Clone(cert)}
	return a, a.covers(served)
}

// covers returns an error when clients would reject the authority's certificates for n.
func (a *authority) covers(n names) error {
	if !a.cert.PermittedDNSDomainsCritical {
		return errors.New("it could sign for any name")
	}
	for _, name := range n.dns {
		if !slices.Contains(a.cert.PermittedDNSDomains, name) {
			return fmt.Errorf("it cannot sign for %s, only for %s", name, strings.Join(a.cert.PermittedDNSDomains, ", "))
		}
	}
	for _, ip := range n.ips {
		if !slices.ContainsFunc(a.cert.PermittedIPRanges, func(r *net.IPNet) bool { return r.Contains(ip) }) {
			return fmt.Errorf("it cannot sign for %s, only for %s", ip, a.cert.PermittedIPRanges)
		}
	}
	return nil
}

// names are the host names and addresses of a certificate.
type names struct {
	dns []string
	ips []net.IP
}

// namesOf returns this machine's loopback names and host, a name or an address.
func namesOf(host string) names {
	n := names{[]string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}}
	switch ip := net.ParseIP(host); {
	case ip == nil && host != "" && host != "localhost":
		n.dns = append(n.dns, host)
	case ip != nil && !ip.IsUnspecified() && !slices.ContainsFunc(n.ips, ip.Equal):
		n.ips = append(n.ips, ip)
	}
	return n
}

// loopback returns the address ranges of the loopback interface.
func loopback() []*net.IPNet {
	return []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, only(net.IPv6loopback)}
}

// only returns the range that holds just ip.
func only(ip net.IP) *net.IPNet {
	if four := ip.To4(); four != nil {
		ip = four
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))}
}

// issue creates a certificate for the served names.
func (a *authority) issue(served names, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"hookrig"}, CommonName: "hookrig capture"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, ownDays),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: served.dns, IPAddresses: served.ips,
	}
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, nil
}

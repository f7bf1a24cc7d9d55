package wire

import "errors"

// Sentinels. The errors that wrap them say what the exchange waited for, or quote the input.
var (
	// ErrURL: a request cannot be sent to the URL.
	ErrURL = errors.New("invalid URL")
	// ErrForbidden: a Guard refused the address; nothing was dialled.
	ErrForbidden = errors.New("forbidden address")
	// ErrTimeout: the context's deadline passed; it is also context.DeadlineExceeded.
	ErrTimeout = errors.New("timeout")
	// ErrTLS: the handshake or the certificate failed.
	ErrTLS = errors.New("TLS handshake")
	// ErrRedirect: there was one redirect too many, or one that cannot be followed.
	ErrRedirect = errors.New("redirect")
	// ErrCut: the peer ended the connection before the end of the message.
	ErrCut = errors.New("connection ended early")
	// ErrMalformed: the bytes are not an HTTP/1.x message.
	ErrMalformed = errors.New("malformed HTTP message")
	// ErrTooLarge: a head is longer than MaxHead.
	ErrTooLarge = errors.New("head too large")
	// ErrCertificates: a text holds no readable certificates.
	ErrCertificates = errors.New("no certificates")
	// ErrClosed: the connection was closed by its owner.
	ErrClosed = errors.New("connection is closed")
)

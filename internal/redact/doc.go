// Package redact removes secrets from what is stored and shown: exports, reports, error texts,
// quotes of invalid requests, and logs.
//
// There is one list of names. Name reports whether a name is that of a secret, and Manual prints
// the list. A name is split into words: X-Auth-Key, authKey and auth_key consist of the words auth
// and key. So monkey is not a key and tokenize is not a token. Names count everywhere: in header
// lines, malformed lines and trailers; in queries, fragments and ;name=value in a path; in forms,
// multipart fields, JSON members, XML elements and lines of text. The user and password of a URL
// are removed too, and in any text PEM private keys and what follows Bearer or Basic.
//
// Signatures stay: they are needed for verification and do not reveal the key. In a URL a signature
// grants access, so sig and signature are secrets there. A header line that contains the key itself
// is a secret because of its provider's file (Pass.Headers).
package redact

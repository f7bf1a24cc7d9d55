// Package redact takes secrets out of what is kept and shown around: exports, reports, problem texts, the responses that quote
// a bad request, logs.
//
// There is one list and one rule for all of them. Name says whether what goes by a name is a secret; Manual prints the list.
// A name is read word by word (X-Auth-Key, authKey and auth_key are the words auth and key), so that monkey and tokenize are
// no keys and no tokens. Names count wherever they stand: header lines, also malformed ones and trailers; values of a query, a
// fragment and of ;name=value in a path; forms, multipart fields, members of JSON, elements of XML; lines of text. Of a URL,
// wherever it stands, the user and the password go as well, and of any text a private key in PEM, and what follows Bearer or Basic.
//
// Signatures stay: they are needed to verify, and do not tell the key. In a URL they open what it leads to, so there
// sig and signature are secrets. A header line that carries the key itself is one by its provider's file (Pass.Headers).
package redact

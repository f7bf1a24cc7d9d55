// Package content decodes the body of a message: it undoes Content-Encoding (gzip, deflate, br,
// zstd), reads the character set, and parses JSON, forms and multipart bodies.
//
//	b := content.Decode(&message)
//	b.Bytes    // the decoded body, as UTF-8 if it is text
//	b.Steps    // what was undone: "gzip", "utf-16le", "byte order mark"
//	b.Problem  // why it could not be decoded: Bytes is then the body as it was sent
//
// Nothing here changes a message: hookrig stores, exports, resends and verifies the body as it was
// received. A decoded body has at most MaxDecoded bytes, and finding out that it is longer costs no
// more.
//
// Root is the input of every jq expression in hookrig.
package content

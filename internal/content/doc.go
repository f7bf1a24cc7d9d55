// Package content reads what a message's body means: it undoes Content-Encoding (gzip, deflate, br, zstd), reads the character set, and gives
// JSON, forms and multipart bodies as values.
//
//	b := content.Decode(&message)
//	b.Bytes    // the body as UTF-8 text or as it is, decoded
//	b.Steps    // what was undone: "gzip", "utf-16le", "byte order mark"
//	b.Problem  // why it could not be decoded: Bytes is then the body as it was sent
//
// Nothing here changes a message: what is stored, exported, sent again and verified is the body as it came. A decoded body has at most MaxDecoded
// bytes, whatever it was made from, and never costs more than that to find out.
//
// Root is what every jq expression of hookrig sees of a request.
package content

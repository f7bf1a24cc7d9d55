package fault

import (
	"fmt"
	"mime"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// charset encodes the body in another charset, which Content-Type names.
func charset() row {
	return row{
		Kind: Kind{
			Name: "body:charset", Text: "encode the body in a charset, and name it in Content-Type",
			Changes: "the charset of the body, and of Content-Type", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer takes every body for UTF-8, or checks the signature over the decoded text.",
			Source: "RFC 8259, section 8.1; CloudEvents, HTTP 1.1 Web Hooks: 415",
		},
		arg:    oneOf("utf-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252"),
		groups: []string{"body", "type"},
		prepare: func(arg string, r *Request) error {
			body, err := charsets()[arg].NewEncoder().Bytes(r.Message.Body)
			if err != nil {
				return fmt.Errorf("the body has characters that %s has not", arg)
			}
			before := r.Message.Headers.Get("Content-Type")
			media, params, err := mime.ParseMediaType(before)
			if err != nil {
				return fmt.Errorf("the Content-Type %q cannot be read, so no charset can be added", before)
			}
			params["charset"] = arg
			after := mime.FormatMediaType(media, params)
			if after == before {
				return fmt.Errorf("a good delivery has the Content-Type %q too", before)
			}
			r.setBody(body)
			r.setLine("Content-Type", after)
			return nil
		},
	}
}

func charsets() map[string]encoding.Encoding {
	return map[string]encoding.Encoding{
		"utf-8": encoding.Nop, "iso-8859-1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252,
		"utf-16":   unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	}
}

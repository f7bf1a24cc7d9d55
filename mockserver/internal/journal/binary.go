package journal

import (
	"encoding/base64"
	"fmt"
)

// Binary is a body that is not text: in JSON and YAML it is base64.
type Binary []byte

// MarshalText writes base64.
func (b Binary) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads base64.
func (b *Binary) UnmarshalText(text []byte) error {
	read, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%q: want base64, as in \"AAEC/w==\": %w", text, err)
	}
	*b = read
	return nil
}

package journal

import (
	"encoding/base64"
	"fmt"
)

// Binary is bytes that are no text: base64 in JSON and YAML.
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

package redact

import "testing"

func TestPlaceholdersStay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"secret": "********"}`:                         `{"secret": "********"}`,
		`{"secret": "********a"}`:                        `{"secret": "` + Word + `"}`,
		`https://a/thanks?session_id={CHECKOUT_SESSION}`: `https://a/thanks?session_id={CHECKOUT_SESSION}`,
		`https://a/thanks?session_id={x}`:                `https://a/thanks?session_id=` + Word,
		"Cookie: {}":                                     "Cookie: " + Word,
	} {
		if got := Text(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

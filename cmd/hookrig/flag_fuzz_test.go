package main

import "testing"

// FuzzFlags reads what people type: sizes, ages, keys, settings, faults, addresses, requests.
func FuzzFlags(f *testing.F) {
	for _, seed := range []string{"32MB", "14d", "neostore=acme:k:Webhook.Read", "/a/b=1", "signature:missing", "3000", "localhost:3000/hooks", "http://[::1]/", "POST / HTTP/1.1\r\n\r\n", "[::1]:99999", "=:", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		var size sizeFlag
		var age ageFlag
		var count countFlag
		_, _, _ = size.Set(text), age.Set(text), count.Set(text)
		_, _, _, _ = parseKey(text)
		_, _ = parseSettings([]string{text})
		_, _ = parseFaults([]string{text})
		_, _ = parseCapture([]byte(text))
		at := text
		_, _, _ = target("--to", &at)
	})
}

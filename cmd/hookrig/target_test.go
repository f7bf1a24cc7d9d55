package main

import "testing"

func TestAddressesWithoutAScheme(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"localhost:3000/hooks":   "http://localhost:3000/hooks",
		"127.0.0.1:3000":         "http://127.0.0.1:3000",
		"[::1]:3000/a?b=c:1":     "http://[::1]:3000/a?b=c:1",
		"3000":                   "http://127.0.0.1:3000",
		"https://localhost/x":    "https://localhost/x",
		"ftp://localhost:3000/x": "", // no scheme of ours
		"localhost":              "", // a word: a mistake more often than a host
		"localhost/hooks":        "",
		"mailto:a@localhost":     "",
		"a@localhost:3000":       "",
		"localhost:0":            "",
		"localhost:65536":        "",
		"0":                      "",
		":3000":                  "",
		"/hooks":                 "",
	} {
		value := text
		_, _, err := target("--to", &value)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was taken as %q", text, value)
		case want != "" && (err != nil || value != want):
			t.Errorf("%q: got %q, %v; want %q", text, value, err, want)
		}
	}
}

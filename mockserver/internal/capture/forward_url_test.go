package capture

import "testing"

func TestForwardURL(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ forward, target, want string }{
		{"http://127.0.0.1:3000", "/inbox", "http://127.0.0.1:3000/"},
		{"http://127.0.0.1:3000/hooks", "/inbox", "http://127.0.0.1:3000/hooks"},
		{"http://127.0.0.1:3000/hooks", "/inbox/a/b?c=d", "http://127.0.0.1:3000/hooks/a/b?c=d"},
		{"http://127.0.0.1:3000/hooks?k=1", "/inbox/a", "http://127.0.0.1:3000/hooks/a?k=1"},
	} {
		if got := ForwardURL(row.forward, row.target); got != row.want {
			t.Errorf("%s with %s: got %s, want %s", row.forward, row.target, got, row.want)
		}
	}
}

package shell

import "testing"

func TestWord(t *testing.T) {
	for in, want := range map[string]string{"a/b-c.yaml": "a/b-c.yaml", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "http://h:1/?a=b&c": "'http://h:1/?a=b&c'"} {
		if got := Word(in); got != want {
			t.Errorf("%q: want %s, got %s", in, want, got)
		}
	}
}

package workflow

import "testing"

// TestEscapeAsToolkit checks the escaping of workflow commands: texts and what the toolkit of
// GitHub makes of them.
func TestEscapeAsToolkit(t *testing.T) {
	for _, c := range [][3]string{
		{"plain text", "plain text", "plain text"},
		{"%0A", "%250A", "%250A"},
		{"a\r\nb", "a%0D%0Ab", "a%0D%0Ab"},
		{"a:b,c", "a:b,c", "a%3Ab%2Cc"},
		{"%25:%3A,", "%2525:%253A,", "%2525%3A%253A%2C"},
		{"::error::x", "::error::x", "%3A%3Aerror%3A%3Ax"},
	} {
		if data, property := escapedData(c[0]), escapedProperty(c[0]); data != c[1] || property != c[2] {
			t.Errorf("%q: got %q and %q", c[0], data, property)
		}
	}
}

package fault

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/expression"
)

// signatureRow is the row of a fault that spoils the signature and nothing else: the body and all
// other header lines are those of a good delivery.
func signatureRow(name, text, finds, source string, alter func(r *Request) error) row {
	return row{
		Kind: Kind{
			Name: "signature:" + name, Text: text, Changes: "the signature", Signature: Invalid, Finds: finds, Source: source,
		},
		groups: []string{"signature"},
		alter:  func(_ string, r *Request) error { return alter(r) },
	}
}

// spoil replaces, or with false removes, every signature.
func (r *Request) spoil(spoil func(value string, at place) (string, bool, error)) error {
	spoiled := false
	for _, at := range places(r.scheme) {
		value, ok := at.get(&r.Message)
		if !ok {
			continue
		}
		changed, keep, err := spoil(value, at)
		if err != nil {
			return err
		}
		if keep && changed == value {
			return fmt.Errorf("the signature %q has nothing that could be changed", value)
		}
		if err := at.put(&r.Message, changed, keep); err != nil {
			return err
		}
		spoiled = true
	}
	if !spoiled {
		return errUnsigned
	}
	return nil
}

// spoilEach changes every signature's text; labels and separators stay.
func (r *Request) spoilEach(change func(string) string) error {
	return r.spoil(func(value string, _ place) (string, bool, error) {
		return eachSignature(value, r.secrets, change), true, nil
	})
}

// eachSignature changes the signatures in a value: the secrets where they are sent as they are,
// else the longest runs of the characters of hex and base64. Labels and separators stay.
func eachSignature(value string, secrets []string, change func(string) string) string {
	for _, secret := range secrets {
		if secret != "" && strings.Contains(value, secret) {
			return strings.Replace(value, secret, change(secret), 1)
		}
	}
	runs := strings.FieldsFunc(value, func(c rune) bool { return !alphanumeric(c) && !strings.ContainsRune("+/-_", c) })
	longest := 0
	for _, run := range runs {
		longest = max(longest, len(run))
	}
	var b strings.Builder
	for _, run := range runs {
		if len(run) < longest {
			continue
		}
		before, after, _ := strings.Cut(value, run)
		b.WriteString(before)
		b.WriteString(change(run))
		value = after
	}
	b.WriteString(value)
	return b.String()
}

func alphanumeric(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// nudgeMiddle changes the letter or digit nearest to the middle into another of its kind. In the
// middle no encoding has unused bits. It returns false when there is no letter or digit.
func nudgeMiddle(text string) (string, bool) {
	best := -1
	for i := range len(text) {
		if alphanumeric(rune(text[i])) && (best < 0 || distance(i, len(text)/2) < distance(best, len(text)/2)) {
			best = i
		}
	}
	if best < 0 {
		return text, false
	}
	changed := []byte(text)
	changed[best] = nudge(changed[best])
	return string(changed), true
}

func distance(a, b int) int { return max(a-b, b-a) }

// nudge returns the next letter or digit: hexadecimal stays hexadecimal, and case stays.
func nudge(c byte) byte {
	for _, class := range []string{"0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ"} {
		if i := strings.IndexByte(class, c); i >= 0 {
			return class[(i+1)%len(class)]
		}
	}
	return c
}

// signed says whether an emission contains a signature or a secret.
func signed(e signature.Emit) bool {
	parts, _ := expression.Split(e.Value) // the scheme was checked when it was loaded
	return slices.ContainsFunc(parts, func(p expression.Part) bool {
		return p.Node != nil && slices.Contains([]string{"sig", "sigs", "secret"}, p.Node.Text)
	})
}

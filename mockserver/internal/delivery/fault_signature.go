package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/expression"
)

// badSignature spoils the signature and nothing else: the body and all other header lines are those
// of a good delivery.
func badSignature() kind {
	const missing, empty, wrongSecret, tampered, truncated = "missing", "empty", "wrong_secret", "tampered", "truncated"
	return kind{
		FaultKind: FaultKind{
			Name: "signature", Args: strings.Join([]string{missing, empty, wrongSecret, tampered, truncated}, "|"),
			Text: "leave the signature out or empty, make it with a secret one character off, change one character of it, or cut it in half",
		},
		check: oneOf(missing, empty, wrongSecret, tampered, truncated),
		alter: func(arg string, r *request) error {
			switch arg {
			case missing:
				return r.spoilSignature(func(string) (string, bool) { return "", false })
			case empty:
				return r.spoilSignature(func(string) (string, bool) { return "", true })
			case wrongSecret:
				return r.signWrongly()
			case tampered:
				return r.spoilSignature(func(value string) (string, bool) {
					return eachSignature(value, r.config.endpoint.Secrets, func(s string) string {
						changed, _ := nudgeMiddle(s)
						return changed
					}), true
				})
			default:
				return r.spoilSignature(func(value string) (string, bool) {
					return eachSignature(value, r.config.endpoint.Secrets, func(s string) string { return s[:len(s)/2] }), true
				})
			}
		},
	}
}

// spoilSignature replaces, or with false removes, every signature.
func (r *request) spoilSignature(spoil func(value string) (string, bool)) error {
	spoiled := false
	for _, at := range places(&r.config.provider.Signing) {
		value, ok := at.get(&r.message)
		if !ok {
			continue
		}
		changed, keep := spoil(value)
		if keep && changed == value {
			return fmt.Errorf("the signature %q has nothing that could be changed", value)
		}
		if err := at.put(&r.message, changed, keep); err != nil {
			return err
		}
		spoiled = true
	}
	if !spoiled {
		return errors.New("the request has no signature: its provider signs nothing, or the endpoint has no secret")
	}
	return nil
}

// signWrongly signs again with secrets that differ in one character.
func (r *request) signWrongly() error {
	scheme := &r.config.provider.Signing
	if len(scheme.Signatures) == 0 || len(r.config.endpoint.Secrets) == 0 {
		return errors.New("the request has no signature: its provider signs nothing, or the endpoint has no secret")
	}
	wrong := make([]string, len(r.config.endpoint.Secrets))
	for i, secret := range r.config.endpoint.Secrets {
		prefix := keyPrefix(scheme, secret)
		changed, ok := nudgeMiddle(secret[len(prefix):])
		if !ok || strings.HasPrefix(secret, "-----BEGIN") {
			return errors.New("no secret can be made that is one character off: want one with letters or digits, and no PEM block")
		}
		wrong[i] = prefix + changed
	}
	message := r.unsigned.Clone()
	if err := scheme.Sign(&message, r.context, wrong...); err != nil {
		return err
	}
	r.message = message
	return nil
}

// keyPrefix returns the part of a secret that is no key.
func keyPrefix(scheme *signature.Scheme, secret string) string {
	for _, s := range scheme.Signatures {
		for prefix := range strings.SplitSeq(s.Key.StripPrefix, "|") {
			if prefix != "" && strings.HasPrefix(secret, prefix) {
				return prefix
			}
		}
	}
	return ""
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

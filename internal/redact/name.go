package redact

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
)

// Word replaces a secret. In JSON, 0 replaces a number.
const Word = "REDACTED"

// rule is a part of the list.
type rule struct {
	text  string // how names match, for Manual
	names []string
}

// list returns all rules. Names are words in lower case.
func list() [6]rule {
	return [6]rule{
		ofWord: {"any word of a name", []string{
			"authorization", "bearer", "cookie", "cookies", "creds", "credential", "credentials", "csrf", "cvc", "cvv", "jwt", "jwts", "otp", "passcode",
			"passphrase", "passwd", "password", "passwords", "pwd", "secret", "secrets", "token", "tokens", "totp", "xsrf",
		}},
		ofLast: {"the last word of a name", []string{"assertion", "auth", "authentication", "session", "xauth"}},
		ofEnd: {"the end of a word", []string{
			"accesskey", "apikey", "apikeys", "authkey", "authorization", "cookie", "credential", "credentials", "jwt", "passphrase", "passwd", "password",
			"passwords", "privatekey", "secret", "secretkey", "secrets", "sessid", "sessionid", "sessionkey", "token", "tokens",
		}},
		ofPair: {"words of a name, side by side", []string{
			"access code", "access key", "account key", "activation code", "admin key", "api key", "app key", "application key", "auth code", "auth key",
			"authentication key", "backup code", "backup codes", "client key", "code verifier", "consumer key", "deploy key", "device code", "encryption key",
			"functions key", "hmac key", "integration key", "licence key", "license key", "login code", "master key", "oidc data", "pass code", "pass phrase",
			"pass word", "private key", "recovery code", "recovery codes", "reset code", "root key", "saml response", "samlresponse", "secret key", "security code",
			"server key", "service key", "session id", "session key", "shared key", "signing key", "sms code", "ssh key", "storage key", "subscription key",
			"user key", "verification code", "webhook key", "x vault",
		}},
		ofForm: {"the whole name, in a form or a URL", []string{"code", "key", "pass", "sid", "ticket"}},
		ofURL:  {"the whole name, in a URL", []string{"sig", "signature", "x amz signature", "x goog signature"}},
	}
}

// These are the indexes of the rules.
const (
	ofWord = iota
	ofLast
	ofEnd
	ofPair
	ofForm
	ofURL
)

// tails are last words that describe a property of a secret, such as token_type.
func tails() []string {
	return []string{
		"address", "age", "alg", "algorithm", "amount", "at", "balance", "banner", "budget", "changed", "consent", "count", "counts", "created", "date",
		"decimals", "disabled", "domain", "enabled", "endpoint", "expiration", "expires", "expiry", "format", "hint", "in", "length", "lifetime",
		"limit", "limits", "name", "policy", "price", "remaining", "required", "rotation", "size", "standard", "status", "strength", "supply", "symbol", "total",
		"ttl", "type", "types", "updated", "uri", "url", "usage", "used", "verified", "version",
	}
}

// counted are words before "tokens" that make it a number.
func counted() []string {
	return []string{"cached", "completion", "context", "input", "max", "min", "num", "output", "prompt", "reasoning", "total"}
}

// Manual returns the list as text, with a paragraph for each rule.
func Manual() string {
	var b strings.Builder
	for _, k := range list() {
		fmt.Fprintf(&b, "%s:\n", k.text)
		line := "  "
		for i, name := range k.names {
			if i < len(k.names)-1 {
				name += ","
			}
			if len(line)+len(name) > 118 {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = "  "
			}
			line += name + " "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// place is where a name is found.
type place int

const (
	anywhere place = iota
	inForm
	inURL
)

// Name reports whether a name is that of a secret: of a header line, a JSON member, a field, a
// variable.
func Name(name string) bool { return secret(name, anywhere) }

// Variable reports whether an environment variable or a flag contains a secret. The name key counts
// too.
func Variable(name string) bool {
	words := split(strings.ToLower(name), false)
	return secret(name, anywhere) || len(words) > 0 && words[len(words)-1] == "key"
}

// longestName is the longest name, in bytes, that can match.
const longestName = 256

// lexicon is the list as sets.
type lexicon struct {
	parts   [6]map[string]bool
	tails   map[string]bool
	counted map[string]bool
}

var known = sync.OnceValue(newLexicon)

func newLexicon() *lexicon {
	set := func(names []string) map[string]bool {
		m := make(map[string]bool, len(names))
		for _, name := range names {
			m[name] = true
		}
		return m
	}
	l := &lexicon{tails: set(tails()), counted: set(counted())}
	for i, k := range list() {
		l.parts[i] = set(k.names)
	}
	return l
}

// secret reports whether a name in that place is the name of a secret.
func secret(name string, at place) bool {
	if name == "" || len(name) > longestName {
		return false
	}
	l := known()
	// Header names may have any case, so a change of case is not always the start of a word.
	return l.match(split(name, true), at) || l.match(split(strings.ToLower(name), false), at)
}

func (l *lexicon) match(name []string, at place) bool {
	if len(name) == 0 {
		return false
	}
	whole := strings.Join(name, " ")
	if at != anywhere && l.parts[ofForm][whole] || at == inURL && l.parts[ofURL][whole] {
		return true
	}
	end := name[len(name)-1]
	if l.about(name, end) {
		return false
	}
	if l.parts[ofLast][end] {
		return true
	}
	for i, word := range name {
		if l.parts[ofWord][word] || i+1 < len(name) && l.parts[ofPair][word+" "+name[i+1]] || l.parts[ofPair][word] || l.endsSecret(word) {
			return true
		}
	}
	return false
}

// about reports whether a name is that of a property of a secret, not of the secret.
func (l *lexicon) about(name []string, end string) bool {
	if len(name) == 1 {
		return false
	}
	before := name[len(name)-2]
	switch end {
	case "id":
		return before == "token" || before == "tokens" || before == "key" || before == "authorization"
	case "auth":
		return before == "o" // OAuth
	case "tokens":
		return l.counted[before]
	}
	return l.tails[end] && !(name[0] == "x" && name[1] == "vault")
}

func (l *lexicon) endsSecret(word string) bool {
	const shortest = len("jwt")
	for i := 1; i <= len(word)-shortest; i++ {
		if l.parts[ofEnd][word[i:]] {
			return true
		}
	}
	return l.parts[ofEnd][word]
}

// split splits a name into its words, in lower case. If camel is set, a change of case starts a
// word.
func split(name string, camel bool) []string {
	var found []string
	runes := []rune(name)
	begin := -1
	end := func(i int) {
		if begin >= 0 {
			found = append(found, strings.ToLower(string(runes[begin:i])))
			begin = -1
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) {
			end(i) // digits only number names, as in password2
			continue
		}
		if camel && begin >= 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			end(i)
		}
		if begin < 0 {
			begin = i
		}
	}
	end(len(runes))
	return found
}

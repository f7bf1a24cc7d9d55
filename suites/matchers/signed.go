package matchers

import (
	"fmt"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// BeSignedBy succeeds when a capture or message has a valid signature of the provider with one of
// the secrets. The failure message explains why not: which other encoding, body, key or secret
// would make it valid.
func BeSignedBy(provider string, secrets ...string) types.GomegaMatcher {
	m := &signedMatcher{provider: provider, secrets: secrets}
	m.scheme, m.err = fixtures.Builtin().Provider(provider)
	if m.err == nil && len(secrets) == 0 {
		m.err = fmt.Errorf("BeSignedBy(%q): no secret to verify with", provider)
	}
	return m
}

type signedMatcher struct {
	provider string
	scheme   *fixtures.Provider
	secrets  []string
	err      error
	result   mockserver.Verification
}

func (m *signedMatcher) wrong() error { return m.err }

// MatchMayChangeInTheFuture tells Eventually to stop at once when the matcher itself is wrong.
func (m *signedMatcher) MatchMayChangeInTheFuture(any) bool { return m.err == nil }

// String returns the provider without the secrets.
func (m *signedMatcher) String() string { return fmt.Sprintf("BeSignedBy(%q)", m.provider) }

func (m *signedMatcher) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, m.err
	}
	c, err := captureOf("BeSignedBy", actual)
	if err != nil {
		return false, err
	}
	if c.At.IsZero() {
		c.At = time.Now()
	}
	m.result = mockserver.Verify(m.scheme, c, "", m.secrets...)
	return m.result.Verdict == signature.Valid, nil
}

func (m *signedMatcher) FailureMessage(any) string {
	s := fmt.Sprintf("expected a valid %s signature, it is %s", m.provider, m.result.Verdict)
	if m.result.Explanation != "" {
		s += ": " + m.result.Explanation
	}
	return terminal.Text(s)
}

func (m *signedMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("expected no valid %s signature", m.provider)
}

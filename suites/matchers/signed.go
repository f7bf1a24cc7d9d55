package matchers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// BeSignedBy succeeds when a capture or message has a valid signature of the provider with one of
// the secrets. The provider is the name of a built-in one, or a *fixtures.Provider. The failure
// message explains why not: which other encoding, body, key or secret would make it valid.
func BeSignedBy(provider any, secrets ...string) types.GomegaMatcher {
	name := nameOfProvider(provider)
	c := &condition{
		name:    fmt.Sprintf("BeSignedBy(%q)", name), // without the secrets
		subject: "the " + name + " signature",
		to:      "be valid",
	}
	known, err := providerOf("BeSignedBy", provider)
	switch {
	case err != nil:
		c.err = err
	case len(secrets) == 0:
		c.err = fmt.Errorf("BeSignedBy(%q): no secret to verify with", name)
	case slices.Contains(secrets, ""):
		c.err = fmt.Errorf("BeSignedBy(%q): secret %d of %d is empty", name, slices.Index(secrets, "")+1, len(secrets))
	case len(known.Signing.Signatures) == 0:
		c.err = fmt.Errorf("BeSignedBy(%q): %s signs nothing", name, name)
	default:
		if _, err := signature.NewVerifier(&known.Signing, secrets...); err != nil {
			c.err = fmt.Errorf("BeSignedBy(%q): %w", name, err)
		}
	}
	c.check = func(actual any) (string, bool, error) {
		capture, err := captureOf("BeSignedBy", actual)
		if err != nil {
			return "", false, err
		}
		if capture.At.IsZero() {
			capture.At = time.Now()
		}
		if known.Signing.Verify(capture.Message, signature.Context{Time: capture.At}, secrets...).Verdict == signature.Valid {
			return "", true, nil
		}
		c.explain = func() string {
			result := mockserver.Verify(known, capture, "", secrets...)
			return strings.TrimSuffix(fmt.Sprintf("it is %s: %s", result.Verdict, result.Explanation), ": ")
		}
		return "", false, nil
	}
	return c
}

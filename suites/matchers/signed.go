package matchers

import (
	"fmt"
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
	scheme, err := providerOf("BeSignedBy", provider)
	if err == nil && len(secrets) == 0 {
		err = fmt.Errorf("BeSignedBy(%q): no secret to verify with", name)
	}
	c.err = err
	c.check = func(actual any) (string, bool, error) {
		capture, err := captureOf("BeSignedBy", actual)
		if err != nil {
			return "", false, err
		}
		if capture.At.IsZero() {
			capture.At = time.Now()
		}
		result := mockserver.Verify(scheme, capture, "", secrets...)
		switch {
		case result.Verdict == signature.Valid:
			return "", true, nil
		case result.Explanation != "":
			return fmt.Sprintf("it is %s: %s", result.Verdict, result.Explanation), false, nil
		}
		return fmt.Sprintf("it is %s", result.Verdict), false, nil
	}
	return c
}

package exam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/scenarios"
)

// notApplicable returns why a check does not apply to a provider, or "".
func notApplicable(a *scenarios.Applies, p *fixtures.Provider, life *life) string {
	scheme := &p.Signing
	for _, condition := range []struct {
		wanted, is bool
		why        string
	}{
		{len(a.Providers) > 0, slices.Contains(a.Providers, p.Name), "it is only for " + strings.Join(a.Providers, ", ")},
		{a.Secret, len(scheme.Signatures) > 0, p.Name + " sends neither a signature nor a secret"},
		{a.Signed, isSigned(scheme), p.Name + " does not sign its requests"},
		{a.Timestamp, scheme.Timestamp.Tolerance > 0, p.Name + " signs no timestamp"},
		{a.ID != "", hasID(p, a.ID), idMissing(p, a.ID)},
		{a.JSON, isJSON(p), "the bodies of " + p.Name + " are no JSON"},
		{a.Encoding != "", encoding(scheme) == a.Encoding, fmt.Sprintf("the signature of %s is not in %s", p.Name, a.Encoding)},
		{a.Label, hasLabel(scheme), "there is no label before the signature of " + p.Name},
		{a.Rotation, signsWithSeveral(scheme), "a request of " + p.Name + " has one signature, also while the secret is replaced"},
		{a.Handshake, p.Handshake != nil && p.Handshake.Event != "", p.Name + " sends nothing when an endpoint is registered"},
		{a.Journey > 0, len(life.events) >= a.Journey, fmt.Sprintf("no entity of %s has %d different events", p.Name, a.Journey)},
		{a.Dated, life.dated, "the events of an entity of " + p.Name + " do not say when they happened"},
		{a.Batch, isBatch(scheme), "a request of " + p.Name + " has one event"},
	} {
		if condition.wanted && !condition.is {
			return condition.why
		}
	}
	for _, part := range a.Covers {
		if !slices.Contains(scheme.Covers, part) {
			return fmt.Sprintf("the signature of %s does not cover: %s", p.Name, part)
		}
	}
	return ""
}

// isSigned reports whether requests carry a signature, and not only the secret itself.
func isSigned(s *signature.Scheme) bool {
	return slices.ContainsFunc(s.Signatures, func(one signature.Signature) bool { return one.Alg != "static" && one.Alg != "basic" })
}

func isBatch(s *signature.Scheme) bool {
	return slices.ContainsFunc(s.Signatures, func(one signature.Signature) bool { return one.Scope != "" })
}

func hasID(p *fixtures.Provider, at scenarios.IDPlace) bool {
	header, body := p.CarriesID()
	switch at {
	case scenarios.IDInHeader:
		return header
	case scenarios.IDInBody:
		return body
	}
	return header || body
}

func idMissing(p *fixtures.Provider, at scenarios.IDPlace) string {
	if at == scenarios.IDAnywhere {
		return "the requests of " + p.Name + " have no id of the event"
	}
	return fmt.Sprintf("the requests of %s have no id of the event in the %s", p.Name, at)
}

func isJSON(p *fixtures.Provider) bool {
	return !slices.Contains([]string{"form", "multipart", "text", "xml"}, p.Delivery.Body)
}

// encoding returns the text form of the last signature, which is the strongest.
func encoding(s *signature.Scheme) scenarios.Encoding {
	if !isSigned(s) {
		return ""
	}
	one := s.Signatures[len(s.Signatures)-1]
	switch one.Encode {
	case "hex", "HEX":
		return scenarios.HexEncoding
	case "base64", "base64url":
		return scenarios.Base64Encoding
	}
	if strings.HasPrefix(one.Alg, "hmac-") || one.Alg == "sha256-concat" {
		return scenarios.HexEncoding
	}
	return scenarios.Base64Encoding
}

var label = regexp.MustCompile(`[A-Za-z0-9]+[=,]\$\{sig\}`)

func hasLabel(s *signature.Scheme) bool {
	for i := range s.Signatures {
		for _, e := range s.Signatures[i].Emit {
			if label.MatchString(e.Value) || label.MatchString(e.Each) {
				return true
			}
		}
	}
	return false
}

// signsWithSeveral reports whether a request has a signature for each active secret.
func signsWithSeveral(s *signature.Scheme) bool {
	for i := range s.Signatures {
		for _, e := range s.Signatures[i].Emit {
			if strings.Contains(e.Value, "${sigs}") || e.Secret > 1 {
				return true
			}
		}
	}
	return false
}

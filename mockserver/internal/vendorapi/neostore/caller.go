package neostore

import (
	"net/http"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// The scopes. Those of webhooks and passes are the vendor's; the others are ours, in its style.
const (
	webhookRead, webhookWrite   = "Webhook.Read", "Webhook.Write"
	passRead, passWrite         = "Pass.Read", "Pass.Write"
	customerRead, customerWrite = "Customer.Read", "Customer.Write"
	redirectRead, redirectWrite = "Redirect.Read", "Redirect.Write"
)

// scopes returns all scopes, and what each is for.
func scopes() []scope {
	return []scope{
		{webhookRead, "see the webhooks and their signature secrets"},
		{webhookWrite, "create, change and delete webhooks"},
		{passRead, "see the passes and where they are installed"},
		{passWrite, "create and update passes, install and uninstall them"},
		{customerRead, "see the customers"},
		{customerWrite, "create and update customers"},
		{redirectRead, "see the minified URLs"},
		{redirectWrite, "create and delete minified URLs"},
	}
}

type scope struct{ Name, Text string }

// apiKey is the header that a key is sent in.
const apiKey = "X-API-KEY"

// caller is who sends a request.
type caller struct {
	tenant  string
	allows  func(scope string) bool
	foreign *vendorapi.Error // the response to a request for another tenant
}

// requireScope calls h when the caller has the scope in the tenant of the path.
func (a *api) requireScope(scope string, h func(w http.ResponseWriter, r *http.Request, tenant string) error) vendorapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := a.caller(r)
		if err != nil {
			return err
		}
		tenant := r.PathValue("tenantId")
		if _, err := a.Entities.Tenant(a.Provider.Name, tenant); err != nil {
			return vendorapi.Errorf(http.StatusNotFound, "There is no tenant %.128q.", tenant)
		}
		if c.tenant != tenant {
			return c.foreign
		}
		if !c.allows(scope) {
			return forbidden("insufficient_scope", "The scope "+scope+" is required, and not granted.", `scope="`+scope+`"`)
		}
		if a.options.rateLimit {
			if err := a.calls.take(tenant); err != nil {
				return err
			}
		}
		return h(w, r, tenant)
	}
}

// caller finds the caller by the key, else by the token.
func (a *api) caller(r *http.Request) (caller, error) {
	if keys := r.Header.Values(apiKey); len(keys) > 0 {
		t, key, known := a.Entities.KeyOf(a.Provider.Name, keys[0])
		if !known || len(keys) > 1 {
			return caller{}, unauthorized("", "The value of "+apiKey+" is not the key of a tenant.")
		}
		// "A key only works for a single tenant", and 401 is for an invalid one (N5).
		return caller{t.Name, key.Allows, unauthorized("", "The value of "+apiKey+" is not a key of this tenant.")}, nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return caller{}, unauthorized("", "Neither "+apiKey+" nor Authorization: Bearer is there: send a key or a token.")
	}
	c, err := a.tokens.check(r.Context(), vendorapi.Base(r), strings.TrimSpace(token))
	if reason := tokenError(""); asTokenError(err, &reason) {
		return caller{}, unauthorized("invalid_token", string(reason))
	} else if err != nil {
		return caller{}, err
	}
	granted := strings.Fields(c.Scope)
	return caller{
		c.Tenant, func(scope string) bool { return slices.Contains(granted, scope) },
		forbidden("insufficient_scope", "The token is for another tenant.", ""),
	}, nil
}

// unauthorized is a 401 with its challenge (RFC 6750, section 3). code is "" when the request has
// no token.
func unauthorized(code, text string) *vendorapi.Error {
	return challenge(http.StatusUnauthorized, code, text, "")
}

func forbidden(code, text, more string) *vendorapi.Error {
	return challenge(http.StatusForbidden, code, text, more)
}

func challenge(status int, code, text, more string) *vendorapi.Error {
	value := `Bearer realm="neostore"`
	if code != "" {
		value += `, error="` + code + `", error_description="` + strings.Map(quotable, text) + `"`
	}
	if more != "" {
		value += ", " + more
	}
	e := vendorapi.Errorf(status, "%s", text)
	e.Header = http.Header{"Www-Authenticate": {value}}
	return e
}

// quotable replaces what error_description may not contain (RFC 6750, section 3).
func quotable(r rune) rune {
	switch {
	case r == '"', r == '\\':
		return '\''
	case r < ' ' || r > '~':
		return '?'
	}
	return r
}

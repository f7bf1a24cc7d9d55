package redact

import "regexp"

// placeholder is a value that is no secret: GitHub sends ******** for the secret of a webhook, and
// Stripe replaces {CHECKOUT_SESSION_ID} in a success_url. secret:rotate:new is a fault.
var placeholder = regexp.MustCompile(`^(\*+|\{[A-Z][A-Z_]*\}|rotate:(both|new|old))$`)

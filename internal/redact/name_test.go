package redact_test

import (
	"testing"

	"github.com/hookrig/hookrig/internal/redact"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Authorization", "authorization", "aUtHoRiZaTiOn", "Proxy-Authorization", "X-Authorization", "Cookie", "Set-Cookie", "Set-Cookie2", "X-Auth", "X-Auth-Key",
		"X-AUTH-TOKEN", "X-JWT", "x-jwt", "X-Session-Id", "X-Session", "X-Credential", "X-Private-Key", "X-Vault-Token", "X-Vault-Namespace", "X-Api-Key", "XApiKey",
		"X-Gitlab-Token", "X-Password", "X-Secret", "x-functions-key", "Ocp-Apim-Subscription-Key", "X-Amz-Security-Token", "X-CSRF-Token", "X-Xsrf",
		"Cf-Access-Jwt-Assertion", "X-Goog-Iap-Jwt-Assertion", "DD-API-KEY", "DD-APPLICATION-KEY", "X-Access-Token", "PHPSESSID", "JSESSIONID", "password", "passwd", "pwd",
		"passWord", "password2", "new_password", "user[password]", "user.password", "userpassword", "client_secret", "clientSecret", "CLIENTSECRET", "access_token",
		"accessToken", "ACCESS_TOKEN", "accesstoken", "refresh_token", "id_token", "private_key", "privateKey", "api_key", "apiKey", "APIKEY", "apikey", "aws_secret_access_key",
		"credentials", "jwt", "session", "sessionId", "session_id", "secret_id", "signing_key", "encryption-key", "passphrase", "otp", "auth", "basic_auth",
		"verification_code", "code_verifier", "client_assertion", "SAMLResponse", "bot_token", "hapikey_token", "stripe_secret_key", "cookies",
	} {
		if !redact.Name(name) {
			t.Errorf("%s: is no secret, want one", name)
		}
	}
	for _, name := range []string{
		"monkey", "keyboard", "tokenize_count", "author", "authority", "authored_by", "Authentication-Results", "WWW-Authenticate", "tokenizer", "secretary", "secretariat",
		"key", "keys", "code", "zipcode", "barcode", "discount_code", "country_code", "status_code", "error_code", "pass", "passes", "passenger", "passport", "compass",
		"bypass", "passId", "Idempotency-Key", "X-Event-Key", "Sec-WebSocket-Key", "X-Cache-Key", "Surrogate-Key", "public_key", "publishable_key", "partition_key",
		"token_type", "token_count", "token_endpoint", "tokenId", "tokenAddress", "max_tokens", "prompt_tokens", "total_tokens", "token_expires_at", "password_changed_at",
		"secret_name", "access_key_id", "cookie_consent", "auth_type", "auth_method", "X-Auth-User", "session_count", "sessions", "X-Signature", "X-Hub-Signature-256",
		"Stripe-Signature", "webhook-signature", "X-Shopify-Hmac-Sha256", "signature", "sig", "barcodeSignature", "state", "nonce", "hash", "Content-Type", "Host", "turkey",
		"hockey", "keynote", "", "-", "id", "user", "email", "OAuth2", "oauth", "pin", "spin", "sid", "assertions",
	} {
		if redact.Name(name) {
			t.Errorf("%s: is a secret, want none", name)
		}
	}
}

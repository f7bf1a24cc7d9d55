package sender

import (
	"fmt"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/scenarios"
)

// The themes of the checks.
const (
	ThemeSignature scenarios.Theme = "signature"
	ThemeEvent     scenarios.Theme = "event"
	ThemeRetry     scenarios.Theme = "retry"
	ThemeRequest   scenarios.Theme = "request"
)

// Check is one check of the exam.
type Check struct {
	// ID of the check.
	ID string `json:"id"`
	// Title is what a right sender does.
	Title string `json:"title"`
	// Level says how much the check counts.
	Level scenarios.Level `json:"level"`
	// Theme is what the check is about.
	Theme scenarios.Theme `json:"theme"`
	// Matters says what goes wrong at consumers when the check fails.
	Matters string `json:"matters"`
	// Fix says what to change in the sender.
	Fix string `json:"fix"`
	// Sources are the documents that the rule comes from; without any it is the provider's file.
	Sources []string `json:"sources,omitempty"`

	grade func(g *grading, f *found)
}

// The documents of rules that no provider's file has.
const (
	standardWebhooks = "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"
	rfc9112          = "https://www.rfc-editor.org/rfc/rfc9112"
	rfc9110          = "https://www.rfc-editor.org/rfc/rfc9110"
	rfc8259          = "https://www.rfc-editor.org/rfc/rfc8259"
)

// Select returns the checks that one of the words names: an id, a theme or a level. No words select
// all. A word that names nothing is an error that suggests the nearest.
func Select(words ...string) ([]Check, error) {
	for _, word := range words {
		if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.named(word) }) {
			return nil, fmt.Errorf("no check has the id, theme or level %q: %s", word, hint(word))
		}
	}
	return slices.DeleteFunc(Checks(), func(c Check) bool { return len(words) > 0 && !slices.ContainsFunc(words, c.named) }), nil
}

func (c *Check) named(word string) bool {
	return word == c.ID || word == string(c.Theme) || word == string(c.Level)
}

// hint says what may be meant by a word that names no check.
func hint(word string) string {
	var known []string
	for _, c := range Checks() {
		known = append(known, c.ID, string(c.Theme), string(c.Level))
	}
	if near := strictyaml.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "hookrig help senders lists all"
}

// Checks returns the checks, in the order of a report: by level, and then by theme.
func Checks() []Check {
	return []Check{
		{
			ID: "signature-valid", Title: "Every attempt has a valid signature", Level: scenarios.Must, Theme: ThemeSignature,
			Matters: "Consumers refuse what they cannot verify, and the event is lost after the last attempt.",
			Fix:     "Sign the very bytes that you send, in each attempt, with the secret of the endpoint.",
			grade:   gradeSignatures,
		},
		{
			ID: "signature-fresh", Title: "The signed timestamp is the time of the attempt", Level: scenarios.Must, Theme: ThemeSignature,
			Matters: "Consumers refuse old timestamps, because a replayed request has one.",
			Fix:     "Take the time just before you sign an attempt, and keep the sender's clock right.",
			grade:   gradeFreshness,
		},
		{
			ID: "signature-renewed", Title: "A retry is signed as documented: anew, or as the first attempt", Level: scenarios.Must, Theme: ThemeSignature,
			Matters: "A retry with the first timestamp is refused as a replay once the tolerance is over.",
			Fix:     "Sign each attempt with a new timestamp, and keep the event's id.",
			grade:   gradeRenewal,
		},
		{
			ID: "event-id-stable", Title: "An event has the same id in every attempt", Level: scenarios.Must, Theme: ThemeEvent,
			Matters: "Consumers recognise a repeated event by its id. With a new id they act twice.",
			Fix:     "Make the id when the event happens, store it with the event, and send it in every attempt.",
			grade:   gradeStableIDs,
		},
		{
			ID: "event-id-unique", Title: "Two events have two ids", Level: scenarios.Must, Theme: ThemeEvent,
			Matters: "Consumers drop an event whose id they know as a repetition.",
			Fix:     "Make a new id for every event, such as a UUID.",
			grade:   gradeUniqueIDs,
		},
		{
			ID: "event-body-same", Title: "Every attempt has the same body, byte for byte", Level: scenarios.Must, Theme: ThemeEvent,
			Matters: "A consumer that acted on one attempt and answered too late never sees the other body.",
			Fix:     "Store the bytes of the body with the event, and send them in every attempt.",
			grade:   gradeBodies,
		},
		{
			ID: "retry-5xx", Title: "An attempt that gets 5xx is tried again", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "A consumer that restarts loses the events that are sent meanwhile.",
			Fix:     "Treat every status outside 2xx as a failure, and schedule the next attempt.",
			grade:   gradeRetries("5xx", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}),
		},
		{
			ID: "retry-429", Title: "An attempt that gets 429 is tried again", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "A consumer that limits the rate loses what is above the limit.",
			Fix:     "Treat 429 as a failure, and schedule the next attempt.",
			grade:   gradeRetries("429", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 429}),
		},
		{
			ID: "retry-timeout", Title: "An attempt without a response in time is tried again", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "A consumer that is slow for a minute loses the events of that minute.",
			Fix:     "Set a time limit for the whole request, treat its end as a failure, and schedule the next attempt.",
			grade:   gradeRetries("no response", fixtures.Failure{Kind: fixtures.FailedTimeout}),
		},
		{
			ID: "retry-reset", Title: "An attempt whose connection is reset is tried again", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "A consumer that crashes during a request never gets that event again.",
			Fix:     "Treat every error of the HTTP client as a failure, and schedule the next attempt.",
			grade:   gradeRetries("a reset", fixtures.Failure{Kind: fixtures.FailedCut}),
		},
		{
			ID: "stop-success", Title: "Nothing is sent again after a success", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "Every needless repetition is a chance to act twice.",
			Fix:     "Mark the delivery as done when a 2xx arrives, before anything else can send it.",
			grade:   gradeSuccess,
		},
		{
			ID: "stop-failure", Title: "Nothing is sent again after a failure that ends the delivery", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "A consumer that answers 410 is called for days.",
			Fix:     "End the delivery after the responses that the policy names, and after its last attempt.",
			grade:   gradeEnds,
		},
		{
			ID: "redirect", Title: "A redirect is not followed", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "Whoever controls the redirect gets the events; and most clients send it again as GET, without a body.",
			Fix:     "Turn off redirects in the HTTP client and treat 3xx as a failure.",
			grade:   gradeRedirects,
		},
		{
			ID: "order", Title: "Events come in the documented order", Level: scenarios.Must, Theme: ThemeRetry,
			Matters: "Consumers that rely on the order end in a wrong state.",
			Fix:     "Send the next event of the queue when the one before is delivered, or given up.",
			grade:   gradeOrder,
		},
		{
			ID: "header-required", Title: "Every attempt has the documented header lines", Level: scenarios.Must, Theme: ThemeRequest,
			Matters: "Consumers route and verify by header lines.",
			Fix:     "Set the lines for every attempt, also for a retry.",
			grade:   gradeHeaders,
		},
		{
			ID: "header-attempt", Title: "The header lines that count attempts are right", Level: scenarios.Must, Theme: ThemeRequest,
			Matters: "Consumers tell a retry from a new event by them.",
			Fix:     "Count the attempts in the stored delivery, not in the process that sends.",
			grade:   gradeAttemptLines,
		},
		{
			ID: "http-method", Title: "Requests have the documented method", Level: scenarios.Must, Theme: ThemeRequest,
			Matters: "Consumers answer 405 to another method.",
			Fix:     "Send every attempt with the documented method.",
			grade:   gradeMethod,
		},
		{
			ID: "http-valid", Title: "Requests are complete and well-formed HTTP", Level: scenarios.Must, Theme: ThemeRequest,
			Matters: "Proxies and frameworks refuse malformed requests, each a different one.",
			Fix:     "Use an HTTP library, and write the whole body before the time limit of the request.",
			Sources: []string{rfc9112}, grade: gradeHTTP,
		},
		{
			ID: "body-valid", Title: "A body that says JSON is JSON", Level: scenarios.Must, Theme: ThemeRequest,
			Matters: "Frameworks answer 400 before the consumer's code sees the event.",
			Fix:     "Write bodies with a JSON library.",
			Sources: []string{rfc8259}, grade: gradeJSON,
		},
		{
			ID: "stop-endpoint", Title: "Nothing is sent to an endpoint after a response that ends it", Level: scenarios.Should, Theme: ThemeRetry,
			Matters: "A consumer that was shut down gets requests for ever.",
			Fix:     "Disable the endpoint after the responses that the policy names, and drop what waits for it.",
			grade:   gradeEndpoint,
		},
		{
			ID: "retry-4xx", Title: "An attempt that gets another 4xx is handled as documented", Level: scenarios.Should, Theme: ThemeRetry,
			Matters: "A consumer that is deployed with a wrong route or secret loses the events of that time.",
			Fix:     "Treat 4xx as a failure, and schedule the next attempt.",
			grade:   gradeRetries("4xx", fixtures.Failure{Kind: fixtures.FailedStatus, Status: 400}),
		},
		{
			ID: "retry-schedule", Title: "The waits between attempts are the documented ones", Level: scenarios.Should, Theme: ThemeRetry,
			Matters: "Retries that are too fast hit a consumer that is down; retries that are too slow come after its alarms.",
			Fix:     "Compute each wait from the number of the attempt, as documented; or document your own schedule in a provider.yaml.",
			grade:   gradeSchedule,
		},
		{
			ID: "retry-after", Title: "Retry-After is honoured", Level: scenarios.Should, Theme: ThemeRetry,
			Matters: "A consumer that says when it is ready again is overloaded before.",
			Fix:     "Read Retry-After (seconds or a date) from a failed response, and wait that long before the next attempt.",
			Sources: []string{standardWebhooks, rfc9110 + "#section-10.2.3"}, grade: gradeRetryAfter,
		},
		{
			ID: "timeout", Title: "The sender waits for a response as long as documented", Level: scenarios.Should, Theme: ThemeRetry,
			Matters: "A consumer that answers within the documented time gets the event again, and acts twice.",
			Fix:     "Set the time limit of the HTTP client to the documented one.",
			grade:   gradeTimeout,
		},
		{
			ID: "header-content-type", Title: "The Content-Type is the documented one", Level: scenarios.Should, Theme: ThemeRequest,
			Matters: "Frameworks choose by it how they read the body.",
			Fix:     "Set Content-Type, such as application/json.",
			grade:   gradeContentType,
		},
		{
			ID: "body-documented", Title: "Bodies are documented events and fit their schemas", Level: scenarios.Should, Theme: ThemeRequest,
			Matters: "Consumers are written from the schemas.",
			Fix:     "Change the body, or its schema in the provider's file.",
			grade:   gradeSchemas,
		},
		{
			ID: "body-size", Title: "Bodies have at most 20 kB", Level: scenarios.Should, Theme: ThemeRequest,
			Matters: "Large bodies are load for consumers that may not need them, and some refuse them.",
			Fix:     "Send ids, and let consumers fetch what is large.",
			Sources: []string{standardWebhooks}, grade: gradeSize,
		},
		{
			ID: "secret-kept", Title: "No secret is in a URL, header line or body", Level: scenarios.Should, Theme: ThemeRequest,
			Matters: "URLs and header lines are in the logs of every proxy.",
			Fix:     "Sign with the secret, and never send it.",
			grade:   gradeSecrets,
		},
		{
			ID: "header-user-agent", Title: "A User-Agent names the sender", Level: scenarios.Info, Theme: ThemeRequest,
			Matters: "Operators find out by it who sends.",
			Fix:     "Set User-Agent to a name with a version.",
			Sources: []string{rfc9110 + "#section-10.1.5"}, grade: gradeUserAgent,
		},
		{
			ID: "http-length", Title: "Requests have a Content-Length", Level: scenarios.Info, Theme: ThemeRequest,
			Matters: "Some frameworks and gateways read no chunked body.",
			Fix:     "Give the HTTP client the whole body, not a stream.",
			Sources: []string{rfc9112}, grade: gradeLength,
		},
		{
			ID: "http-keep-alive", Title: "Connections are used again", Level: scenarios.Info, Theme: ThemeRequest,
			Matters: "A new connection with TLS for each event costs both sides more than the event.",
			Fix:     "Share one HTTP client, and read each response to its end.",
			Sources: []string{rfc9112 + "#section-9.3"}, grade: gradeConnections,
		},
	}
}

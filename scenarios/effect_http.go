package scenarios

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/mockserver"
)

// ask sends the HTTP request of an effect. Without Options.Dial it connects to loopback only.
func (r *run) ask(ctx context.Context, q *Request) (any, error) {
	dial := r.options.Dial
	if dial == nil {
		guard, err := mockserver.NewGuard(nil)
		if err != nil {
			return nil, err
		}
		dial = guard.Dial
	}
	method := q.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, q.URL, strings.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range q.Headers {
		request.Header.Set(name, value)
	}
	client := &http.Client{
		// no proxy
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, TLSClientConfig: r.options.Trust.Config(), ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, mockserver.ExplainError(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOutput))
	if err != nil {
		return nil, err
	}
	headers := map[string]any{}
	for name, values := range response.Header {
		list := make([]any, len(values))
		for i := range values {
			list[i] = values[i]
		}
		headers[strings.ToLower(name)] = list
	}
	return map[string]any{"status": response.StatusCode, "headers": headers, "body": parsed(body)}, nil
}

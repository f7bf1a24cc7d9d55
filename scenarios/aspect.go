package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver"
)

// check returns an error unless a is a valid aspect.
func (a Aspect) check() error {
	switch name, header := strings.CutPrefix(string(a), "header "); {
	case a == "body", a == "id":
		return nil
	case header && strings.TrimSpace(name) != "":
		return nil
	case strings.HasPrefix(string(a), "."):
		_, err := compileJQ(string(a))
		return err
	}
	return fmt.Errorf("%q cannot be compared: want body, id, header NAME, or a jq path such as .body.passId", string(a))
}

// of returns the aspect of a message as text. id is the id of the event.
func (a Aspect) of(ctx context.Context, m mockserver.Message, id string) (string, error) {
	switch {
	case a == "body":
		return string(m.Body), nil
	case a == "id":
		return id, nil
	case strings.HasPrefix(string(a), "header "):
		return strings.Join(m.Headers.Values(strings.TrimPrefix(string(a), "header ")), "\n"), nil
	}
	v, err := first(ctx, string(a), content.Root(&m, content.Ample))
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	return string(text), err
}

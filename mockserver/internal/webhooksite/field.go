package webhooksite

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// kind is how the values of a field are compared.
type kind int

const (
	text kind = iota + 1
	numeric
	date
)

// kindOf returns the kind of a field of a query, or 0 when a request has no such field.
func kindOf(field string) kind {
	switch field {
	case "uuid", "type", "token_id", "team_id", "ip", "hostname", "method", "user_agent", "content", "url", "note",
		"country", "country_code", "region", "city", "sender", "message_id", "destinations", "text_content", "html_content",
		"query", "request", "headers", "files", "checks", "custom_action_output", "custom_action_errors":
		return text
	case "size", "time", "sorting":
		return numeric
	case "created_at", "updated_at":
		return date
	}
	group, rest, ok := strings.Cut(field, ".")
	if !ok || rest == "" {
		return 0
	}
	switch group {
	case "query", "request", "headers", "files", "checks", "custom_action_output":
		return text
	}
	return 0
}

// texts returns the values of a text field; none when the request does not have it. A group without
// a member has the values of all its members.
func (r *request) texts(field string) []string {
	switch field {
	case "uuid":
		return []string{r.UUID}
	case "type":
		return []string{r.Type}
	case "token_id":
		return []string{r.TokenID}
	case "ip":
		return []string{r.IP}
	case "hostname":
		return []string{r.Hostname}
	case "method":
		return []string{r.Method}
	case "content":
		return nonEmpty(r.Content)
	case "url":
		return []string{r.URL}
	case "user_agent":
		return pointed(r.UserAgent)
	case "note":
		return pointed(r.Note)
	}
	group, member, _ := strings.Cut(field, ".")
	switch group {
	case "headers":
		if member == "" {
			var all []string
			for _, values := range r.Headers {
				all = append(all, values...)
			}
			return all
		}
		return r.Headers[strings.ToLower(member)]
	case "query":
		return within(r.Query, member)
	case "request":
		return within(r.form, member)
	case "files":
		return within(r.Files, member)
	}
	return nil
}

// number returns the value of a numeric field.
func (r *request) number(field string) float64 {
	switch field {
	case "size":
		return float64(r.Size)
	case "time":
		return r.Time
	default:
		return float64(r.Sorting)
	}
}

// at returns when the request came, to the second.
func (r *request) at() time.Time { return r.CreatedAt.UTC().Truncate(time.Second) }

func nonEmpty(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func pointed(value *string) []string {
	if value == nil {
		return nil
	}
	return []string{*value}
}

// within returns the values of a member, or of all.
func within(group map[string]any, member string) []string {
	if member != "" {
		value, ok := group[member]
		if !ok {
			return nil
		}
		group = map[string]any{member: value}
	}
	var all []string
	for _, value := range group {
		switch v := value.(type) {
		case string:
			all = append(all, v)
		case []any:
			for _, item := range v {
				all = append(all, asText(item))
			}
		default:
			all = append(all, asText(v))
		}
	}
	return all
}

func asText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

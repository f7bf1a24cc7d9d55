package scenarios

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

func testScope() *scope {
	return &scope{
		env: func(name string) (string, bool) {
			v, ok := map[string]string{"SET": "value", "EMPTY": ""}[name]
			return v, ok
		},
		seed:   7,
		target: map[string]any{"url": "http://127.0.0.1:1/x"},
		bins:   map[string]any{"inbox": map[string]any{"url": "http://127.0.0.1:2/inbox"}},
		steps: map[string]any{"life": map[string]any{"events": []any{
			map[string]any{"name": "Pass:Created", "body": parsed([]byte(`{"n":9007199254740993,"f":57.0,"t":"x","z":null,"o":{"a":true}}`))},
		}}},
	}
}

func TestExpand(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                   `"plain"`,
		"${seed}":                                 `7`,
		"seed-${seed}":                            `"seed-7"`,
		"${target.url}/a?b=${seed}":               `"http://127.0.0.1:1/x/a?b=7"`,
		"${bins.inbox.url}":                       `"http://127.0.0.1:2/inbox"`,
		"${env:SET}":                              `"value"`,
		"${env:SET:-other}":                       `"value"`,
		"${env:EMPTY:-other}":                     `"other"`,
		"${env:EMPTY}":                            `""`,
		"${env:UNSET:-}":                          `""`,
		"${env:UNSET:-a:-b}":                      `"a:-b"`,
		"$${seed}":                                `"${seed}"`,
		"$${seed} ${seed}":                        `"${seed} 7"`,
		"${steps.life.events.0.name}":             `"Pass:Created"`,
		"${steps.life.events.0.body.n}":           `9007199254740993`,
		"${steps.life.events.0.body.f}":           `57.0`,
		"${steps.life.events.0.body.z}":           `null`,
		"${steps.life.events.0.body.o}":           `{"a":true}`,
		"${steps.life.events.0.body.o.a}":         `true`,
		"o=${steps.life.events.0.body.o}":         `"o={\"a\":true}"`,
		"id ${steps.life.events.0.body.t}${seed}": `"id x7"`,
	} {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: in, Line: 3, Column: 4}
		out, err := expand("f.yaml", n, testScope().resolve)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got, err := strictyaml.AppendJSON(nil, out)
		if err != nil || string(got) != want {
			t.Errorf("%s: want %s, got %s (%v)", in, want, got, err)
		}
		if out.Line != 3 || out.Column != 4 {
			t.Errorf("%s: the place is lost", in)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	for in, want := range map[string]string{
		"${env:UNSET}":                `f.yaml:3:4: ${env:UNSET}: the variable UNSET is not set; set it, or give a default: ${env:UNSET:-…}`,
		"${seeds}":                    `unknown reference ${seeds}`,
		"${seed":                      `reference ${seed is not closed by }`,
		"a ${bins.outbox.url}":        `there is no "outbox"`,
		"${steps.life.events.1.name}": `want an index from 0 to 0, got "1"`,
		"${steps.life.events.x}":      `want an index from 0 to 0, got "x"`,
		"${target.url.host}":          `the value before "host" has no members`,
		"${steps}":                    `ends too early`,
	} {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: in, Line: 3, Column: 4}
		if _, err := expand("f.yaml", n, testScope().resolve); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %s, got %v", in, want, err)
		}
	}
}

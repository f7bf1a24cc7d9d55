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
		}}, "first-try": map[string]any{"id": "ep_1", "big": uint64(1<<64 - 1)}},
	}
}

func TestExpand(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                      `"plain"`,
		"${steps.life.events[0].body.f * 2}":         `114`,
		"${steps.life.events[-1].body.o}":            `{"a":true}`,
		"${steps.life.events.0.name | upper}":        `"PASS:CREATED"`,
		"${steps.first-try.id}":                      `"ep_1"`,
		"${steps['first-try'].id}":                   `"ep_1"`,
		"${steps.first-try.big}":                     `18446744073709551615`,
		"${len(steps.life.events) > 0 ? 'a}' : 1}":   `"a}"`,
		"${env:PORT:-8080}":                          `"8080"`,
		"${number(env:PORT:-8080) + 1}":              `8081`,
		"${env:PORT:-8080 | number}":                 `8080`,
		"${env:URL:-http://a:1/b?c=d}/x":             `"http://a:1/b?c=d/x"`,
		"${env:UNSET:-'a|b}'}":                       `"a|b}"`,
		"${env:UNSET:-it's}":                         `"it's"`,
		"${seed | sha256 | hex | slice(0, 8)}":       `"7902699b"`,
		"${stable(seed, 4, 'a-z') | len}":            `4`,
		"${[seed, {a: steps.life.events.0.body.n}]}": `[7,{"a":9007199254740993}]`,
		"${steps.life.events.0.body.z}.":             `"."`,
		"a $${${seed}":                               `"a ${7"`,
		"${seed}":                                    `7`,
		"seed-${seed}":                               `"seed-7"`,
		"${target.url}/a?b=${seed}":                  `"http://127.0.0.1:1/x/a?b=7"`,
		"${bins.inbox.url}":                          `"http://127.0.0.1:2/inbox"`,
		"${env:SET}":                                 `"value"`,
		"${env:SET:-other}":                          `"value"`,
		"${env:EMPTY:-other}":                        `"other"`,
		"${env:EMPTY}":                               `""`,
		"${env:UNSET:-}":                             `""`,
		"${env:UNSET:-a:-b}":                         `"a:-b"`,
		"$${seed}":                                   `"${seed}"`,
		"$${seed} ${seed}":                           `"${seed} 7"`,
		"${steps.life.events.0.name}":                `"Pass:Created"`,
		"${steps.life.events.0.body.n}":              `9007199254740993`,
		"${steps.life.events.0.body.f}":              `57.0`,
		"${steps.life.events.0.body.z}":              `null`,
		"${steps.life.events.0.body.o}":              `{"a":true}`,
		"${steps.life.events.0.body.o.a}":            `true`,
		"o=${steps.life.events.0.body.o}":            `"o={\"a\":true}"`,
		"id ${steps.life.events.0.body.t}${seed}":    `"id x7"`,
	} {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: in, Line: 3, Column: 4}
		out, err := expand("f.yaml", n, testScope())
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
		"${seeds}":                    `f.yaml:3:4: ${seeds}: unknown name "seeds"; did you mean "seed"?`,
		"${seed":                      `f.yaml:3:4: ${seed: the placeholder has no closing }; write $${ for a plain ${`,
		"a ${bins.outbox.url}":        `there is no "outbox"`,
		"${steps.life.events.1.name}": `want an index from 0 to 0, got "1"`,
		"${steps.life.events.x}":      `want an index from 0 to 0, got "x"`,
		"${target.url.host}":          `the value before "host" has no members`,
		"${steps}":                    `${steps}: the reference ends too early`,
		"${uuid()}":                   `${uuid()}: uuid gives random values, which cannot be used here; a value must be the same each time it is read: use ${seed}`,
		"x ${seed | sha256}":          `${seed | sha256}: sha256 gives bytes, and a text is expected; write them as text: | hex or | base64`,
		"x ${'' + (seed | sha256)}":   `${'' + (seed | sha256)} gives bytes that are not UTF-8 text; add | hex or | base64`,
		"${json:/a}":                  `${json:/a}: json: can be used in signing schemes only`,
		"${env:}":                     `${env:}: env: names no variable; write env:NAME or env:NAME:-default`,
		"${env:UNSET:x}":              `unexpected ":" after the end of the expression; a default is written env:UNSET:-text`,
		"${bins[seed]}":               `${bins[seed]}: the reference ends too early`,
		"${seed + target}":            `${seed + target}: the reference ends too early`,
		"${seed / 0}":                 `${seed / 0}: division by 0`,
	} {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: in, Line: 3, Column: 4}
		if _, err := expand("f.yaml", n, testScope()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %s, got %v", in, want, err)
		}
	}
}

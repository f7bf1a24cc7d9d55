package jq_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/itchyny/gojq"
	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/jq"
)

// run returns all results of a program. An error is the last of them.
func run(t testing.TB, text string, input any, limits jq.Limits) ([]any, error) {
	t.Helper()
	query, err := jq.Parse(text)
	if err != nil {
		return nil, err
	}
	program, err := jq.Compile(query, limits)
	if err != nil {
		return nil, err
	}
	var all []any
	err = program.Run(t.Context(), input, func(v any) bool {
		all = append(all, v)
		return len(all) < 10_000
	})
	return all, err
}

// plain returns the results of gojq.
func plain(ctx context.Context, text string, input any) ([]any, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var all []any
	for results := code.RunWithContext(ctx, input); ; {
		v, ok := results.Next()
		if !ok {
			return all, nil
		}
		if err, failed := v.(error); failed {
			return all, err
		}
		if all = append(all, v); len(all) == 10_000 {
			return all, nil
		}
	}
}

func decoded(t testing.TB, text string) (any, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, false
	}
	return v, true
}

// TestProgramsOfGojq compares the results of gojq's test programs.
func TestProgramsOfGojq(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/itchyny/gojq").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "cli", "test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name  string   `yaml:"name"`
		Args  []string `yaml:"args"`
		Input string   `yaml:"input"`
	}
	if err := yaml.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	same, refused := 0, map[string]int{}
	for _, c := range cases {
		var program string
		for _, arg := range c.Args {
			if strings.HasPrefix(arg, "-") {
				continue
			}
			program = arg
			break
		}
		if program == "" {
			continue
		}
		input, ok := decoded(t, c.Input)
		if !ok {
			input = nil
		}
		want, wantErr := plain(t.Context(), program, input)
		var compile bool
		if wantErr != nil && want == nil {
			if q, err := gojq.Parse(program); err != nil {
				continue
			} else if _, err := gojq.Compile(q); err != nil {
				compile = true
			}
		}
		input, _ = decoded(t, c.Input)
		got, gotErr := run(t, program, input, jq.Limits{Time: time.Hour})
		if compile {
			if gotErr == nil {
				t.Errorf("%s: %s: gojq says %v", c.Name, program, wantErr)
			}
			continue
		}
		if gotErr != nil && wantErr == nil && strings.Contains(gotErr.Error(), "not defined") {
			refused[gotErr.Error()]++
			continue
		}
		if gotErr != nil && strings.Contains(gotErr.Error(), "not defined: halt") {
			refused[gotErr.Error()]++
			continue
		}
		if (gotErr == nil) != (wantErr == nil) || written(got) != written(want) {
			if strings.Contains(program, "now") {
				continue
			}
			t.Errorf("%s: %s\n got  %.400s, %v\n want %.400s, %v", c.Name, program, differing(written(got), written(want)), gotErr, differing(written(want), written(got)), wantErr)
			continue
		}
		same++
	}
	t.Logf("%d of %d the same; refused: %v", same, len(cases), refused)
	if same < 600 {
		t.Errorf("only %d of %d programs are the same", same, len(cases))
	}
}

func written(all []any) string {
	var b strings.Builder
	for _, v := range all {
		data, err := gojq.Marshal(v)
		fmt.Fprintln(&b, string(data), err)
	}
	return b.String()
}

// differing returns the first line of a text that is not in the other one.
func differing(text, other string) string {
	for line := range strings.Lines(text) {
		if !strings.Contains(other, line) {
			return line
		}
	}
	return text
}

// TestBounds checks that an expensive program ends soon with an error and stays within its limits.
func TestBounds(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, program := range []string{
		`.[2000000000] = 1`, `[] | setpath([500000000]; 1)`, `{} | .a.b[400000000].c = 1`, `[1] | .[300000000] += 1`, `[] | .[100000000:] = [1]`,
		`[] | setpath([{"start": 0, "end": 1}]; [range(1e9)])`, `.[range(1000)][1000000] = 1`, `[range(1000)] | .[][1000000] = 1 | length`,
		`"x" * 2000000000 | length`, `2000000000 * "x"`, `"x" * 1000000 * 1000000`, `reduce range(40) as $i ("x"; . + .) | length`,
		`reduce range(40) as $i ([1]; . + .) | length`, `reduce range(60) as $i ({a: 1}; {a: ., b: .}) | tojson | length`,
		`reduce range(60) as $i (1; [., .]) | tostring | length`, `reduce range(60) as $i (1; [., .]) | flatten | length`,
		`(reduce range(60) as $i (1; [., .])) as $x | (reduce range(60) as $i (1; [., .])) == $x`, `reduce range(60) as $i (1; [., .]) | . < [[1]]`,
		`(reduce range(60) as $i (1; [., .])) as $x | [$x, (reduce range(60) as $i (1; [., .]))] | sort`,
		`(reduce range(60) as $i (1; [., .])) as $x | [[$x, $x]] | unique | length`,
		`reduce range(60) as $i (1; [., .]) | contains(reduce range(60) as $i (1; [., .]))`, `reduce range(60) as $i (1; [., .]) | "\(.)"`,
		`reduce range(60) as $i (1; [., .]) | @json`, `reduce range(60) as $i (1; [., .]) | @text "\(.)"`, `[range(1e9)] | length`, `[limit(1e9; repeat(1))]`,
		`[recurse(. + 1)] | length`, `last(recurse([.]))`, `def f: [f]; f`, `def f: 1 + f; f`, `def f: f, f; [f]`, `def f(g): f(g | g); f(.)`, `until(false; . + 1)`,
		`last(range(1e12))`, `first(range(1e12) | select(. < 0))`, `reduce range(1e7) as $i (null; {a: .})`, `reduce range(1e7) as $i (null; [.])`,
		`reduce range(1e7) as $i (null; [.]) | tojson`, `[range(100000)] | [combinations(3)]`, `[[range(1000)], [range(1000)], [range(1000)]] | [combinations]`,
		`[range(100000)] as $a | $a - $a`, `[range(100000)] | index([range(50000)])`, `[range(100000)] | .[[range(50000)]]`, `[range(3000)] | [.[] as $x | .[] | [$x, .]]`,
		`[range(2000)] | [.[] as $x | .[] | "\($x)-\(.)"] | join(", ")`, `[range(1000000)] | map(tostring) | join("0123456789") | length`,
		`[[range(100000)]] + [range(100000) | []] | transpose`, `"[" * 1000000 | fromjson`, `"[1," * 1000000 + "1" + "]" * 1000000 | fromjson`,
		`$long | [match("a"; "g")] | length`, `$long | gsub("a"; "bb") | length`, `$long | [scan("a")] | length`, `$long | [splits("a")] | length`,
		`$long | [match("(a.*b|a)"; "g")] | length`, `$long | test("(a*)*b")`, `$long + $long | test("(((a?){50}){50})b")`, `"a" | test("((((a{100}){100}){100}){100})")`,
		`"a" | test("(" * 5000 + "a" + ")" * 5000)`, `$long | explode | map(. + 1) | implode | length`, `[$long | explode, explode, explode, explode, explode, explode] | length`,
		`$long | [.[range(1000000):]] | length`, `[range(300)] | map($long + tostring) | sort | length`, `[range(1000) | $long] | tojson | length`, `[range(1000) | $long] | add | length`,
		`[range(1000) | $long] | join("") | length`, `[range(1000) | $long] | @csv | length`, `$long * 200 | @html`, `$long * 100 | @base64 | @base64 | @uri`, `[range(500) | $long] | sort`,
		`reduce range(30) as $i (10; . * .) | tostring | length`, `reduce range(60) as $i (7; . * . + 1)`, `"9" * 1000000 | tonumber`, `$digits + 1`, `$digits == 1`, `[$digits, 1] | sort`,
		`$digits | floor`, `-$digits`, `[1] | .[$digits]`, `"%Y" * 1000000 | . as $f | now | strftime($f)`, `[paths(..)]`, `[range(1e6)] | [paths]`, `[.. , (repeat([.]) | ..)]`,
		`. as $x | reduce range(1000000) as $i ([]; . + [$i])`, `reduce range(1000000) as $i ({}; .["k\($i)"] = $i) | length`, `[range(100000)] | del(.[range(100000)]) | [limit(1e9; repeat(1))]`,
		`[range(1e6)] | group_by(.) | map(group_by(.)) | [limit(1e9; repeat(.))]`, `[range(1e6) | {a: .}] | [limit(1e9; repeat(.[]))]`, `walk([., ., .])`, `[range(1000)] | walk([., .]) | [.. | [.]]`,
		`"a," * 1000000 | split(",") | map(split("")) | [limit(1e9; repeat(.))]`, `[range(1e6)] | tostream | [., repeat(.)]`, `try error(repeat(1)) catch repeat(.)`, `label $f | repeat(1) | if . > 1 then break $f else empty end`,
	} {
		t.Run(clip(program), func(t *testing.T) {
			program := strings.ReplaceAll(program, "$long", ".long")
			program = strings.ReplaceAll(program, "$digits", ".digits")
			if strings.Contains(program, ".long") || strings.Contains(program, ".digits") {
				program = "def rebound: .; " + strings.NewReplacer(".long", "$root.long", ".digits", "$root.digits").Replace(". as $root | null | "+program)
			}
			var input any
			if strings.Contains(program, "$root") {
				input = map[string]any{"long": long, "digits": json.Number(strings.Repeat("9", 1<<20))}
			}
			const memory = 64 << 20
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := counted(t, program, input, jq.Limits{Memory: memory, Time: 100 * time.Millisecond})
			runtime.ReadMemStats(&after)
			if !errors.Is(err, jq.ErrLarge) && !errors.Is(err, jq.ErrSlow) {
				t.Logf("ends by itself: %v", err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 5*memory {
				t.Errorf("took %d MB in all, of a budget of %d", taken>>20, memory>>20)
			}
		})
	}
}

func clip(text string) string { return text[:min(60, len(text))] }

// counted runs a program to its end.
func counted(t testing.TB, text string, input any, limits jq.Limits) (n int, err error) {
	query, err := jq.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	program, err := jq.Compile(query, limits)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	err = program.Run(t.Context(), input, func(any) bool { n++; return true })
	return n, err
}

// TestConcurrentRuns runs the same program in many goroutines, each with its own budget.
func TestConcurrentRuns(t *testing.T) {
	query, err := jq.Parse(`[range(.)] | map(. * 2) | add`)
	if err != nil {
		t.Fatal(err)
	}
	reserved := 0
	var one sync.Mutex
	program, err := jq.Compile(query, jq.Limits{Memory: 8 << 20, Time: time.Hour, Reserve: func(context.Context, int64) (func(), error) {
		one.Lock()
		reserved++
		return one.Unlock, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range 5 {
				n += 1000 * (i % 2) * 20 // every second one needs to reserve
				var got any
				if err := program.Run(t.Context(), n, func(v any) bool { got = v; return true }); err != nil || n > 0 && fmt.Sprint(got) != fmt.Sprint(n*(n-1)) {
					t.Errorf("%d: %v, %v", n, got, err)
				}
			}
		})
	}
	all.Wait()
	if reserved != 8*5 {
		t.Errorf("%d runs reserved, want %d", reserved, 8*5)
	}
}

// TestRunEndsWithItsContext checks that a program ends with its context, even inside a function.
func TestRunEndsWithItsContext(t *testing.T) {
	for _, text := range []string{`last(range(1e12))`, `[match("(a.*b|a)"; "g")] | length`} {
		query, err := jq.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		program, err := jq.Compile(query, jq.Limits{Time: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if err := program.Run(ctx, strings.Repeat("a", 4<<20), func(any) bool { return true }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestWaitingEndsWithItsContext checks that waiting in Reserve ends with the context.
func TestWaitingEndsWithItsContext(t *testing.T) {
	query, err := jq.Parse(`[range(50000)] | length`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	program, err := jq.Compile(query, jq.Limits{Reserve: func(ctx context.Context, _ int64) (func(), error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Run(ctx, nil, func(any) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestWaitingIsFree checks that waiting in Reserve does not use up the time.
func TestWaitingIsFree(t *testing.T) {
	query, err := jq.Parse(`[range(50000)] | length`)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 100 * time.Millisecond
	program, err := jq.Compile(query, jq.Limits{Time: limit, Reserve: func(context.Context, int64) (func(), error) {
		<-time.After(2 * limit)
		return func() {}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // a busy machine may exceed the limit
		if err = program.Run(t.Context(), nil, func(any) bool { return true }); err == nil {
			return
		}
	}
	t.Error(err)
}

// FuzzProgram runs any program and compares its results with gojq if both end soon.
func FuzzProgram(f *testing.F) {
	for _, seed := range []string{`.a | test("x"; "gi")`, `[.[] | {a: ., "b\(1)": 2}] | sort_by(.a)`, `.a[1:] |= map(. + 1)`, `reduce .[] as [$a, {b: $c}] (0; . + $a * $c)`, `def f(g): g | f(g); f(.)`, `. as [$a] ?// $a | $a`} {
		f.Add(seed, `{"a": ["x", 1.5, null, {"b": "ü"}]}`)
	}
	f.Fuzz(func(t *testing.T, text, input string) {
		if len(text) > 4<<10 {
			return
		}
		query, err := jq.Parse(text)
		if err != nil {
			return
		}
		program, err := jq.Compile(query, jq.Limits{Memory: 2 << 20, Time: 50 * time.Millisecond})
		if err != nil {
			return
		}
		v, _ := decoded(t, input)
		var got []any
		if err := program.Run(t.Context(), v, func(v any) bool {
			got = append(got, v)
			return len(got) < 100
		}); err != nil || len(got) >= 100 || strings.Contains(text, "now") {
			return // gojq would use too much
		}
		v, _ = decoded(t, input)
		if want, err := plain(t.Context(), text, v); err != nil || written(got) != written(want) {
			t.Errorf("%s with %s\n got  %s\n want %s, %v", text, input, written(got), written(want), err)
		}
	})
}

func TestErrorsAreNotCaught(t *testing.T) {
	for _, program := range []string{
		`try ("x" * 2000000000) catch 1`, `("x" * 2000000000)? // 1`, `[.[]?, ("x" * 2000000000)?] | length`,
	} {
		if got, err := run(t, program, nil, jq.Limits{Time: time.Hour}); !errors.Is(err, jq.ErrLarge) {
			t.Errorf("%s: %v, %v", program, got, err)
		}
	}
}

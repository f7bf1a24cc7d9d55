package expression

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/people"
)

// Function is one entry of the table of functions.
type Function struct {
	Name   string
	Usage  string // "int(lo, hi)"
	Kind   string // the heading in the manual
	Random bool   // it draws from the generator

	least, most int // the number of arguments; -1 is unlimited
	// call must not keep the slice of arguments.
	call  func(f *Frame, args []Value) Value
	bytes func([]byte) []byte // call over the bytes of a text
	raw   bool                // the result is bytes, not text
	place int                 // in the manual
}

// takes describes how many arguments the function takes.
func (fn *Function) takes() string {
	switch {
	case fn.most < 0:
		return fmt.Sprintf("%d or more arguments", fn.least)
	case fn.least == fn.most && fn.least == 1:
		return "1 argument"
	case fn.least == fn.most:
		return fmt.Sprintf("%d arguments", fn.least)
	}
	return fmt.Sprintf("%d to %d arguments", fn.least, fn.most)
}

// OverBytes returns the function as one over bytes, or nil when it is none. The function does not
// change its argument.
func (fn *Function) OverBytes() func([]byte) []byte { return fn.bytes }

// The kinds of functions, in the order of the manual.
const (
	kindRandom  = "random"
	kindPeople  = "random people"
	kindEntity  = "random entities"
	kindChain   = "random addresses of chains"
	kindText    = "text"
	kindBytes   = "bytes of a text"
	kindNumbers = "numbers"
	kindLists   = "lists"
	kindObjects = "objects"
	kindTime    = "time"
	kindLayout  = "time as text"
)

// functions is the table of functions by name.
var functions = tableOf(
	random("int(lo, hi)", kindRandom, 2, 2, randomInt),
	random("float(lo, hi, decimals)", kindRandom, 3, 3, randomFloat),
	random("chance(p)", kindRandom, 1, 1, randomChance),
	random("pick(a, b, …)", kindRandom, 1, -1, randomPick),
	random("hex_digits(n)", kindRandom, 1, 1, randomHex),
	random("digits(n)", kindRandom, 1, 1, randomDigits),
	random("alnum(n)", kindRandom, 1, 1, alphabetic("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")),
	random("chars(n, 'A-Z0-9_')", kindRandom, 2, 2, randomChars),
	random("uuid()", kindRandom, 0, 0, randomUUID),
	random("uuid7(now)", kindRandom, 1, 1, randomUUID7),
	random("words(n)", kindRandom, 1, 1, randomWords),
	random("sentence()", kindRandom, 0, 0, randomSentence),
	random("color()", kindRandom, 0, 0, func(f *Frame, _ []Value) Value { return OfText(f.people.Color()) }),
	random("product()", kindRandom, 0, 0, func(f *Frame, _ []Value) Value { return OfText(f.people.Product()) }),
	random("url()", kindRandom, 0, 0, randomURL),
	random("ip()", kindRandom, 0, 0, func(f *Frame, _ []Value) Value { return OfText(f.people.IPv4()) }),
	random("user_agent()", kindRandom, 0, 0, func(f *Frame, _ []Value) Value { return OfText(f.people.UserAgent()) }),
	random("between(from, to)", kindRandom, 2, 2, between),

	random("person()", kindPeople, 0, 0, randomPerson),
	random("shop()", kindPeople, 0, 0, randomShop),
	random("company()", kindPeople, 0, 0, func(f *Frame, _ []Value) Value { return OfText(f.people.Company()) }),
	random("entity('kind', {field: value})", kindEntity, 1, 2, nil), // compiled by Node.entity
	random("eth_address()", kindChain, 0, 0, randomEthAddress),
	random("sol_address()", kindChain, 0, 0, randomSolAddress),

	fixed("text(x)", kindText, 1, 1, concat),
	fixed("concat(a, b, …)", kindText, 1, -1, concat),
	letters("lower", strings.ToLower, bytes.ToLower),
	letters("upper", strings.ToUpper, bytes.ToUpper),
	fixed("slug", kindText, 1, 1, slug),
	fixed("slice(s, from, to)", kindText, 3, 3, sliceText),
	fixed("split(s, '.')", kindText, 2, 2, split),
	fixed("stable(s, n, '0-9')", kindText, 3, 3, stable),

	digest("md5", sumMD5), digest("sha1", sumSHA1), digest("sha256", sumSHA256), digest("sha512", sumSHA512), digest("crc32", sumCRC32),
	overBytes("hex", kindBytes, encodeHex),
	overBytes("HEX", kindBytes, encodeUpperHex),
	overBytes("base64", kindBytes, encodeBase64),
	overBytes("base64url", kindBytes, encodeBase64URL),
	overBytes("dec", kindBytes, decimal),
	overBytes("sorted_kv", kindBytes, sortedKV),

	fixed("round(x, decimals)", kindNumbers, 1, 2, round),
	fixed("floor", kindNumbers, 1, 1, floor),
	fixed("abs", kindNumbers, 1, 1, absolute),
	fixed("min(a, b, …)", kindNumbers, 2, -1, extreme(-1)),
	fixed("max(a, b, …)", kindNumbers, 2, -1, extreme(+1)),
	fixed("number(text)", kindNumbers, 1, 1, number),

	fixed("len", kindLists, 1, 1, length),
	fixed("append(l, x)", kindLists, 2, 2, appendItem),
	fixed("remove(l, x)", kindLists, 2, 2, removeItem),
	fixed("replace(l, old, new)", kindLists, 3, 3, replaceItem),
	fixed("where(l, 'member', value)", kindLists, 3, 3, where),
	fixed("index(l, x)", kindLists, 2, 2, indexOf),
	fixed("join(l, ', ')", kindLists, 2, 2, join),

	fixed("with(o, 'member', value)", kindObjects, 3, 3, with),
	fixed("without(o, 'member')", kindObjects, 2, 2, without),
	fixed("compact", kindObjects, 1, 1, compact),

	fixed("time('2026-01-15T09:00:00Z')", kindTime, 1, 1, readTime),
	fixed("after(t, n, 'day')", kindTime, 3, 3, after),
	fixed("unix", kindTime, 1, 1, epoch(1_000_000_000)),
	fixed("unix_ms", kindTime, 1, 1, epoch(1_000_000)),
	fixed("dotnet", kindLayout, 1, 1, formatted(appendDotnet)),
	fixed("laravel", kindLayout, 1, 1, formatted(layout("2006-01-02T15:04:05.000000Z"))),
	fixed("micros", kindLayout, 1, 1, formatted(layout("2006-01-02T15:04:05.000000+00:00"))),
	fixed("millis", kindLayout, 1, 1, formatted(layout("2006-01-02T15:04:05.000+00:00"))),
	fixed("rfc3339", kindLayout, 1, 1, formatted(layout("2006-01-02T15:04:05Z"))),
	fixed("date", kindLayout, 1, 1, formatted(layout("2006-01-02"))),
)

func tableOf(all ...*Function) map[string]*Function {
	table := make(map[string]*Function, len(all))
	for i, fn := range all {
		fn.place = i
		table[fn.Name] = fn
	}
	return table
}

func fixed(usage, kind string, least, most int, call func(*Frame, []Value) Value) *Function {
	name, _, _ := strings.Cut(usage, "(")
	return &Function{Name: name, Usage: usage, Kind: kind, least: least, most: most, call: call}
}

func random(usage, kind string, least, most int, call func(*Frame, []Value) Value) *Function {
	fn := fixed(usage, kind, least, most, call)
	fn.Random = true
	return fn
}

func overBytes(name, kind string, convert func([]byte) []byte) *Function {
	fn := fixed(name, kind, 1, 1, func(_ *Frame, args []Value) Value { return OfText(string(convert([]byte(args[0].String())))) })
	fn.bytes = convert
	return fn
}

// letters returns a function over text that needs no copy to bytes.
func letters(name string, text func(string) string, ofBytes func([]byte) []byte) *Function {
	fn := overBytes(name, kindText, ofBytes)
	fn.call = func(_ *Frame, args []Value) Value { return OfText(text(args[0].String())) }
	return fn
}

func digest(name string, sum func([]byte) []byte) *Function {
	fn := overBytes(name, kindBytes, sum)
	fn.raw = true
	return fn
}

// Functions returns the table in the order of the manual.
func Functions() []*Function {
	return slices.SortedFunc(maps.Values(functions), func(a, b *Function) int { return a.place - b.place })
}

// Lookup returns the function of that name, or nil.
func Lookup(name string) *Function { return functions[name] }

// functionNames returns the sorted names of the table, those in capitals last.
func functionNames() []string {
	return slices.SortedFunc(maps.Keys(functions), func(a, b string) int { return strings.Compare(strings.ToLower(a)+b, strings.ToLower(b)+a) })
}

func slug(_ *Frame, args []Value) Value { return OfText(people.Slug(args[0].String())) }

func concat(f *Frame, args []Value) Value {
	start := len(f.scratch)
	for _, arg := range args {
		f.scratch = arg.appendText(f.scratch)
	}
	return f.built(start)
}

// sliceText is slice(s, from, to) in characters. A negative index counts from the end, and an
// index out of range is clamped.
func sliceText(f *Frame, args []Value) Value {
	s := args[0].String()
	size := int64(utf8.RuneCountInString(s))
	var places [2]int64
	for i, arg := range args[1:] {
		n, ok := arg.Int()
		if !ok {
			return f.fail("slice: want whole numbers as places, found %s", arg.kind)
		}
		if n < 0 {
			n += size
		}
		places[i] = min(max(n, 0), size)
	}
	if places[0] >= places[1] {
		return OfText("")
	}
	return OfText(string([]rune(s)[places[0]:places[1]]))
}

// split is split(s, separator): the parts of a text.
func split(f *Frame, args []Value) Value {
	if args[1].String() == "" {
		return f.fail("split: the separator is empty")
	}
	texts := strings.Split(args[0].String(), args[1].String())
	items := f.items(len(texts))
	for i, text := range texts {
		items[i] = OfText(text)
	}
	return f.ofList(items)
}

// stable is stable(text, n, alphabet): n characters that depend on the text only. The first is not
// 0.
func stable(f *Frame, args []Value) Value {
	alphabet, err := f.alphabet(args[2].String())
	if err != nil {
		return f.fail("stable: %v", err)
	}
	n := count(f, args[1])
	start := len(f.scratch)
	for block := 0; len(f.scratch)-start < n; block++ {
		for _, c := range sha256.Sum256([]byte(strconv.Itoa(block) + "/" + args[0].String())) {
			c := alphabet[int(c)%len(alphabet)]
			if len(f.scratch)-start < n && (c != '0' || len(f.scratch) > start) {
				f.scratch = append(f.scratch, c)
			}
		}
		if block > n { // an alphabet that is only zeros
			return f.fail("stable: the alphabet %q has nothing to begin with", args[2])
		}
	}
	return f.built(start)
}

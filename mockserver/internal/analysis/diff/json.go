package diff

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is a JSON value, with its original bytes.
type value struct {
	raw     []byte
	sum     uint64   // hash of its parts as written, without white space between them
	text    string   // of a string, unescaped
	members []member // of an object, in their order
	items   []value  // of an array
}

// member is a member of an object. nth distinguishes members of one name.
type member struct {
	key string
	nth int
	value
}

func (v *value) kind() byte {
	switch c := v.raw[0]; c {
	case '{', '[', '"', 't', 'f', 'n':
		return c
	}
	return '0'
}

// json compares two JSON bodies.
func (c *comparison) json(before, after []byte) {
	seed := maphash.MakeSeed()
	parse := func(text []byte) value {
		r := reader{json.NewDecoder(bytes.NewReader(text)), text, seed}
		r.UseNumber()
		return r.value()
	}
	b, a := parse(before), parse(after)
	count := len(c.found) + c.omitted
	c.value("", &b, &a)
	if len(c.found)+c.omitted == count {
		kind := Whitespace
		if b.sum != a.sum { // a key differs
			kind = Spelling
		}
		c.add("body", kind, textOf(before), textOf(after))
	}
}

func (c *comparison) value(pointer string, before, after *value) {
	kind := before.kind()
	switch {
	case before.sum == after.sum:
	case kind != after.kind():
		c.add(at(pointer), Changed, before.shown(), after.shown())
	case kind == '{':
		c.object(pointer, before, after)
	case kind == '[':
		c.array(pointer, before, after)
	case kind == '"' && before.text == after.text && !strings.ContainsRune(before.text, utf8.RuneError), kind == '0' && sameNumber(string(before.raw), string(after.raw)):
		c.add(at(pointer), Spelling, before.shown(), after.shown())
	default:
		c.add(at(pointer), Changed, before.shown(), after.shown())
	}
}

func (c *comparison) object(pointer string, before, after *value) {
	type name struct {
		key string
		nth int
	}
	in := make(map[name]*value, len(after.members))
	for i := range after.members {
		m := &after.members[i]
		in[name{m.key, m.nth}] = &m.value
	}
	inBefore := make(map[name]bool, len(before.members))
	var common, order []string
	for i := range before.members {
		m := &before.members[i]
		id := name{m.key, m.nth}
		inBefore[id] = true
		if other := in[id]; other != nil {
			common = append(common, m.key)
			c.value(below(pointer, m.key), &m.value, other)
		} else {
			c.add(at(below(pointer, m.key)), Removed, m.shown(), nil)
		}
	}
	for i := range after.members {
		m := &after.members[i]
		if inBefore[name{m.key, m.nth}] {
			order = append(order, m.key)
		} else {
			c.add(at(below(pointer, m.key)), Added, nil, m.shown())
		}
	}
	c.order(at(pointer), common, order, func(key string) string { return key })
}

// array compares item by item between the common beginning and the common end. A removed item has
// its pointer in the first array, any other its pointer in the second.
func (c *comparison) array(pointer string, before, after *value) {
	b, a := before.items, after.items
	same := func(x, y value) bool { return x.sum == y.sum }
	start := 0
	for start < len(b) && start < len(a) && same(b[start], a[start]) {
		start++
	}
	end := 0
	for end < len(b)-start && end < len(a)-start && same(b[len(b)-1-end], a[len(a)-1-end]) {
		end++
	}
	b, a = b[:len(b)-end], a[:len(a)-end]
	for i := start; i < max(len(b), len(a)); i++ {
		where := below(pointer, strconv.Itoa(i))
		switch {
		case i >= len(b):
			c.add(at(where), Added, nil, a[i].shown())
		case i >= len(a):
			c.add(at(where), Removed, b[i].shown(), nil)
		default:
			c.value(where, &b[i], &a[i])
		}
	}
}

// at returns the place of a value in the body.
func at(pointer string) string {
	if pointer == "" {
		return "body"
	}
	return "body " + pointer
}

// below returns the pointer (RFC 6901) of a member or an item.
func below(pointer, step string) string {
	return pointer + "/" + strings.ReplaceAll(strings.ReplaceAll(step, "~", "~0"), "/", "~1")
}

func (v *value) shown() *string { return textOf(v.raw) }

// reader reads valid JSON, which is nested no deeper than encoding/json allows.
type reader struct {
	*json.Decoder
	text []byte
	seed maphash.Seed
}

func (r *reader) value() (v value) {
	token, _ := r.Token() // the JSON is valid
	end := int(r.InputOffset())
	start := end - 1 // of a bracket
	switch t := token.(type) {
	case json.Delim:
		r.parts(&v, t == '{')
		_, _ = r.Token() // the closing bracket
		end = int(r.InputOffset())
	case string:
		v.text = t
		start = opening(r.text, end)
	case json.Number:
		start = end - len(t)
	case bool:
		start = end - len(strconv.FormatBool(t))
	case nil:
		start = end - len("null")
	}
	v.raw = r.text[start:end]
	if v.sum == 0 {
		v.sum = maphash.Bytes(r.seed, v.raw)
	}
	return v
}

// parts reads the members of an object or the items of an array.
func (r *reader) parts(v *value, object bool) {
	var sum maphash.Hash
	sum.SetSeed(r.seed)
	count := map[string]int{}
	for r.More() {
		if !object {
			item := r.value()
			v.items = append(v.items, item)
			maphash.WriteComparable(&sum, item.sum)
			continue
		}
		key := r.value()
		count[key.text]++
		m := member{key.text, count[key.text], r.value()}
		v.members = append(v.members, m)
		maphash.WriteComparable(&sum, [2]uint64{key.sum, m.sum})
	}
	maphash.WriteComparable(&sum, object)
	v.sum = sum.Sum64()
}

// opening returns where the string starts that ends before end.
func opening(text []byte, end int) int {
	for i := end - 2; ; i-- {
		if text[i] != '"' {
			continue
		}
		escapes := 0
		for i-1-escapes >= 0 && text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

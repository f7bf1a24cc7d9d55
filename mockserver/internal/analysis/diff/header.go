package diff

import (
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// line is a header line, identified by its name and its number among the lines of that name.
type line struct {
	name, value string
	nth         int
}

func (l line) where() string {
	if l.nth == 1 {
		return "header " + strings.ToLower(l.name)
	}
	return fmt.Sprintf("header %s#%d", strings.ToLower(l.name), l.nth)
}

func numbered(headers signature.Headers) (lines []line, byPlace map[string]line) {
	count := map[string]int{}
	byPlace = map[string]line{}
	for _, h := range headers {
		lower := strings.ToLower(h.Name)
		count[lower]++
		l := line{h.Name, h.Value, count[lower]}
		lines = append(lines, l)
		byPlace[l.where()] = l
	}
	return lines, byPlace
}

// headers compares header lines: it pairs the lines of one name in their order.
func (c *comparison) headers(before, after signature.Headers) {
	first, inFirst := numbered(before)
	second, inSecond := numbered(after)
	var common, order []string // places in both, in the order of each
	for _, b := range first {
		a, ok := inSecond[b.where()]
		if !ok {
			c.add(b.where(), Removed, &b.value, nil)
			continue
		}
		common = append(common, b.where())
		if a.name != b.name {
			c.add(b.where(), Case, &b.name, &a.name)
		}
		if a.value != b.value {
			c.add(b.where(), Changed, &b.value, &a.value)
		}
	}
	for _, a := range second {
		if _, ok := inFirst[a.where()]; ok {
			order = append(order, a.where())
			continue
		}
		c.add(a.where(), Added, nil, &a.value)
	}
	c.order("headers", common, order, func(place string) string { return strings.TrimPrefix(place, "header ") })
}

// order compares the order of the elements that two lists share.
func (c *comparison) order(where string, before, after []string, name func(string) string) {
	join := func(list []string) *string {
		names := make([]string, len(list))
		for i, place := range list {
			names[i] = name(place)
		}
		text := strings.Join(names, ", ")
		return &text
	}
	for i := range before {
		if before[i] != after[i] {
			c.add(where, Order, join(before), join(after))
			return
		}
	}
}

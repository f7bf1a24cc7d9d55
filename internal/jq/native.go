package jq

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"sync"

	"github.com/itchyny/gojq"
)

// cost returns the memory and work of a function, both in bytes, for its input and arguments.
type cost func(b *budget, v any, args []any) (memory, work int64)

// native is a function that gojq implements in Go.
type native struct {
	cost cost // nil if the function is always cheap
}

// natives are the functions of gojq that a program may call, with their costs. Others are refused:
// input, debug, halt and everything else that accesses more than the program.
var natives = sync.OnceValue(func() map[signature]native {
	all := map[signature]native{}
	put := func(c cost, arity int, names ...string) {
		for _, name := range names {
			all[signature{name, arity}] = native{c}
		}
	}
	put(nil, 0, "type", "length", "utf8bytelength", "toboolean", "ltrim", "rtrim", "trim", "isfinite", "isinfinite", "isnan", "isnormal",
		"infinite", "nan", "now", "_plus", "_captures")
	put(nil, 1, "has", "startswith", "endswith", "ltrimstr", "rtrimstr", "trimstr", "getpath")

	reckoned := func(_ *budget, v any, args []any) (int64, int64) {
		_, work := numberCost(v)
		for _, arg := range args {
			_, more := numberCost(arg)
			work += more
		}
		return 0, work
	}
	put(reckoned, 0, "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "floor", "round", "nearbyint",
		"rint", "ceil", "trunc", "significand", "fabs", "sqrt", "cbrt", "exp", "exp10", "exp2", "expm1", "frexp", "modf", "log", "log10", "log1p",
		"log2", "logb", "gamma", "tgamma", "lgamma", "erf", "erfc", "j0", "j1", "y0", "y1", "_negate")
	put(reckoned, 2, "atan2", "copysign", "drem", "fdim", "fmax", "fmin", "fmod", "hypot", "jn", "nextafter", "nexttoward", "remainder", "ldexp",
		"scalb", "scalbln", "yn", "pow")
	put(reckoned, 3, "fma", "_range")

	put(textCost(1), 0, "ascii_downcase", "ascii_upcase")
	put(textCost(2), 0, "tojson", "tostring", "_tobase64", "_tobase64d", "_tocsv", "_totsv")
	put(textCost(3), 0, "_touri", "_tourid", "_tosh")
	put(textCost(6), 0, "_tohtml")
	put(textCost(6), 1, "format")
	put(textCost(24), 0, "explode")
	put(textCost(48), 0, "fromjson")
	put(func(_ *budget, v any, _ []any) (int64, int64) {
		text, _ := v.(string)
		if len(text) > maxDigits {
			return 0, tooMuch
		}
		return numberCost(v)
	}, 0, "tonumber")
	put(func(b *budget, v any, _ []any) (int64, int64) { return shallow(v), shallow(v) }, 0, "reverse", "implode")
	put(func(b *budget, v any, _ []any) (int64, int64) { return ordered(b.measure(v), 2*shallow(v), v) }, 0, "keys", "sort", "min", "max", "unique")
	put(func(b *budget, v any, args []any) (int64, int64) { return ordered(b.measure(args[0]), 4*shallow(v), v) }, 1,
		"_sort_by", "_min_by", "_max_by", "_group_by", "_unique_by")
	put(func(b *budget, v any, _ []any) (int64, int64) { n := b.contents(v); return 2 * n, n }, 0, "add")
	put(func(b *budget, v any, _ []any) (int64, int64) { n := b.measure(v); return 2 * n, n }, 0, "flatten")
	put(func(b *budget, v any, args []any) (int64, int64) { n := b.measure(v); return 2 * n, n }, 1, "flatten")
	put(func(b *budget, v any, args []any) (int64, int64) {
		n, sep := b.contents(v), shallow(args[0])
		return 2 * plus(n, times(int64(length(v)), sep)), n
	}, 1, "join")
	put(func(_ *budget, v any, args []any) (int64, int64) {
		text, _ := v.(string)
		sep, _ := args[0].(string)
		n := int64(len(text)) + 1
		if sep != "" {
			n = int64(strings.Count(text, sep)) + 1
		}
		return 32 * n, int64(len(text))
	}, 1, "split")
	put(func(b *budget, v any, args []any) (int64, int64) {
		memory := int64(0)
		if text, ok := v.(string); ok {
			memory = 24 * (int64(len(text)) + shallow(args[0]))
		}
		return memory, times(plus(b.contents(v), int64(length(v))*16)/16, b.measure(args[0])/16+1)
	}, 1, "indices", "index", "rindex")
	compared := func(b *budget, v, x any) (int64, int64) {
		if text, ok := v.(string); ok {
			return 0, int64(len(text)) + shallow(x)
		}
		return 0, times(b.measure(v)/16+1, b.measure(x)/16+1)
	}
	put(func(b *budget, v any, args []any) (int64, int64) { return compared(b, v, args[0]) }, 1, "contains")
	put(func(b *budget, v any, args []any) (int64, int64) { return compared(b, args[0], v) }, 1, "inside")
	put(func(b *budget, _ any, args []any) (int64, int64) { return 0, times(64, b.measure(args[0])) }, 1, "bsearch")
	put(func(_ *budget, v any, _ []any) (int64, int64) {
		rows, _ := v.([]any)
		width := 0
		for _, row := range rows {
			width = max(width, length(row))
		}
		n := times(times(int64(len(rows)), int64(width)), 16)
		return n, n
	}, 0, "transpose")
	put(func(_ *budget, v any, args []any) (int64, int64) { n := pathCost(v, args[0]); return n, n }, 2, "setpath")
	put(func(b *budget, v any, args []any) (int64, int64) {
		n := b.pathsCost(v, args[0])
		_, work := ordered(b.measure(args[0]), 0, args[0])
		return n, plus(work, n)
	}, 1, "delpaths")
	put(reckoned, 0, "gmtime", "localtime", "mktime")
	put(func(b *budget, v any, args []any) (int64, int64) { n := b.measure(args[0]); return times(n, 64), n }, 1, "strftime", "strflocaltime")
	put(func(b *budget, v any, args []any) (int64, int64) {
		n := plus(b.measure(args[0]), b.measure(v))
		return n, n
	}, 1, "strptime")
	return all
})

// textCost returns the cost of a function that writes up to growth bytes for each byte of its
// input.
func textCost(growth int64) cost {
	return func(b *budget, v any, args []any) (memory, work int64) {
		n := b.measure(v)
		return times(n, growth), n
	}
}

// ordered returns the cost of sorting the items of a value, which have n bytes.
func ordered(n, memory int64, v any) (int64, int64) {
	return memory, times(n, int64(bits.Len(uint(length(v))))+1)
}

// length returns the number of items.
func length(v any) int {
	switch v := v.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// contents returns the size of a value's items one level deep: the cost of joining them.
func (b *budget) contents(v any) int64 {
	n := shallow(v)
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += shallow(item)
			_, work := numberCost(item)
			n = plus(n, work)
		}
	case map[string]any:
		for _, item := range v {
			n += shallow(item)
		}
	}
	return n
}

// pathCost returns the cost of changing one path: the values along the path are copied, and an
// array grows up to its index.
func pathCost(v, path any) int64 {
	copied, grown, _ := pathSizes(v, path)
	return plus(copied, grown)
}

// pathsCost returns the cost of changing several paths in sequence: the values along the paths are
// copied once.
func (b *budget) pathsCost(v, paths any) int64 {
	list, _ := paths.([]any)
	n := plus(b.measure(v), b.measure(paths))
	grown := map[string]int64{} // size of each array that grows
	for _, path := range list {
		if n >= tooMuch {
			return tooMuch
		}
		_, more, where := pathSizes(v, path)
		if more == 0 {
			continue
		}
		keys, _ := path.([]any)
		name := fmt.Sprint(keys[:where])
		n = plus(n, max(0, more-grown[name])+int64(len(name))+memberBytes)
		grown[name] = max(more, grown[name])
	}
	return n
}

// pathSizes returns the size of the values along a path, and of the last array that has to grow for
// it. where is the number of keys that lead to that array.
func pathSizes(v, path any) (copied, grown int64, where int) {
	keys, _ := path.([]any)
	for i, key := range keys {
		copied = plus(copied, shallow(v)+memberBytes)
		if _, work := numberCost(key); work >= tooMuch {
			return tooMuch, tooMuch, i
		}
		if name, ok := key.(string); ok {
			object, _ := v.(map[string]any)
			v = object[name]
			continue
		}
		list, _ := v.([]any)
		v = nil
		at, ok := gojq.ToInt(key)
		switch {
		case !ok:
		case at < 0 && at >= -len(list):
			v = list[at+len(list)]
		case at >= 0 && at < len(list):
			v = list[at]
		case at > 0:
			grown, where = plus(grown, times(32, int64(at)+1)), i
		}
	}
	return copied, grown, where
}

// operators are those that cost more than comparing numbers, with the cost for both operands.
var operators = sync.OnceValue(func() map[string]func(b *budget, x, y any) (memory, work int64) {
	sum := func(_ *budget, x, y any) (int64, int64) { return shallow(x) + shallow(y), plus(extent(x), extent(y)) }
	return map[string]func(b *budget, x, y any) (int64, int64){
		"add": sum,
		"subtract": func(b *budget, x, y any) (int64, int64) {
			if _, list := x.([]any); !list {
				return sum(b, x, y)
			}
			return shallow(x), plus(times(b.measure(x)/16, int64(length(y))+1), times(b.measure(y)/16, int64(length(x))+1))
		},
		"multiply": func(b *budget, x, y any) (int64, int64) {
			for _, sides := range [][2]any{{x, y}, {y, x}} {
				text, ok := sides[0].(string)
				if !ok {
					continue
				}
				if _, work := numberCost(sides[1]); work >= tooMuch {
					return tooMuch, tooMuch
				}
				if n, ok := gojq.ToFloat64(sides[1]); ok && n > 0 {
					if n*float64(len(text)) < math.MaxInt32 { // gojq refuses longer results
						return int64(n * float64(len(text))), 0
					}
				}
				return 0, 0
			}
			if _, objects := x.(map[string]any); objects {
				n := plus(b.measure(x), b.measure(y))
				return n, n
			}
			return sum(b, x, y)
		},
		"divide": func(b *budget, x, y any) (int64, int64) {
			text, ok := x.(string)
			if !ok {
				return sum(b, x, y)
			}
			return 32 * (int64(len(text)) + 1), int64(len(text))
		},
		"modulo": sum,
		"compare": func(b *budget, x, y any) (int64, int64) {
			if length(x) == 0 || length(y) == 0 {
				return 0, min(extent(x), extent(y))
			}
			left := b.work
			measure(x, &left, maxDepth)
			first := b.work - left
			if left < 0 {
				first = tooMuch
			}
			left = min(b.work, first)
			measure(y, &left, maxDepth)
			return 0, min(first, max(0, min(b.work, first)-left))
		},
	}
})

// extent returns the size of what one operation copies or calculates with.
func extent(v any) int64 {
	_, work := numberCost(v)
	return plus(shallow(v), work)
}

// plus and times do not exceed tooMuch.
func plus(a, b int64) int64 { return min(a+b, tooMuch) }

func times(a, b int64) int64 {
	if a > 0 && b > tooMuch/a {
		return tooMuch
	}
	return a * b
}

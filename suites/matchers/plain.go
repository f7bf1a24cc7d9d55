package matchers

import (
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"

	"github.com/onsi/gomega/types"
)

// plain returns a value as matchers get it: see HaveJSON. It shares no list or object with v.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			object[name] = plain(v[name])
		}
		return object
	case nil, bool, string, int:
		return v
	}
	digits := text(v)
	exact, ok := new(big.Rat).SetString(digits)
	if ok && exact.IsInt() {
		if i := exact.Num(); i.IsInt64() && int64(int(i.Int64())) == i.Int64() {
			return int(i.Int64())
		}
		return digits
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return digits
	}
	return f
}

// otherType says that a value, or a part of it, has another type than what a matcher was given, if
// both are written alike: 5 is an int, and not the int64 of Equal(int64(5)).
func otherType(m types.GomegaMatcher, got any) string {
	v := reflect.Indirect(reflect.ValueOf(m))
	if v.Kind() != reflect.Struct || typeName(m) == "BeNumerically" { // which compares all types
		return ""
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			if hint := otherTypeThan(v.Field(i), got); hint != "" {
				return hint
			}
		}
	}
	return ""
}

func otherTypeThan(wanted reflect.Value, got any) string {
	for wanted.Kind() == reflect.Interface && !wanted.IsNil() {
		wanted = wanted.Elem()
	}
	if m, ok := wanted.Interface().(types.GomegaMatcher); ok {
		return otherType(m, got)
	}
	var list []reflect.Value
	switch {
	case wanted.CanInt(), wanted.CanUint(), wanted.CanFloat():
	case wanted.Kind() == reflect.Slice:
		for i := range wanted.Len() {
			list = append(list, wanted.Index(i))
		}
	case wanted.Kind() == reflect.Map:
		for _, key := range wanted.MapKeys() {
			list = append(list, wanted.MapIndex(key))
		}
	default:
		return ""
	}
	for _, part := range parts(got) {
		given := plain(part)
		if reflect.TypeOf(given) == wanted.Type() || fmt.Sprint(given) != fmt.Sprint(wanted) {
			continue
		}
		use := "BeNumerically"
		switch given.(type) {
		case string:
			use = "a string"
		case []any, map[string]any:
			use = "the value without a matcher"
		}
		return fmt.Sprintf(" (a matcher gets %s, not %s: use %s)", typeOf(given), wanted.Type(), use)
	}
	for _, inner := range list {
		if hint := otherTypeThan(inner, got); hint != "" {
			return hint
		}
	}
	return ""
}

// parts returns the numbers, lists and objects in a value, itself among them.
func parts(v any) []any {
	var inner []any
	switch v := v.(type) {
	case nil, bool, string:
		return nil
	case []any:
		inner = v
	case map[string]any:
		inner = slices.Collect(maps.Values(v))
	}
	list := []any{v}
	for i := range inner {
		list = append(list, parts(inner[i])...)
	}
	return list
}

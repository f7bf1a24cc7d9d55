package matchers

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/clip"
)

// nameOf returns a matcher as it was written: BeNumerically(">", 5). The matchers of Gomega do not
// tell, so it takes their type and what they were given.
func nameOf(m types.GomegaMatcher) string {
	if isNil(m) {
		return "nil"
	}
	if s, ok := m.(fmt.Stringer); ok {
		return s.String()
	}
	var arguments []string
	for _, v := range argumentsOf(m) {
		if text := argument(v); text != "" {
			arguments = append(arguments, text)
		}
	}
	return typeName(m) + "(" + strings.Join(arguments, ", ") + ")"
}

// typeName is the name of the function that makes matchers such as m.
func typeName(m types.GomegaMatcher) string {
	return strings.TrimSuffix(reflect.Indirect(reflect.ValueOf(m)).Type().Name(), "Matcher")
}

// argument writes what a matcher was given. It returns "" for nothing.
func argument(v reflect.Value) string {
	const longest = 100
	switch v.Kind() {
	case reflect.String:
		return clip.Quote(v.String())
	case reflect.Func:
		return "func"
	case reflect.Slice: // of bytes
		return clip.Quote(string(v.Bytes()))
	case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Chan:
		if v.IsNil() {
			return ""
		}
	}
	if m, ok := v.Interface().(types.GomegaMatcher); ok {
		return nameOf(m)
	}
	return clip.Text(fmt.Sprint(v.Interface()), longest)
}

var matcherType = reflect.TypeFor[types.GomegaMatcher]()

// argumentsOf returns what a matcher was given: its exported fields. A list is as many arguments as
// it has elements, and a map of matchers as many as it has keys and matchers.
func argumentsOf(m types.GomegaMatcher) []reflect.Value {
	v := reflect.Indirect(reflect.ValueOf(m))
	if v.Kind() != reflect.Struct {
		return nil
	}
	var list []reflect.Value
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			list = appendArguments(list, v.Field(i))
		}
	}
	return list
}

func appendArguments(list []reflect.Value, v reflect.Value) []reflect.Value {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case v.Type().Implements(matcherType):
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		for i := range v.Len() {
			list = appendArguments(list, v.Index(i))
		}
		return list
	case v.Kind() == reflect.Map && v.Type().Elem().Implements(matcherType):
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, key := range keys {
			list = appendArguments(appendArguments(list, key), v.MapIndex(key))
		}
		return list
	}
	return append(list, v)
}

// isNil reports whether a value is nil, or a nil pointer.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

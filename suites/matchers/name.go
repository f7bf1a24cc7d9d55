package matchers

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/clip"
)

// nameOf returns a matcher as it was written: BeNumerically(">", 5). The matchers of Gomega do not
// tell, so it takes their type and their exported fields.
func nameOf(m types.GomegaMatcher) string {
	if s, ok := m.(fmt.Stringer); ok {
		return s.String()
	}
	v := reflect.Indirect(reflect.ValueOf(m))
	name := strings.TrimSuffix(v.Type().Name(), "Matcher")
	var arguments []string
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				arguments = append(arguments, argumentsOf(v.Field(i))...)
			}
		}
	}
	return name + "(" + strings.Join(arguments, ", ") + ")"
}

// argumentsOf returns the arguments in a field. A list is as many arguments as it has elements.
func argumentsOf(v reflect.Value) []string {
	const longest = 100
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if m, ok := v.Interface().(types.GomegaMatcher); ok && !v.IsZero() {
		return []string{nameOf(m)}
	}
	switch v.Kind() {
	case reflect.String:
		return []string{clip.Quote(v.String())}
	case reflect.Func:
		return []string{"func"}
	case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Chan:
		if v.IsNil() {
			return nil
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return []string{clip.Quote(string(v.Bytes()))}
		}
		var list []string
		for i := range v.Len() {
			list = append(list, argumentsOf(v.Index(i))...)
		}
		return list
	}
	return []string{clip.Text(fmt.Sprint(v.Interface()), longest)}
}

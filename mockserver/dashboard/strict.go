package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// strict decodes a request's body: one JSON value without members that T does not have.
func strict[T any](raw []byte) (T, error) {
	var v T
	return v, strictly(raw, &v)
}

// strictly decodes a request's body into a value that may have defaults. It returns a problem.
func strictly(raw []byte, v any) error {
	err := decode(raw, v)
	if err == nil {
		return nil
	}
	p := problem.New(http.StatusUnprocessableEntity, "the request's body is wrong")
	p.Errors = []problem.Part{{Location: "body", Message: err.Error()}}
	return p
}

// decode is json.Unmarshal that refuses unknown members. Its errors say where a mistake is and
// suggest a fix.
func decode(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return explain(err, raw, reflect.TypeOf(v).Elem())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("unexpected content after the JSON value, at byte %d: want one value", dec.InputOffset())
	}
	return nil
}

// explain turns an error of the decoder into one that helps the caller.
func explain(err error, raw []byte, t reflect.Type) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		// The path contains the Go names of embedded structs.
		where := strings.Join(slices.DeleteFunc(strings.Split(wrong.Field, "."), func(name string) bool {
			return name == "" || unicode.IsUpper(rune(name[0]))
		}), ".")
		if where == "" {
			where = "the value"
		}
		return fmt.Errorf("%s: got a JSON %s, want %s", where, wrong.Value, inJSON(wrong.Type))
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		line, column := position(raw, syntax.Offset)
		return fmt.Errorf("line %d, column %d: %w: want JSON", line, column, err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	name, ok := strings.CutPrefix(err.Error(), `json: unknown field "`)
	if !ok {
		return err
	}
	name = strings.TrimSuffix(name, `"`)
	known := members(t, nil)
	if slices.Contains(known, name) {
		return fmt.Errorf("member %q belongs in another object", name)
	}
	if near := strictyaml.Nearest(name, known); near != "" {
		return fmt.Errorf("unknown member %q: did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown member %q: want one of %s", name, strings.Join(known, ", "))
}

// position returns the line and column of an offset, counted from 1.
func position(raw []byte, offset int64) (line, column int) {
	before := raw[:min(max(offset-1, 0), int64(len(raw)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// inJSON returns the JSON name of a Go type.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string of base64"
		}
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number, 0 or more"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	default:
		return "a number"
	}
}

// members lists the member names of a type's JSON objects, and then those of nested objects.
func members(t reflect.Type, seen []reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || slices.Contains(seen, t) {
		return nil
	}
	seen = append(seen, t)
	var own, deeper []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			own = append(own, members(f.Type, seen)...)
			continue
		case name == "" || name == "-":
			continue
		}
		own = append(own, name)
		deeper = append(deeper, members(f.Type, seen)...)
	}
	for _, name := range deeper {
		if !slices.Contains(own, name) {
			own = append(own, name)
		}
	}
	return own
}

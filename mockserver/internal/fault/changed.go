package fault

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Changed returns the JSON pointer of the first member of an event's body that was sent with
// another value, or "". It shows what body:tamper did.
func Changed(event, sent []byte) string {
	if !gjson.ValidBytes(event) || !gjson.ValidBytes(sent) {
		return ""
	}
	pointer, _ := changed(gjson.ParseBytes(event), gjson.ParseBytes(sent))
	return pointer
}

func changed(before, after gjson.Result) (pointer string, found bool) {
	switch {
	case before.IsObject() && after.IsObject():
		members := after.Map()
		before.ForEach(func(name, value gjson.Result) bool {
			other, ok := members[name.Str]
			if !ok {
				return true
			}
			if pointer, found = changed(value, other); found {
				pointer = "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name.Str) + pointer
			}
			return !found
		})
		return pointer, found
	case before.IsArray() && after.IsArray():
		items := after.Array()
		for i, value := range before.Array()[:min(len(items), len(before.Array()))] {
			if pointer, found = changed(value, items[i]); found {
				return "/" + strconv.Itoa(i) + pointer, true
			}
		}
		return "", false
	}
	return "", before.Raw != after.Raw
}

package record

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// fill sets every field of a record to a distinct value, so that the test notices a field that
// packing forgets, including fields that are added later.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n), int64(*n)).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d\xff", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Int, reflect.Int64:
		v.SetInt(-int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(*n))
	default:
		panic("fill knows no " + v.Kind().String())
	}
}

func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func TestRecordsKeepEveryField(t *testing.T) {
	t.Parallel()
	c := filled[journal.Capture](t)
	record := PackCapture(nil, &c)
	got := journal.Capture{ID: c.ID, Bin: c.Bin, Seq: c.Seq}
	got.Body = c.Body // stored in a column
	check(t, UnpackCapture(record, &got), c, got)
	damaged(t, record, func(r []byte) error { return UnpackCapture(r, &journal.Capture{}) })

	d := filled[journal.Delivery](t)
	d.Ordered = false // not kept
	record = PackDelivery(nil, &d)
	kept := journal.Delivery{ID: d.ID, Seq: d.Seq, State: d.State, Next: d.Next, Attempts: d.Attempts, Problems: d.Problems}
	check(t, UnpackDelivery(record, &kept), d, kept)
	damaged(t, record, func(r []byte) error { return UnpackDelivery(r, &journal.Delivery{}) })

	a := filled[journal.Attempt](t)
	record = PackAttempt(nil, &a)
	var again journal.Attempt
	check(t, UnpackAttempt(record, &again), a, again)
	damaged(t, record, func(r []byte) error { return UnpackAttempt(r, &journal.Attempt{}) })
}

func check(t *testing.T, err error, want, got any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T (-packed +unpacked):\n%s", want, diff)
	}
}

// damaged unpacks truncated records, longer ones, and those of another version.
func damaged(t *testing.T, record []byte, unpack func([]byte) error) {
	t.Helper()
	for n := range len(record) {
		if err := unpack(record[:n:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(record), err)
		}
	}
	other := append([]byte{Version + 1}, record[1:]...)
	for _, r := range [][]byte{append(record[:len(record):len(record)], 0), other} {
		if err := unpack(r); !errors.Is(err, ErrDamaged) {
			t.Fatalf("a wrong record: %v", err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	c := journal.Capture{Problems: []string{"x"}, Response: &journal.Response{Headers: map[string]string{"a": "b"}}}
	f.Add(PackCapture(nil, &c))
	f.Add(PackAttempt(nil, &journal.Attempt{}))
	f.Add(PackDelivery(nil, &journal.Delivery{}))
	f.Fuzz(func(t *testing.T, record []byte) {
		var c journal.Capture
		if UnpackCapture(record, &c) == nil {
			var again journal.Capture
			check(t, UnpackCapture(PackCapture(nil, &c), &again), c, again)
		}
		_ = UnpackDelivery(record, &journal.Delivery{})
		_ = UnpackAttempt(record, &journal.Attempt{})
	})
}

package matchers

import (
	"reflect"

	"github.com/onsi/gomega/types"
)

// misuse is the error of a matcher that is itself wrong: a jq expression that cannot be read, an
// unknown provider. Nothing that arrives can make such a matcher match, so Eventually and
// Consistently end at once, even if they poll a function.
type misuse struct{ err error }

func (m misuse) Error() string { return m.err.Error() }

func (m misuse) Unwrap() error { return m.err }

// As makes Gomega treat the error like one of its StopTrying. Gomega finds such an error with
// errors.As, by a type of its internal package. This package imports only gomega/types, so it knows
// the type by its method.
func (m misuse) As(target any) bool {
	signal := reflect.ValueOf(target).Elem()
	if signal.Kind() != reflect.Pointer {
		return false
	}
	stop := reflect.New(signal.Type().Elem()) // the zero value is StopTrying
	if s, ok := stop.Interface().(interface{ IsStopTrying() bool }); !ok || !s.IsStopTrying() {
		return false
	}
	signal.Set(stop)
	return true
}

// wrongOf returns what is wrong with a matcher itself, if it is one of this package.
func wrongOf(m types.GomegaMatcher) error {
	if c, ok := m.(interface{ wrong() error }); ok {
		return c.wrong()
	}
	return nil
}

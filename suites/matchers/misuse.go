package matchers

import (
	"fmt"
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

// unclear is the error of a condition that could not be checked with a capture, so that neither the
// condition nor its opposite is true.
type unclear struct{ error }

// wrongOf returns what is wrong with a matcher itself: one of this package, alone or among the
// arguments of others, such as Gomega's And, Not and ContainElement.
func wrongOf(m types.GomegaMatcher) error {
	if isNil(m) {
		return fmt.Errorf("want a matcher, got %s", typeOf(m))
	}
	if c, ok := m.(interface{ wrong() error }); ok {
		return c.wrong()
	}
	for _, argument := range argumentsOf(m) {
		if inner, ok := argument.Interface().(types.GomegaMatcher); ok && !isNil(inner) {
			if err := wrongOf(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrongConditions returns what is wrong with the conditions of a matcher.
func wrongConditions(matcher string, conditions []types.GomegaMatcher) error {
	for i, c := range conditions {
		if isNil(c) {
			return fmt.Errorf("%s: condition %d is nil: want a matcher", matcher, i+1)
		}
		if err := wrongOf(c); err != nil {
			return err
		}
	}
	return nil
}

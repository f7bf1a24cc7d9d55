package exam

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// metered returns the meter of a consumer whose effect takes a time to read.
func metered(t *testing.T, effect *int, reading time.Duration) *meter {
	t.Helper()
	c := &Consumer{EffectFunc: func(ctx context.Context) (int, error) {
		n := *effect
		return n, wait(ctx, reading)
	}}
	if err := c.takeFuncs(); err != nil {
		t.Fatal(err)
	}
	return &meter{consumer: c, within: 2 * time.Second, settle: 50 * time.Millisecond}
}

// TestSlowReadingIsNoLateEffect checks that a busy machine, on which the effect is read slowly,
// does not make the exam wait for late effects.
func TestSlowReadingIsNoLateEffect(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]time.Duration{"at once": 0, "late": 200 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			effect := 0
			m := metered(t, &effect, 150*time.Millisecond)
			time.AfterFunc(late, func() { effect++ })
			synctest.Wait()
			err := m.calibrate(t.Context(), false, nil, func() (bool, error) {
				effect++
				return true, nil
			})
			if err != nil || m.problem != "" || m.unit != 1 {
				t.Fatalf("%s: %v %s, one delivery changes it by %v", name, err, m.problem, m.unit)
			}
			if is := m.settle > 50*time.Millisecond; is != (late > 0) {
				t.Errorf("%s: an effect must stay for %s", name, m.settle)
			}
		})
	}
}

// TestWorkAfterTheCheck checks that the exam waits for what the consumer may still do about a
// request whose response nobody awaited.
func TestWorkAfterTheCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		effect := 0
		m := metered(t, &effect, 0)
		m.work, m.working = 300*time.Millisecond, true
		time.AfterFunc(300*time.Millisecond, func() { effect++ })
		if change, err := m.change(t.Context(), 0, 0); err != nil || change != 1 || m.working {
			t.Errorf("%v: a change by %v", err, change)
		}
		began := time.Now()
		if _, err := m.change(t.Context(), 0, 0); err != nil || time.Since(began) > 100*time.Millisecond {
			t.Errorf("%v: the next check waits for %s", err, time.Since(began))
		}
	})
}

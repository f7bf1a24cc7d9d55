package scenarios

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a goroutine is still running after the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

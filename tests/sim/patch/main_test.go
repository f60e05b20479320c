package patch_test

import (
	"testing"

	"quickstep/tests/sim/simtest"
)

func TestMain(m *testing.M) { simtest.Main(m) }

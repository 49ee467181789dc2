package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run the real program: the test binary stands in for it, and for
// a curl that knows as much as the scripts need.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main, "curl": curl})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               setup,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":     status,
			"gateway":    startGateway,
			"endgateway": endGateway,
			"capture":    capture,
			"masked":     masked,
			"mode":       mode,
		},
	})
}

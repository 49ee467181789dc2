package cli

import (
	"time"
)

// patience is how long work may take before a terminal is told of it.
const patience = 2 * time.Second

// slow tells a terminal what is being done when it takes long. The result ends
// the watch.
func (p *Program) slow(what string) (done func()) {
	if _, is := terminal(p.Stderr); !is {
		return func() {}
	}
	timer := time.AfterFunc(patience, func() { p.say("weir: %s …", what) })
	return func() { timer.Stop() }
}

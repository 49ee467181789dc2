package gateway

import "time"

// silence ends an attempt whose provider says nothing for too long. Its timer
// runs on the system's clock, so it measures by that one. The nil silence
// watches nothing.
type silence struct {
	timer *time.Timer
	until time.Time
	since time.Time // of the pause
}

// watchSilence calls end when wait has passed without content.
func watchSilence(wait time.Duration, end func()) *silence {
	return &silence{timer: time.AfterFunc(wait, end), until: time.Now().Add(wait)}
}

// content says that content has come; more is waited for as long as wait.
func (s *silence) content(wait time.Duration) {
	if s != nil {
		s.until = time.Now().Add(wait)
		s.timer.Reset(wait)
	}
}

// pause stops the clock: nothing is read of the provider until resume.
func (s *silence) pause() {
	if s != nil {
		s.timer.Stop()
		s.since = time.Now()
	}
}

// resume goes on where pause stopped.
func (s *silence) resume() {
	if s != nil {
		s.until = s.until.Add(time.Since(s.since))
		s.timer.Reset(time.Until(s.until))
	}
}

// stop ends the watch.
func (s *silence) stop() {
	if s != nil {
		s.timer.Stop()
	}
}

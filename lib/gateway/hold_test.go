package gateway

import (
	"testing"

	"weir/lib/fault"
	"weir/lib/llm"
)

// What a provider sends before its first content is kept within the bound of
// one event, however many chunks it comes in.
func TestWhatIsHeldIsBounded(t *testing.T) {
	h := hold{yield: func(llm.Chunk, error) bool { return true }, commit: func() {}}
	chunk := llm.Chunk{Frame: llm.Frame{Data: make([]byte, 1<<20)}}
	held := 0
	for range 100 {
		more, err := h.take(chunk, false, nil)
		if !more {
			if fault.KindOf(err) != fault.TargetFailed {
				t.Errorf("error %v", err)
			}
			break
		}
		held += len(chunk.Frame.Data)
	}
	if held != maxEvent {
		t.Errorf("%d bytes were held, want %d", held, maxEvent)
	}
}

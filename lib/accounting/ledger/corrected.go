package ledger

import (
	"context"
	"encoding/json"
)

// Corrected is a row together with the row that corrects it.
type Corrected struct {
	Row

	Correction *Row // nil where there is none
}

// Corrected returns the row of a call and what was found out about it later;
// ok is false when there is no such row. Only a call that was given up takes a
// second read: nothing else is corrected. Errors are as with Get.
func (l *Ledger) Corrected(ctx context.Context, callID string) (c Corrected, ok bool, err error) {
	c.Row, ok, err = l.Get(ctx, callID)
	if err != nil || !ok || !c.correctable() {
		return c, ok, err
	}
	r, found, err := l.Get(ctx, callID+correctionMark)
	if err != nil {
		return Corrected{}, false, err
	}
	if found && r.Corrects == callID { // and not a call that has such an id
		c.Correction = &r
	}
	return c, true, nil
}

// MarshalJSON writes the row as Row.MarshalJSON does, and behind it, where
// there is one, the member correction: a row as well.
func (c Corrected) MarshalJSON() ([]byte, error) {
	v := c.view()
	v.Correction = c.Correction
	return json.Marshal(v)
}

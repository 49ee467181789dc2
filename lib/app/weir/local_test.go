package weir

import (
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// Call ids are UUIDs of version 7 that sort by time, down to a microsecond.
func TestNewCallIDSortsByTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at"))
		later := at.Add(time.Duration(rapid.Int64Range(1, 1<<40).Draw(t, "later")) * time.Microsecond)
		a, b := newCallID(at), newCallID(later)
		if a >= b {
			t.Fatalf("%s at %v is not before %s at %v", a, at, b, later)
		}
		id, err := uuid.Parse(a)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("%s: version %d, variant %v, %v", a, id.Version(), id.Variant(), err)
		}
		if sec, nsec := id.Time().UnixTime(); time.Unix(sec, nsec).UnixMilli() != at.UnixMilli() {
			t.Fatalf("%s holds %v, want %v", a, time.Unix(sec, nsec), at)
		}
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"127.0.0.1": "http://127.0.0.1:8080", "::1": "http://[::1]:8080",
		"0.0.0.0": "http://127.0.0.1:8080", "::": "http://127.0.0.1:8080",
	} {
		if got := address(&net.TCPAddr{IP: net.ParseIP(ip), Port: 8080}); got != want {
			t.Errorf("address(%s) = %s, want %s", ip, got, want)
		}
	}
}

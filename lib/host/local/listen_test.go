package local_test

import (
	"net"
	"strings"
	"testing"

	"weir/lib/host/local"
)

func TestListenSaysWhatToDo(t *testing.T) {
	t.Parallel()
	taken, err := local.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct{ address, want string }{
		{taken.Addr().String(), "is in use by another program"},
		{"8080", "write host:port"},
		{"127.0.0.1:http-of-sorts", "choose another address with --listen"},
		{"192.0.2.1:0", "is no address of this machine"}, // RFC 5737: for documentation only
		{"host.invalid:0", "choose another address with --listen"},
	} {
		ln, err := local.Listen(t.Context(), tt.address)
		if err == nil {
			_ = ln.Close()
			t.Errorf("%s: listening", tt.address)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "--listen") {
			t.Errorf("%s: %v, want %q", tt.address, err, tt.want)
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "::ffff:127.0.0.1": true,
		"0.0.0.0": false, "::": false, "192.168.1.1": false,
	} {
		if got := local.Loopback(&net.TCPAddr{IP: net.ParseIP(address), Port: 1}); got != want {
			t.Errorf("Loopback(%s) = %v", address, got)
		}
	}
	if local.Loopback(&net.UnixAddr{Name: "x"}) {
		t.Error("an address that is not TCP counts as loopback")
	}
}

package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen opens address, written as host:port; port 0 takes any free one. Its
// errors say what to do.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is no address to listen on: write host:port, such as --listen 127.0.0.1:8080", address)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: stop that program, or choose another port with --listen %s (port 0 takes any free one)", address, net.JoinHostPort(host, "0"))
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port from 1024 up with --listen", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine: choose one with --listen, such as 127.0.0.1:8080", address)
	}
	return nil, fmt.Errorf("cannot listen on %s (%w): choose another address with --listen", address, reason(err))
}

// reason is the innermost part of a network error: the rest repeats the
// address.
func reason(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// Loopback reports whether only this machine can reach a listener on addr.
func Loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

package main

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/fakeprovider"
)

// fakes are the providers behind the gateway, and the address at which tests
// ask what they were sent.
type fakes struct {
	provider *fakeprovider.Provider
	claude   *fakeanthropic.Provider
	cloud    *fakebedrock.Bedrock

	openai, anthropic, bedrock, control server

	models atomic.Int64 // names given away
}

// server is one listener on a free port of this machine.
type server struct {
	url  string // without a path
	http *http.Server
}

func startFakes(ctx context.Context) (_ *fakes, err error) {
	f := &fakes{provider: fakeprovider.New(fakeprovider.Options{}), claude: fakeanthropic.New(fakeanthropic.Options{}), cloud: fakebedrock.New()}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.openai, err = serve(ctx, f.provider); err != nil {
		return nil, err
	}
	if f.anthropic, err = serve(ctx, f.claude); err != nil {
		return nil, err
	}
	if f.bedrock, err = serve(ctx, f.cloud); err != nil {
		return nil, err
	}
	if f.control, err = serve(ctx, f.controls()); err != nil {
		return nil, err
	}
	return f, nil
}

func serve(ctx context.Context, h http.Handler) (server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return server{}, err
	}
	s := server{url: "http://" + l.Addr().String(), http: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}}
	go func() { _ = s.http.Serve(l) }() // ends with close
	return s, nil
}

func (f *fakes) close() {
	f.provider.Close()
	f.claude.Close()
	f.cloud.Close()
	for _, s := range []server{f.openai, f.anthropic, f.bedrock, f.control} {
		if s.http != nil {
			_ = s.http.Close()
		}
	}
}

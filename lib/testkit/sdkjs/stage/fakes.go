package main

import (
	"context"
	"net"
	"net/http"
	"strings"
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
	f.misbehave()
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

// Both providers divide these by 100.
const (
	lateHead  = 100 * time.Second // longer than head_wait
	slowPiece = 10 * time.Second
)

// misbehave adds models that do so in the ways that the tests ask for, to what
// the providers know anyhow.
func (f *fakes) misbehave() {
	const text = "The water stands at the mark."
	long := strings.Repeat(text+" ", 10)
	f.provider.Model("late", fakeprovider.Answer{Text: text, HeadDelay: lateHead})
	f.provider.Model("trickle", fakeprovider.Answer{Text: text, PieceDelay: slowPiece})
	// 4 KB are the role and some words.
	f.provider.Model("cut", fakeprovider.Answer{Text: long, Cut: &fakeprovider.Cut{After: 4 << 10, How: fakeprovider.CutAbort}})

	f.claude.Model("claude-late", fakeanthropic.Answer{Text: text, HeadDelay: lateHead})
	f.claude.Model("claude-trickle", fakeanthropic.Answer{Text: text, PieceDelay: slowPiece})
	f.claude.Model("claude-cut", fakeanthropic.Answer{Text: long, Cut: 2 << 10})
	f.claude.Model("claude-fails", fakeanthropic.Answer{Text: long, ErrorAfter: 3})
	f.claude.Model("claude-full", fakeanthropic.Answer{Error: fakeanthropic.ContextLength(210000, 200000)})
	f.claude.Model("claude-overloaded", fakeanthropic.Answer{Status: fakeanthropic.StatusOverloaded})
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

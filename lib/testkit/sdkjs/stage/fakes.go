package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	"weir/lib/testkit/fakeprovider"
)

// fakes are the providers behind the gateway, and the address at which tests
// ask what they were sent.
type fakes struct {
	provider        *fakeprovider.Provider
	openai, control server
}

// server is one listener on a free port of this machine.
type server struct {
	url  string // without a path
	http *http.Server
}

func startFakes(ctx context.Context) (*fakes, error) {
	f := &fakes{provider: fakeprovider.New(fakeprovider.Options{})}
	f.provider.Model("late", fakeprovider.Answer{Text: "The water stands at the mark.", HeadDelay: 100 * time.Second})
	f.provider.Model("trickle", fakeprovider.Answer{Text: "The water stands at the mark.", PieceDelay: 10 * time.Second})
	f.provider.Model("cut", fakeprovider.Answer{ // behind the role and some words
		Text: strings.Repeat("The water stands at the mark. ", 10),
		Cut:  &fakeprovider.Cut{After: 4 << 10, How: fakeprovider.CutAbort},
	})
	var err error
	if f.openai, err = serve(ctx, f.provider); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", f.requests)
	if f.control, err = serve(ctx, mux); err != nil {
		f.close()
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
	for _, s := range []server{f.openai, f.control} {
		if s.http != nil {
			_ = s.http.Close()
		}
	}
}

// request is what a provider was sent, as tests see it.
type request struct {
	Provider string          `json:"provider"`
	Path     string          `json:"path"`
	Status   int             `json:"status"`
	Body     json.RawMessage `json:"body"`
	Error    string          `json:"error,omitempty"` // why it was refused
	Ended    bool            `json:"ended"`
	Gone     bool            `json:"gone"` // the gateway hung up
}

// requests lists those whose body contains a text, oldest first.
func (f *fakes) requests(w http.ResponseWriter, r *http.Request) {
	contains := r.URL.Query().Get("contains")
	all := []request{}
	for _, q := range f.provider.Requests() {
		if !strings.Contains(string(q.Body), contains) || !json.Valid(q.Body) {
			continue
		}
		one := request{Provider: "openai", Path: q.Path, Status: q.Status, Body: q.Body, Ended: !q.Ended.IsZero(), Gone: !q.Gone.IsZero()}
		if q.Error != nil {
			one.Error = q.Error.Message
		}
		all = append(all, one)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all) // the tester went
}

package bedrock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"weir/lib/fault"
	"weir/lib/provider/upstream/bedrock"
)

// slowLoad is a configuration that takes until release is closed, or its
// context ends, in one region, and no time in others.
type slowLoad struct {
	region  string
	asked   chan struct{} // a value each time the slow region is loaded
	release chan struct{}

	mu    sync.Mutex
	loads map[string]int
}

func (s *slowLoad) load(ctx context.Context, opts ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := bedrock.Static(accessKey, secretKey)(ctx, opts...)
	if err != nil {
		return cfg, err
	}
	s.mu.Lock()
	s.loads[cfg.Region]++
	s.mu.Unlock()
	if cfg.Region != s.region {
		return cfg, nil
	}
	s.asked <- struct{}{}
	select {
	case <-s.release:
		return cfg, nil
	case <-ctx.Done():
		return aws.Config{}, ctx.Err()
	}
}

// A configuration that is slow to load, as where the instance's own service
// does not answer, holds up none but those who need it, each as long as its own
// time allows; and it is loaded once for all of them.
func TestASlowConfigurationHoldsUpNobodyElse(t *testing.T) {
	_, base := fake(t)
	s := &slowLoad{region: "eu-slow-1", asked: make(chan struct{}, 9), release: make(chan struct{}), loads: map[string]int{}}
	tr := bedrock.New(s.load, func(string) (string, bool) { return "", false }, "weir/test")
	t.Cleanup(tr.Close)
	send := func(ctx context.Context, region string) <-chan error {
		done := make(chan error, 1)
		go func() {
			to := target(base, model)
			to.Endpoint.Region = region
			reply, err := tr.Send(ctx, to, outbound(bedrock.PathConverse, question), false)
			if err == nil {
				err = reply.Body.Close()
			}
			done <- err
		}()
		return done
	}
	soon := func(what string, done <-chan error) error {
		t.Helper()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			t.Fatalf("%s waits for another's configuration", what)
			return nil
		}
	}
	late := fault.Wrap(fault.TargetTimeout, "test", errors.New("too late"))

	leader, stop := context.WithCancelCause(t.Context())
	first := send(leader, s.region)
	<-s.asked
	second := send(t.Context(), s.region)
	if err := soon("another region", send(t.Context(), "us-east-1")); err != nil {
		t.Errorf("another region: %v", err)
	}
	hasty, cancel := context.WithCancelCause(t.Context())
	third := send(hasty, s.region)
	cancel(late)
	if err := soon("a call that is over", third); fault.KindOf(err) != fault.TargetTimeout {
		t.Errorf("a call whose time is up: %v", err)
	}
	stop(late) // who loads for all gives up, and the next one takes over
	if err := soon("the first call", first); fault.KindOf(err) != fault.TargetTimeout {
		t.Errorf("the first call, whose time is up: %v", err)
	}
	<-s.asked
	close(s.release)
	for _, done := range []<-chan error{second, send(t.Context(), s.region)} {
		if err := soon("a call", done); err != nil {
			t.Errorf("after the configuration came: %v", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loads[s.region] != 2 || s.loads["us-east-1"] != 1 {
		t.Errorf("loaded %v, want twice (the first gave up) and once", s.loads)
	}
}

// A configuration that cannot be read is asked for again by the next call.
func TestAFailedConfigurationIsLoadedAgain(t *testing.T) {
	_, base := fake(t)
	loads := 0
	tr := bedrock.New(func(ctx context.Context, opts ...func(*config.LoadOptions) error) (aws.Config, error) {
		if loads++; loads == 1 {
			return aws.Config{}, errors.New("http://169.254.169.254/latest: no answer")
		}
		return bedrock.Static(accessKey, secretKey)(ctx, opts...)
	}, func(string) (string, bool) { return "", false }, "weir/test")
	t.Cleanup(tr.Close)
	for i, want := range []bool{false, true, true} {
		reply, err := tr.Send(t.Context(), target(base, model), outbound(bedrock.PathConverse, question), false)
		if (err == nil) != want || err != nil && fault.KindOf(err) != fault.TargetRefused {
			t.Errorf("call %d: %v", i, err)
		}
		if err == nil {
			reply.Body.Close()
		}
	}
	if loads != 2 {
		t.Errorf("loaded %d times, want 2", loads)
	}
}

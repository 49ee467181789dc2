package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/lib/accounting/price"
	"weir/lib/catalog"
	"weir/lib/llm"
	"weir/lib/provider"
)

// Gateway is what Serve is to run.
type Gateway struct {
	Snapshot *catalog.Snapshot
	Store    StoreRef
	Listen   string // host:port
	Version  string
	Log      *slog.Logger
	// Ready is called once, when calls are answered.
	Ready func(Endpoint) error
}

// Endpoint is where a running gateway is found.
type Endpoint struct {
	URL string
	// Key is the development key; empty where there is none, and then NoKey
	// says why.
	Key, KeyFile string
	NoKey        string
}

const (
	defaultListen = "127.0.0.1:8080"
	envListen     = "WEIR_LISTEN"
	envLog        = "WEIR_LOG"
)

func (p *Program) local() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the whole gateway on this machine",
		Long: `Run the whole gateway in one process on this machine, with a store in a folder.

Without a configuration it serves the built-in echo provider, and every provider
whose environment variable is set (OPENAI_API_KEY and the like) as name/*.

While it listens on a loopback address it keeps a development key in the file
dev-key of the store's folder. Other commands work on the same folder meanwhile.
Ctrl-C lets calls under way finish for 30 seconds.`,
		Example: `  weir local
  weir local --config gateway.yaml --listen 127.0.0.1:9000
  weir local --store embedded:/var/lib/weir`,
		Args: noArgs,
	}
	listen := defaultListen
	if v, ok := p.LookupEnv(envListen); ok && v != "" {
		listen = v
	}
	address := cmd.Flags().String("listen", listen, "`HOST:PORT` to listen on; port 0 takes any free one; "+envListen+" changes the default")
	config := p.configFlag(cmd)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		log, err := p.logger()
		if err != nil {
			return usageError{err}
		}
		ref, err := store()
		if err != nil {
			return err
		}
		if _, _, err := net.SplitHostPort(*address); err != nil {
			return usageError{fmt.Errorf("--listen %q is no address: write HOST:PORT, such as 127.0.0.1:8080", *address)}
		}
		snap, err := p.usableConfig(ctx, config)
		if err != nil {
			return err
		}
		return p.Serve(ctx, Gateway{
			Snapshot: snap, Store: ref, Listen: *address, Version: p.Version.Version, Log: log,
			Ready: func(e Endpoint) error { return welcome(p.Stdout, p.Version, snap, e, p.Now()) },
		})
	})
	return cmd
}

// logger writes text to a terminal and JSON lines to anything else.
func (p *Program) logger() (*slog.Logger, error) {
	level := slog.LevelInfo
	if v, ok := p.LookupEnv(envLog); ok && v != "" {
		levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
		if level, ok = levels[v]; !ok {
			return nil, fmt.Errorf("%s=%q is not known: set it to debug, info, warn or error", envLog, v)
		}
	}
	opts := &slog.HandlerOptions{Level: level}
	if _, is := terminal(p.Stderr); is {
		return slog.New(slog.NewTextHandler(p.Stderr, opts)), nil
	}
	return slog.New(slog.NewJSONHandler(p.Stderr, opts)), nil
}

// maxNames is how many models the welcome lists.
const maxNames = 8

// welcome tells where the gateway is and how to make the first call.
func welcome(w io.Writer, v Version, snap *catalog.Snapshot, e Endpoint, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "weir %s is ready at %s\n\n", v.Version, e.URL)
	b.WriteString("  models  " + modelNames(snap) + "\n")
	if e.Key == "" {
		b.WriteString("  key     " + e.NoKey + "\n")
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "  key     %s\n          (for development; kept in %s)\n", e.Key, e.KeyFile)
	b.WriteString("\nTry it:\n\n" + firstCall(snap, e, now))
	_, err := io.WriteString(w, b.String())
	return err
}

// firstCall is a command that works when it is pasted.
func firstCall(snap *catalog.Snapshot, e Endpoint, now time.Time) string {
	model, ok := exampleModel(snap, now)
	if !ok {
		return fmt.Sprintf("  curl %s/v1/models -H \"Authorization: Bearer %s\"\n", e.URL, e.Key)
	}
	return fmt.Sprintf(`  curl %s/v1/chat/completions \
    -H "Authorization: Bearer %s" \
    -H "Content-Type: application/json" \
    -d '{"model": %s, "messages": [{"role": "user", "content": "Hello, Weir!"}]}'
`, e.URL, e.Key, shellJSON(model))
}

// modelNames lists what can be called, and counts the rest.
func modelNames(snap *catalog.Snapshot) string {
	var names []string
	down := 0
	for _, r := range snap.Routes {
		if available(r) {
			names = append(names, printable(r.Name))
		} else {
			down++
		}
	}
	text := "none"
	if len(names) > 0 {
		text = strings.Join(names[:min(len(names), maxNames)], ", ")
	}
	if more := len(names) - maxNames; more > 0 {
		text += fmt.Sprintf(" and %d more (weir models)", more)
	}
	if down > 0 {
		text += fmt.Sprintf("; %d not available (weir models says why)", down)
	}
	return text
}

func available(r catalog.Route) bool {
	for _, t := range r.Targets {
		if t.Endpoint.Unavailable == "" {
			return true
		}
	}
	return false
}

// exampleModel is a model for the first call: echo's where there is one, since
// it costs nothing, else the first named one that can chat. ok is false where
// all names are wildcards, since nobody here knows what stands behind them.
func exampleModel(snap *catalog.Snapshot, now time.Time) (name string, ok bool) {
	for _, r := range snap.Routes {
		for _, t := range r.Targets {
			if !chats(snap, t, now) {
				continue
			}
			prefix, wildcard := strings.CutSuffix(r.Name, "*")
			if t.Endpoint.Row.Transport == "echo" {
				if wildcard {
					return prefix + "hello", true
				}
				return r.Name, true
			}
			if !ok && !wildcard {
				name, ok = r.Name, true
			}
		}
	}
	return name, ok
}

// chats reports whether t can be called and answers messages. An embedding
// model is known by its price, which has no output.
func chats(snap *catalog.Snapshot, t provider.Target, now time.Time) bool {
	if _, offered := t.Offer(llm.OpChat, ""); !offered || t.Endpoint.Unavailable != "" {
		return false
	}
	p, priced := snap.Prices.Find(price.Query{
		Target: t.String(), Vendor: t.PriceVendor(), Model: t.Model, Region: t.Endpoint.Region, At: now,
	})
	return !priced || p.Covers(llm.OpChat)
}

// shellJSON is s as a JSON string inside single quotes of a shell.
func shellJSON(s string) string {
	return strings.ReplaceAll(strconv.Quote(s), "'", `'\''`)
}

package cli

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// Store is what commands read and write. Close ends it.
type Store struct {
	Keys    Keys
	Calls   Calls
	Costs   Costs
	Letters Letters
	Close   func() error
}

// StoreRef names a store, as --store does. One of its fields is set.
type StoreRef struct {
	Dir    string // of the embedded store
	Prefix string // of the tables' names in DynamoDB
}

// Where the store is when nobody says.
const (
	defaultStore  = "embedded:.weir"
	defaultPrefix = "weir"
	envStore      = "WEIR_STORE"
)

// prefixRule keeps table names within what DynamoDB allows: 3 to 255 of these
// characters (docs.aws.amazon.com, "Supported data types and naming rules",
// read 2026-11); the gateway puts "-ledger" and the like behind it.
var prefixRule = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,200}$`)

// ParseStoreRef reads embedded:DIR or dynamodb[:PREFIX].
func ParseStoreRef(s string) (StoreRef, error) {
	scheme, rest, colon := strings.Cut(s, ":")
	switch {
	case scheme == "embedded" && rest != "":
		return StoreRef{Dir: rest}, nil
	case scheme == "dynamodb" && !colon:
		return StoreRef{Prefix: defaultPrefix}, nil
	case scheme == "dynamodb" && prefixRule.MatchString(rest):
		return StoreRef{Prefix: rest}, nil
	case scheme == "dynamodb":
		return StoreRef{}, fmt.Errorf("store %q: a prefix has 1 to 200 of the characters A-Z a-z 0-9 _ . -", s)
	}
	return StoreRef{}, fmt.Errorf("store %q: write embedded:DIR or dynamodb[:PREFIX]", s)
}

// String is the form that --store takes.
func (r StoreRef) String() string {
	if r.Dir != "" {
		return "embedded:" + r.Dir
	}
	return "dynamodb:" + r.Prefix
}

// storeFlag adds --store to a command and returns what it says when the
// command runs.
func (p *Program) storeFlag(cmd *cobra.Command) func() (StoreRef, error) {
	value, source := defaultStore, "--store"
	if v, ok := p.LookupEnv(envStore); ok && v != "" {
		value, source = v, envStore
	}
	flag := cmd.Flags().String("store", value, "where the data is: `embedded:DIR` or dynamodb[:PREFIX]; "+envStore+" changes the default")
	return func() (StoreRef, error) {
		if cmd.Flags().Changed("store") {
			source = "--store"
		}
		ref, err := ParseStoreRef(*flag)
		if err != nil {
			return ref, usageError{fmt.Errorf("%s: %w", source, err)}
		}
		return ref, nil
	}
}

// withStore opens the store that ref names, runs do and closes it.
func (p *Program) withStore(ctx context.Context, store func() (StoreRef, error), create bool, do func(*Store) error) (err error) {
	ref, err := store()
	if err != nil {
		return err
	}
	s, err := p.OpenStore(ctx, ref, create)
	if err != nil {
		return err
	}
	defer func() {
		if closing := s.Close(); err == nil {
			err = closing
		}
	}()
	return do(s)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"weir/lib/accounting/price"
	"weir/lib/catalog"
	"weir/lib/provider/credential"
)

const envConfig = "WEIR_CONFIG"

// configFlag adds --config to a command and returns the file it names when the
// command runs: that of the flag, of the environment, or gateway.yaml where
// there is one. Empty means that there is none.
func (p *Program) configFlag(cmd *cobra.Command) func() (string, error) {
	value, _ := p.LookupEnv(envConfig)
	flag := cmd.Flags().String("config", value, "configuration `FILE`; "+envConfig+" changes the default, which is "+catalog.FileName+" where there is one")
	return func() (string, error) {
		if *flag != "" {
			return *flag, nil
		}
		_, err := os.Stat(catalog.FileName)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return catalog.FileName, err
	}
}

// readConfig reads the configuration in file, or the built-in one where file
// is empty.
func (p *Program) readConfig(ctx context.Context, file string) (*catalog.Snapshot, catalog.Problems, error) {
	book, err := price.Load()
	if err != nil {
		return nil, nil, err
	}
	opts := catalog.Options{
		Prices:      func(o []price.Override) price.Pricer { return book.With(o) },
		Now:         p.Now(),
		Credentials: credential.Env(p.LookupEnv),
		Region:      p.region(),
	}
	if file == "" {
		snap, problems := catalog.Default(ctx, opts)
		return snap, problems, nil
	}
	data, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("there is no file %s: name one with --config, or leave it out to use the built-in configuration", file)
		}
		return nil, nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	snap, problems := catalog.Parse(ctx, file, data, opts)
	return snap, problems, nil
}

// region is the AWS region of the environment, by the names the SDKs read.
func (p *Program) region() string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if v, ok := p.LookupEnv(name); ok && v != "" {
			return v
		}
	}
	return ""
}

// usableConfig reads the configuration of a command that needs one. Problems
// are told on stderr; where one of them is an error, so is the result.
func (p *Program) usableConfig(ctx context.Context, config func() (string, error)) (*catalog.Snapshot, error) {
	file, err := config()
	if err != nil {
		return nil, err
	}
	snap, problems, err := p.readConfig(ctx, file)
	if err != nil {
		return nil, err
	}
	for _, problem := range problems {
		p.say("%v", problem)
	}
	if problems.Err() != nil {
		p.say("weir: the configuration cannot be used: mend it, and check it with weir validate --config %s", file)
		return nil, silentError{}
	}
	return snap, nil
}

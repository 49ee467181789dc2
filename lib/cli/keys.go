package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/lib/admission/keys"
	"weir/lib/fault"
)

// Keys are the virtual keys, as commands use them; *keys.Store implements it.
type Keys interface {
	Create(ctx context.Context, spec keys.Spec) (keys.Record, keys.Secret, error)
	List(ctx context.Context) ([]keys.Record, error)
	Revoke(ctx context.Context, id string) error
}

func (p *Program) keys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Create, list and revoke virtual keys",
		Long: `Create, list and revoke virtual keys: the credentials with which applications
call the gateway. Only a hash of a key is stored.`,
		Example: `  weir keys create --team search --app web
  weir keys list
  weir keys revoke 4fQ2kXn8TbLw`,
		Args: noArgs,
		RunE: help,
	}
	cmd.AddCommand(p.keysCreate(), p.keysList(), p.keysRevoke())
	return cmd
}

func (p *Program) keysCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create --team TEAM --app APP",
		Short: "Create a key and show it once",
		Long: `Create a virtual key and show it. It is shown only this once, on stdout; what it
is for goes to stderr.

With --principal the record has no secret: callers are known by their IAM
identity, on the gateway's IAM address.`,
		Example: `  weir keys create --team search --app web
  weir keys create --team search --app ci --models 'gpt-4o-mini,claude-*' --expires 90d
  KEY=$(weir keys create --team search --app web)
  weir keys create --team data --app etl --principal 'arn:aws:sts::123456789012:assumed-role/etl/*'`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	team := flags.String("team", "", "team that pays for the calls (required)")
	app := flags.String("app", "", "application that makes the calls (required)")
	models := flags.StringSlice("models", nil, "`PATTERNS` of models it may use, such as gpt-4o-mini,claude-* (default all)")
	expires := flags.String("expires", "", "`SPAN` after which it ends, such as 90d (default never)")
	name := flags.String("name", "", "what the key is for, in your own words")
	principal := flags.String("principal", "", "IAM `PATTERN` that the callers' ARN matches, instead of a secret")
	format := formatFlag(cmd, formatTable, formatJSON)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		spec := keys.Spec{Team: *team, App: *app, Models: *models, Name: *name, Principal: *principal}
		if *team == "" || *app == "" {
			return usageError{errors.New("a key needs --team and --app: they are how its calls are accounted for")}
		}
		if *expires != "" {
			span, err := parseDuration(*expires)
			if err != nil {
				return usageError{fmt.Errorf("--expires: %w", err)}
			}
			spec.Expires = p.Now().Add(span)
		}
		return p.withStore(ctx, store, true, func(s *Store) error {
			rec, secret, err := s.Keys.Create(ctx, spec)
			if err != nil {
				return explain(err)
			}
			return p.showNewKey(as, rec, secret)
		})
	})
	return cmd
}

func (p *Program) showNewKey(format string, r keys.Record, secret keys.Secret) error {
	if format == formatJSON {
		return writeJSON(p.Stdout, struct {
			keyJSON

			Key string `json:"key,omitempty"`
		}{keyView(r, p.Now()), secret.Reveal()})
	}
	if r.Principal != "" {
		_, err := fmt.Fprintln(p.Stdout, r.ID)
		p.say("Callers that match %s are team %s, app %s. There is no secret to keep.", printable(r.Principal), r.Team, r.App)
		return err
	}
	_, err := fmt.Fprintln(p.Stdout, secret.Reveal())
	p.say("Key %s for team %s, app %s. It is shown only now: keep it in a safe place.", r.ID, r.Team, r.App)
	return err
}

func (p *Program) keysList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List keys, without their secrets",
		Example: `  weir keys list
  weir keys list --format json`,
		Args: noArgs,
	}
	format := formatFlag(cmd, formatTable, formatJSON, formatCSV)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		return p.withStore(ctx, store, false, func(s *Store) error {
			defer p.slow("reading keys")()
			list, err := s.Keys.List(ctx)
			if err != nil {
				return explain(err)
			}
			return p.showKeys(as, list)
		})
	})
	return cmd
}

func (p *Program) showKeys(format string, list []keys.Record) error {
	now := p.Now()
	switch format {
	case formatJSON:
		views := make([]keyJSON, 0, len(list))
		for _, r := range list {
			views = append(views, keyView(r, now))
		}
		return writeJSON(p.Stdout, views)
	case formatCSV:
		rows := make([][]string, 0, len(list))
		for _, r := range list {
			v := keyView(r, now)
			rows = append(rows, []string{v.ID, v.Team, v.App, v.Name, strings.Join(v.Models, " "), v.Principal, v.State, text(v.CreatedAt), text(v.ExpiresAt), text(v.RevokedAt)})
		}
		return writeCSV(p.Stdout, keysHeader, rows)
	}
	if len(list) == 0 {
		p.say("There are no keys. Make one: weir keys create --team TEAM --app APP")
		return nil
	}
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		rows = append(rows, keyLine(r, now))
	}
	return p.table(keysColumns, rows)
}

var (
	keysColumns = []column{
		{head: "ID"},
		{head: "TEAM"},
		{head: "APP"},
		{head: "STATE"},
		{head: "MODELS", spare: true},
		{head: "NAME", spare: true},
		{head: "EXPIRES", spare: true},
		{head: "PRINCIPAL", spare: true},
	}
	keysHeader = []string{"id", "team", "app", "name", "models", "principal", "state", "created_at", "expires_at", "revoked_at"}
)

func keyLine(r keys.Record, now time.Time) []string {
	models, expires := "all", "never"
	if len(r.Models) > 0 {
		models = strings.Join(r.Models, ",")
	}
	if !r.Expires.IsZero() {
		expires = r.Expires.UTC().Format("2006-01-02 15:04")
	}
	return []string{r.ID, r.Team, r.App, keyState(r, now), models, r.Name, expires, r.Principal}
}

// keyJSON is a key as scripts read it. Times are RFC 3339 in UTC.
type keyJSON struct {
	ID        string   `json:"id"`
	Team      string   `json:"team"`
	App       string   `json:"app"`
	Name      string   `json:"name"`
	Models    []string `json:"models"` // empty: all
	Principal string   `json:"principal"`
	State     string   `json:"state"` // active, expired, revoked
	CreatedAt *string  `json:"created_at"`
	ExpiresAt *string  `json:"expires_at"` // null: never
	RevokedAt *string  `json:"revoked_at"` // null: not revoked
}

func keyView(r keys.Record, now time.Time) keyJSON {
	models := r.Models
	if models == nil {
		models = []string{}
	}
	return keyJSON{
		ID: r.ID, Team: r.Team, App: r.App, Name: r.Name, Models: models, Principal: r.Principal,
		State: keyState(r, now), CreatedAt: moment(r.Created), ExpiresAt: moment(r.Expires), RevokedAt: moment(r.Revoked),
	}
}

func keyState(r keys.Record, now time.Time) string {
	switch {
	case !r.Revoked.IsZero():
		return "revoked"
	case !r.Expires.IsZero() && !now.Before(r.Expires):
		return "expired"
	}
	return "active"
}

// moment is t as scripts read it, nil for the zero time.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (p *Program) keysRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a key",
		Long: `End a key. Running gateways notice within settings.key_cache (10 seconds unless
the configuration says otherwise). Its calls stay in the ledger.`,
		Example: `  weir keys revoke 4fQ2kXn8TbLw`,
		Args:    oneArg("key id"),
	}
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, args []string) error {
		return p.withStore(ctx, store, false, func(s *Store) error {
			err := s.Keys.Revoke(ctx, args[0])
			switch {
			case fault.KindOf(err) == fault.NotFound:
				return fmt.Errorf("there is no key with the id %s: weir keys list shows those there are", args[0])
			case err != nil:
				return explain(err)
			}
			p.say("Key %s is revoked. Running gateways notice within settings.key_cache.", args[0])
			return nil
		})
	})
	return cmd
}

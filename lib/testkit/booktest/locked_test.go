package booktest

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // another program on the file

	"weir/lib/accounting/ledger"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/testkit/fakeprovider"
)

// apart keeps the ledger in a file of its own.
type apart struct {
	table.Table

	ledger table.Table
}

func (a apart) of(name string) table.Table {
	if name == layout.Ledger {
		return a.ledger
	}
	return a.Table
}

func (a apart) Get(ctx context.Context, name string, k table.Key, fresh bool) (table.Item, error) {
	return a.of(name).Get(ctx, name, k, fresh)
}

func (a apart) Do(ctx context.Context, w table.Write) error { return a.of(w.Table).Do(ctx, w) }

func (a apart) Query(ctx context.Context, q table.Query) (table.Page, error) {
	return a.of(q.Table).Query(ctx, q)
}

// lock takes the write lock of the store in dir, as another program would, and
// returns what gives it back.
func lock(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "COMMIT"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Another program keeps the file of the store locked. For a while, that is a
// delay; for longer than calls wait, a 503; at the end of a call, neither.
func TestAnotherProgramLocksTheStore(t *testing.T) {
	for mode, stream := range modes {
		run := func(name string, act func(t *testing.T, s *scene, dir string)) {
			t.Run(name+"/"+mode, func(t *testing.T) {
				dir := t.TempDir()
				with := setting{table: func(t *testing.T, inner table.Table) table.Table {
					return apart{inner, tabletest.OpenSQLite(t, dir, layout.All())}
				}}
				play(t, with, func(t *testing.T, s *scene) { act(t, s, dir) })
			})
		}
		run("3 seconds", func(t *testing.T, s *scene, dir string) {
			unlock := lock(t, dir)
			began := time.Now()
			time.AfterFunc(3*time.Second, unlock)
			a := s.Must(chat, ask("gpt-4o-mini", stream))
			if took := time.Since(began); a.Status != 200 || took < 3*time.Second || took > 4*time.Second {
				t.Errorf("status %d after %v: %s", a.Status, took, a.Body)
			}
			wantRow(t, s.only(), "ok", ledger.UsageProvider)
		})
		run("too long", func(t *testing.T, s *scene, dir string) {
			unlock := lock(t, dir)
			began := time.Now()
			s.wantError(s.Must(chat, ask("gpt-4o-mini", stream)), 503, "store_unavailable")
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("the error came after %v", took)
			}
			unlock()
			if n := len(s.p.Requests()); n != 0 {
				t.Errorf("the provider got %d requests without a row", n)
			}
			s.closed(0)
		})
		run("at the end", func(t *testing.T, s *scene, dir string) {
			s.p.Model("later", fakeprovider.Answer{HeadDelay: 10 * time.Second})
			began := time.Now()
			time.AfterFunc(5*time.Second, func() { time.AfterFunc(11*time.Second, lock(t, dir)) })
			if a := s.Must(chat, ask("later", stream)); a.Status != 200 || stream && !whole(a.Body) {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
			s.Settled()
			row := s.only()
			wantRow(t, row, "ok", ledger.UsageProvider)
			wantUsage(t, row, last(t, s))
			if settled := time.Since(began); settled < 16*time.Second || settled > 18*time.Second {
				t.Errorf("settled after %v, want soon after the file was unlocked at 16s", settled)
			}
		})
	}
}

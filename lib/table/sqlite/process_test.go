package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
	"weir/lib/table/tabletest"
)

const (
	childDir  = "WEIR_TEST_SQLITE_DIR"
	childTask = "WEIR_TEST_SQLITE_TASK"
)

// child is a second process on the folder dir. It returns the exit status.
func child(dir, task string) int {
	db, err := sqlite.Open(dir, layout.All(), sqlite.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch name, arg, _ := strings.Cut(task, " "); name {
	case "endless":
		err = writeEndless(db)
	case "reserve":
		err = reserveMany(db, arg)
	default:
		err = fmt.Errorf("no task %q", task)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// writeEndless writes rows and booked pairs from several goroutines until it
// is killed, and prints each one that was acknowledged.
func writeEndless(db *sqlite.DB) error {
	ctx := context.Background()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				err := db.Transact(ctx, []table.Write{
					{Table: layout.Ledger, Key: table.Key{PK: id, SK: "call"}, Set: table.Item{"state": "open", "text": strings.Repeat("x", 500)}},
					{Kind: table.Update, Table: layout.Costs, Key: table.Key{PK: "sum", SK: "calls"}, Add: map[string]int64{"calls": 1}},
				})
				mu.Lock()
				if failed = errors.Join(failed, err); failed != nil {
					mu.Unlock()
					return
				}
				fmt.Println(id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failed
}

const (
	processes = 3
	attempts  = 200
	limit     = 300
)

// reserveMany asks for one of a limited number, many times, and prints how
// often it was given.
func reserveMany(db *sqlite.DB, name string) error {
	got := 0
	for i := range attempts {
		err := db.Do(context.Background(), table.Write{
			Kind: table.Update, Table: layout.State, Key: table.Key{PK: "scope", SK: "0"},
			If:  []table.Test{{Attr: "used", Op: table.Lt, Val: int64(limit), OrAbsent: true}},
			Add: map[string]int64{"used": 1},
		})
		switch {
		case err == nil:
			got++
		case !errors.Is(err, table.ErrCondition):
			return err
		}
		row := table.Key{PK: name + "-" + strconv.Itoa(i), SK: "call"}
		if err := db.Do(context.Background(), table.Write{Table: layout.Ledger, Key: row, Set: table.Item{"state": "open"}}); err != nil {
			return err
		}
	}
	fmt.Println(got)
	return nil
}

// start runs this test's program as another process.
func start(t *testing.T, dir, task string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childTask+"="+task)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged, fed := 0, int64(0)
	for round := range 3 {
		cmd, lines := start(t, dir, "endless")
		var ids []string
		for len(ids) < 300*(round+1) && lines.Scan() {
			ids = append(ids, lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil { // SIGKILL
			t.Fatal(err)
		}
		for lines.Scan() { // what was said before the end
			ids = append(ids, lines.Text())
		}
		_ = cmd.Wait() // killed
		acknowledged += len(ids)
		fed = checkSurvivors(t, dir, ids, acknowledged, fed)
	}
}

// checkSurvivors reads back what a killed process had acknowledged. It returns
// how many changes there were in all, fed of them in earlier rounds.
func checkSurvivors(t *testing.T, dir string, ids []string, total int, fed int64) int64 {
	t.Helper()
	db, err := sqlite.Open(dir, layout.All(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, id := range ids {
		it, err := db.Get(t.Context(), layout.Ledger, table.Key{PK: id, SK: "call"}, true)
		if err != nil || it == nil {
			t.Fatalf("row %s was acknowledged, now %v, %v", id, it, err)
		}
	}
	sum, err := db.Get(t.Context(), layout.Costs, table.Key{PK: "sum", SK: "calls"}, true)
	calls, _ := sum["calls"].(int64)
	if err != nil || calls < int64(total) {
		t.Errorf("%v, %v: want at least the %d calls that were acknowledged", sum, err, total)
	}
	// Each transaction made one row and one call: none is there by half.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = db.Feed(ctx, layout.Ledger, "check", func(_ context.Context, cs []table.Change) (int, error) {
		if fed += int64(len(cs)); fed >= calls {
			cancel()
		}
		return len(cs), nil
	})
	if !errors.Is(err, context.Canceled) || fed != calls {
		t.Errorf("%d rows in the feed for %d calls: %v", fed, calls, err)
	}
	return fed
}

func TestProcessesShareOneFile(t *testing.T) {
	dir := t.TempDir()
	db := tabletest.OpenSQLite(t, dir, layout.All())

	// This process feeds while the others write.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	fed := make(chan error, 1)
	go func() {
		fed <- db.Feed(ctx, layout.Ledger, "here", func(_ context.Context, cs []table.Change) (int, error) {
			if seen += len(cs); seen == processes*attempts {
				cancel()
			}
			return len(cs), nil
		})
	}()

	admitted := 0
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range processes {
		cmd, lines := start(t, dir, fmt.Sprint("reserve p", i))
		wg.Go(func() {
			for lines.Scan() {
				n, err := strconv.Atoi(lines.Text())
				if err != nil {
					t.Errorf("process %d says %q", i, lines.Text())
				}
				mu.Lock()
				admitted += n
				mu.Unlock()
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if admitted != limit {
		t.Errorf("%d processes were admitted %d times, want %d", processes, admitted, limit)
	}
	if err := <-fed; !errors.Is(err, context.Canceled) || seen != processes*attempts {
		t.Errorf("saw %d changes of other processes, want %d: %v", seen, processes*attempts, err)
	}
}

package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"weir/lib/table"
	"weir/lib/table/dynamo"
	"weir/lib/table/tabletest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// Idle connections to an emulator belong to the SDK's client.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// server answers as DynamoDB would; each test says how.
type server struct {
	t        *testing.T
	requests atomic.Int64
	last     atomic.Pointer[string] // body of the last request
	answer   func(w http.ResponseWriter, op string)
}

func serve(t *testing.T, answer func(w http.ResponseWriter, op string)) (*dynamo.DB, *server) {
	t.Helper()
	s := &server{t: t, answer: answer}
	srv := httptest.NewServer(s)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		srv.Close()
	})
	db, err := dynamo.New(dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(srv.URL), HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), "weir", []table.Schema{{Name: "items"}})
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	text := string(body)
	s.last.Store(&text)
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.answer(w, op)
}

// fail answers with one of DynamoDB's errors.
func fail(status int, code, message string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, code, message)
	}
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter, _ string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

var theKey = table.Key{PK: "p", SK: "s"}

func writeCalls(db *dynamo.DB) map[string]func(ctx context.Context) error {
	one := func(k table.Kind) table.Write {
		w := table.Write{Kind: k, Table: "items", Key: theKey}
		if k == table.Update {
			w.Add = map[string]int64{"n": 1}
		}
		return w
	}
	return map[string]func(ctx context.Context) error{
		"put":         func(ctx context.Context) error { return db.Do(ctx, one(table.Put)) },
		"update":      func(ctx context.Context) error { return db.Do(ctx, one(table.Update)) },
		"delete":      func(ctx context.Context) error { return db.Do(ctx, one(table.Delete)) },
		"update new":  func(ctx context.Context) error { _, err := db.DoNew(ctx, one(table.Update)); return err },
		"transaction": func(ctx context.Context) error { return db.Transact(ctx, []table.Write{one(table.Update)}) },
	}
}

func readCalls(db *dynamo.DB) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"get": func(ctx context.Context) error { _, err := db.Get(ctx, "items", theKey, true); return err },
		"query": func(ctx context.Context) error {
			_, err := db.Query(ctx, table.Query{Table: "items", PK: "p"})
			return err
		},
	}
}

func TestErrorsSayWhatHappened(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter, string)
		want   error
	}{
		{"throughput", fail(400, "ProvisionedThroughputExceededException", "slow down"), table.ErrThrottled},
		{"throttling", fail(400, "ThrottlingException", "slow down"), table.ErrThrottled},
		{"request limit", fail(400, "RequestLimitExceeded", "slow down"), table.ErrThrottled},
		{"conflict", fail(400, "TransactionConflictException", "busy"), table.ErrConflict},
		{"item too large", fail(400, "ValidationException", "Item size to update has exceeded the maximum allowed size"), table.ErrTooLarge},
		{"bad call", fail(400, "ValidationException", "Invalid UpdateExpression"), table.ErrInvalid},
		{"no table", fail(400, "ResourceNotFoundException", "Requested resource not found"), table.ErrInvalid},
		{"not allowed", fail(400, "AccessDeniedException", "no"), table.ErrInvalid},
		{"server error", fail(500, "InternalServerError", "oops"), table.ErrUnknown},
		{"unavailable", fail(503, "ServiceUnavailable", "oops"), table.ErrUnknown},
		{"gateway's own page", func(w http.ResponseWriter, _ string) { http.Error(w, "<html>", http.StatusBadGateway) }, table.ErrUnknown},
		{"connection lost", cut, table.ErrUnknown},
		{"answer cut", func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"Attributes":`)
		}, table.ErrUnknown},
		{"answer is not JSON", func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, "hello") }, table.ErrUnknown},
	} {
		db, s := serve(t, c.answer)
		for name, call := range writeCalls(db) {
			if errors.Is(c.want, table.ErrUnknown) && strings.HasPrefix(c.name, "answer") && (name == "put" || name == "delete") {
				continue // their answers hold nothing that is read
			}
			s.requests.Store(0)
			if err := call(t.Context()); !errors.Is(err, c.want) || tabletest.KindOf(err) != tabletest.KindOf(c.want) {
				t.Errorf("%s, %s: %v, want %v", c.name, name, err, c.want)
			}
			if got := s.requests.Load(); got != 1 {
				t.Errorf("%s, %s: sent %d times, want once: it may have happened", c.name, name, got)
			}
		}
	}
}

func TestReadsAreRepeated(t *testing.T) {
	for _, answer := range []func(http.ResponseWriter, string){
		fail(500, "InternalServerError", "oops"), fail(400, "ThrottlingException", "slow down"), cut,
	} {
		var failures atomic.Int64
		db, _ := serve(t, func(w http.ResponseWriter, op string) {
			if failures.Add(1)%3 != 0 {
				answer(w, op)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		})
		for name, call := range readCalls(db) {
			if err := call(t.Context()); err != nil {
				t.Errorf("%s: %v, want the third answer", name, err)
			}
		}
	}
}

func TestNobodyReachedMeansNothingHappened(t *testing.T) {
	client := &http.Client{Transport: &http.Transport{}}
	db, err := dynamo.New(dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), "weir", []table.Schema{{Name: "items"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range writeCalls(db) {
		if err := call(t.Context()); !errors.Is(err, table.ErrThrottled) {
			t.Errorf("%s: %v, want ErrThrottled", name, err)
		}
	}
}

func TestContextEndsUnderWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	db, _ := serve(t, func(http.ResponseWriter, string) {
		cancel()
		<-release
	})
	defer close(release)
	err := writeCalls(db)["update"](ctx)
	if !errors.Is(err, table.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v, want ErrUnknown and the context's error", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	err = readCalls(db)["get"](ctx)
	if errors.Is(err, table.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v, want the context's error alone", err)
	}
}

func TestCancelledTransactions(t *testing.T) {
	type reason map[string]any
	failed := func(n string) reason {
		return reason{"Code": "ConditionalCheckFailed", "Message": "no", "Item": map[string]any{
			"pk": map[string]string{"S": "p"}, "sk": map[string]string{"S": "s"}, "n": map[string]string{"N": n},
		}}
	}
	none := reason{"Code": "None"}
	const top = "9223372036854775807"
	for _, c := range []struct {
		name    string
		reasons []reason
		want    string
		refused []int
	}{
		{"two refused of three", []reason{none, failed("7"), failed("8")}, "condition", []int{1, 2}},
		{"conflict", []reason{none, {"Code": "TransactionConflict"}, none}, "conflict", nil},
		{"throttled", []reason{{"Code": "ThrottlingError"}, none, none}, "throttled", nil},
		{"throughput", []reason{{"Code": "ProvisionedThroughputExceeded"}, none, none}, "throttled", nil},
		{"conflict beside a refusal", []reason{{"Code": "TransactionConflict"}, failed("7"), none}, "condition", []int{1}},
		{"sum out of range", []reason{failed(top), none, none}, "overflow", nil},
		{"sum out of range beside a refusal", []reason{failed(top), failed("7"), none}, "overflow or condition", []int{1}},
		{"too large", []reason{none, {"Code": "ValidationError", "Message": "Item size to update has exceeded the maximum allowed size"}, none}, "too large", nil},
		{"reason of tomorrow", []reason{none, {"Code": "SomethingNew"}, none}, "conflict", nil},
		{"no reason", []reason{none, none, none}, "conflict", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, s := serve(t, func(w http.ResponseWriter, _ string) {
				body, err := json.Marshal(map[string]any{
					"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "cancelled",
					"CancellationReasons": c.reasons,
				})
				if err != nil {
					t.Error(err)
				}
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write(body)
			})
			err := db.Transact(t.Context(), sums())
			if s.requests.Load() != 1 {
				t.Errorf("sent %d times, want once", s.requests.Load())
			}
			var cond *table.ConditionError
			if errors.As(err, &cond) != (c.refused != nil) || !strings.Contains(c.want, tabletest.KindOf(err)) {
				t.Fatalf("%v, want %s", err, c.want)
			}
			if cond == nil {
				return
			}
			var refused []int
			for _, f := range cond.Failed {
				refused = append(refused, f.Index)
				if f.Old["n"] == nil {
					t.Errorf("write %d was refused without its item", f.Index)
				}
			}
			if diff := cmp.Diff(c.refused, refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
}

// sums are three writes that add below a limit of 5, the first without one.
func sums() []table.Write {
	ws := make([]table.Write, 3)
	for i := range ws {
		ws[i] = table.Write{
			Kind: table.Update, Table: "items", Key: table.Key{PK: "p", SK: fmt.Sprint(i)}, Add: map[string]int64{"n": 1},
			If: []table.Test{{Attr: "n", Op: table.Lt, Val: int64(5), OrAbsent: true}},
		}
	}
	ws[0].If = nil
	return ws
}

func TestItemsOfOtherPrograms(t *testing.T) {
	for text, want := range map[string]any{
		`{"N":"5"}`:                    int64(5),
		`{"N":"1E+3"}`:                 int64(1000),
		`{"N":"5.0"}`:                  int64(5),
		`{"N":"-9223372036854775808"}`: int64(-9223372036854775808),
		`{"N":"9223372036854775808"}`:  table.ErrInvalid,
		`{"N":"1E+125"}`:               table.ErrInvalid,
		`{"N":"0.5"}`:                  table.ErrInvalid,
		`{"M":{}}`:                     table.ErrInvalid,
		`{"L":[]}`:                     table.ErrInvalid,
		`{"NULL":true}`:                table.ErrInvalid,
		`{"SS":["a"]}`:                 table.ErrInvalid,
		`{"B":""}`:                     []byte{},
	} {
		db, _ := serve(t, func(w http.ResponseWriter, _ string) {
			_, _ = fmt.Fprintf(w, `{"Item":{"pk":{"S":"p"},"sk":{"S":"s"},"x":%s}}`, text)
		})
		it, err := db.Get(t.Context(), "items", theKey, true)
		if wantErr, ok := want.(error); ok {
			if !errors.Is(err, wantErr) || !strings.Contains(err.Error(), "p/s") || !strings.Contains(err.Error(), "attribute x") {
				t.Errorf("%s: %v, want %v that names item and attribute", text, err, wantErr)
			}
			continue
		}
		if diff := cmp.Diff(table.Item{"pk": "p", "sk": "s", "x": want}, it); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

// TestConditionsStaySmall keeps what a reserve sends: its own tests bound its
// sums already, so none is added.
func TestConditionsStaySmall(t *testing.T) {
	db, s := serve(t, func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, `{}`) })
	w := table.Write{
		Kind: table.Update, Table: "items", Key: theKey, Set: table.Item{"marker": int64(1)}, Add: map[string]int64{},
		If: []table.Test{{Attr: "marker", Op: table.Absent}},
	}
	for i := range 8 {
		name := fmt.Sprintf("rpm%d@1795514700", i)
		w.Add[name] = 1
		w.If = append(w.If, table.Test{Attr: name, Op: table.Le, Val: int64(1000 * i), OrAbsent: true})
	}
	if err := db.Do(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		ConditionExpression string
		ReturnValues        string
	}
	if err := json.Unmarshal([]byte(*s.last.Load()), &sent); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(sent.ConditionExpression, "<="); n != 8 || strings.Contains(sent.ConditionExpression, "BETWEEN") {
		t.Errorf("condition %q, want the write's own tests only", sent.ConditionExpression)
	}
	if sent.ReturnValues != "" && sent.ReturnValues != "NONE" {
		t.Errorf("Do asks for %s: large answers to writes are slow and may be cut", sent.ReturnValues)
	}
	if n := len(sent.ConditionExpression); n > 450 {
		t.Errorf("condition of %d bytes", n)
	}
}

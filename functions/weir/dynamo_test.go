package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"weir/lib/table/layout"
	"weir/lib/table/tabletest/awstest"
)

// Commands and gateway work on DynamoDB as on the embedded store.
func TestOnDynamoDB(t *testing.T) {
	t.Parallel()
	addr, ok := awstest.Endpoint()
	if !ok {
		t.Skip("make test-aws runs this: it needs a DynamoDB")
	}
	store := "dynamodb:" + awstest.Open(t, layout.All()).Prefix
	p := program{t: t, dir: t.TempDir(), env: []string{
		"AWS_ENDPOINT_URL=" + addr, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_EC2_METADATA_DISABLED=true", "WEIR_STORE=" + store,
	}}

	key, err := p.command("keys", "create", "--team", "search", "--app", "web").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd, url, dev := p.start()
	if url == "" || dev != "" {
		t.Fatalf("ready at %q with the development key %q, want an address and none", url, dev)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions",
		strings.NewReader(`{"model":"echo/hello","messages":[{"role":"user","content":"Hi"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %s, %v", resp.StatusCode, body, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}

	out, err := p.command("calls", "show", resp.Header.Get("X-Weir-Call-Id"), "--format", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var row struct{ State, Outcome, Team string }
	if err := json.Unmarshal(out, &row); err != nil {
		t.Fatal(err)
	}
	if row.State != "settled" || row.Outcome != "ok" || row.Team != "search" {
		t.Errorf("the row is %+v, want settled, ok, of team search", row)
	}
	if rows := p.rows("--since", "2h"); len(rows) != 1 {
		t.Errorf("%d rows are listed, want 1", len(rows))
	}
}

// A store that is not there is told with what to check.
func TestDynamoDBWithoutTables(t *testing.T) {
	t.Parallel()
	addr, ok := awstest.Endpoint()
	if !ok {
		t.Skip("make test-aws runs this: it needs a DynamoDB")
	}
	var stderr strings.Builder
	p := program{t: t, dir: t.TempDir(), env: []string{
		"AWS_ENDPOINT_URL=" + addr, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}}
	cmd := p.command("calls", "--store", "dynamodb:nowhere")
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil {
		t.Error("a store that is not there was read")
	}
	for _, want := range []string{"nowhere-state", "us-east-1", "AWS_ENDPOINT_URL"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the error does not say %q: %s", want, stderr.String())
		}
	}
}
